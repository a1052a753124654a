import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** A program of ours whose reader has gone before it says anything: what it says on stderr, and then its exit code. */
export const unread = async (program: string, args: readonly string[], environment: Record<string, string>) => {
  const script = '{ "$0" "$@"; echo "ended with $?" >&2; } | true'
  const env = { PATH: process.env['PATH'], ...environment }
  const { stderr } = await promisify(execFile)('sh', ['-c', script, process.execPath, program, ...args], { env })
  return stderr
}

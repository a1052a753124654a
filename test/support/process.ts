import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../../services/standalone/src/main.ts', import.meta.url))

export interface HouseProcess {
  readonly child: ChildProcess
  /** Of the front door; empty in a process that has none. */
  readonly url: string
  /** Of the admin listener. */
  readonly admin: string | undefined
  readonly output: () => string
  /** Resolves to the exit code, or to the signal's name. */
  readonly ended: Promise<number | string>
}

/** `npm start`'s process on a folder, once it says that it is ready; throws with its output if it ends before. `heard` is what it said so far. */
export const houseProcess = async (
  data: string,
  environment: Record<string, string> = {},
  heard: (output: string) => void = () => {},
): Promise<HouseProcess> => {
  const child = spawn(process.execPath, [main], {
    env: { PATH: process.env['PATH'], KEYLEDGER_DATA: data, KEYLEDGER_PORT: '0', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const ended = new Promise<number | string>((resolve) =>
    child.once('exit', (code, signal) => resolve(signal ?? code ?? 0)),
  )
  const url = await new Promise<string>((resolve, reject) => {
    const hear = (chunk: Buffer) => {
      output += String(chunk)
      heard(output)
      const ready = /^(?:\{.*"msg":")?keyledger ready (?:at ([^\s"]+)|as [^\s"]+)(?:"\})?$/m.exec(output)
      if (ready) resolve(ready[1] ?? '')
    }
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    void ended.then((code) => reject(new Error(`the house ended with ${code}:\n${output}`)))
  })
  const admin = /^ {2}admin +(\S+)|"admin":"([^"]+)"/m.exec(output)
  return { child, url, admin: admin?.[1] ?? admin?.[2], output: () => output, ended }
}

/** The credentials that the house wrote at its first start. */
export const credentialsIn = (data: string) => {
  const text = readFileSync(join(data, 'credentials'), 'utf8')
  const read = (name: string) => new RegExp(`^${name} = (\\S+)$`, 'm').exec(text)![1]!
  return { accessKeyId: read('aws_access_key_id'), secretAccessKey: read('aws_secret_access_key') }
}

import { spawn, spawnSync } from 'node:child_process'

/** The AWS CLI as Debian has it (`awscli`). */
const command = ['/usr/bin/aws', 'aws'].find((path) => spawnSync(path, ['--version']).status === 0)
if (!command && process.env['CI']) throw new Error('there is no AWS CLI: install awscli')
/** Why tests that need the AWS CLI are skipped; empty where it is there. */
export const noCli = command ? '' : ' (skipped: there is no AWS CLI here; install awscli)'

export interface Said {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** One command in a folder that is its home as well, with no settings but these. */
export const cli = (
  folder: string,
  environment: Readonly<Record<string, string>>,
  args: readonly string[],
): Promise<Said> =>
  new Promise((resolve) => {
    const child = spawn(command!, [...args, '--output', 'json'], {
      cwd: folder,
      env: {
        PATH: process.env['PATH'],
        HOME: folder,
        AWS_REGION: 'us-east-1',
        AWS_EC2_METADATA_DISABLED: 'true',
        AWS_PAGER: '',
        ...environment,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (chunk) => (stdout += String(chunk)))
    child.stderr.on('data', (chunk) => (stderr += String(chunk)))
    child.once('close', (code) => resolve({ code, stdout, stderr }))
  })

/** What a command that succeeded printed. */
export const answerOf = <T>({ code, stdout, stderr }: Said): T => {
  if (code !== 0) throw new Error(stderr)
  return (stdout === '' ? {} : JSON.parse(stdout)) as T
}

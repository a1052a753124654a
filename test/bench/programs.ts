import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const scripts = {
  'eventstore-double': '../support/eventstore-double/main.ts',
  house: '../../services/standalone/src/main.ts',
} as const

export interface Program extends AsyncDisposable {
  readonly url: string
  readonly child: ChildProcess
}

/** Starts one of the project's programs, unpinned, and waits until it says where it is (`... ready at URL`). */
export const program = async (
  name: keyof typeof scripts,
  environment: Readonly<Record<string, string>> = {},
  args: readonly string[] = [],
): Promise<Program> => {
  const script = fileURLToPath(new URL(scripts[name], import.meta.url))
  const child = spawn(process.execPath, [script, ...args], {
    env: { PATH: process.env['PATH'], ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const url = await new Promise<string>((resolve, reject) => {
    let text = ''
    child.stdout.on('data', (chunk: Buffer) => {
      text += String(chunk)
      const found = /ready at (\S+)$/m.exec(text)
      if (found) resolve(found[1]!)
    })
    child.once('exit', (code) => reject(new Error(`${name} ended with ${code}:\n${text}`)))
  })
  return {
    url,
    child,
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return
      const gone = once(child, 'exit')
      child.kill('SIGKILL')
      await gone
    },
  }
}

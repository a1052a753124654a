import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { KMSClient } from '@aws-sdk/client-kms'
import { afterAll } from 'vitest'
import type { HouseProcess } from './process.ts'

/** What tests of starts share: folders that go, starts that fail, clients of the houses that stand. */
export const main = fileURLToPath(new URL('../../services/standalone/src/main.ts', import.meta.url))

/** A path of this name in a fresh folder, gone after the file's last test. */
export const folders = () => {
  const root = mkdtempSync(join(tmpdir(), 'keyledger-start-'))
  afterAll(() => rmSync(root, { recursive: true, force: true }))
  return Object.assign((name: string) => join(mkdtempSync(join(root, 'case-')), name), { root })
}

export const stop = async ({ child, ended }: HouseProcess, signal: NodeJS.Signals = 'SIGINT') => {
  child.kill(signal)
  return ended
}

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A start that is to fail: what it said and how it ended. */
export const failed = (data: string, environment: Record<string, string> = {}): Promise<Ended> =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, [main], {
      env: { PATH: process.env['PATH'], KEYLEDGER_DATA: data, KEYLEDGER_PORT: '0', ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (chunk) => {
      stdout += String(chunk)
      // It was not to come so far.
      if (stdout.includes('keyledger ready at')) child.kill('SIGKILL')
    })
    child.stderr.on('data', (chunk) => (stderr += String(chunk)))
    child.once('close', (code) => resolve({ code, stdout, stderr }))
  })

export const connected = ({ url }: HouseProcess, credentials: { accessKeyId: string; secretAccessKey: string }) =>
  new KMSClient({ endpoint: url, region: 'us-east-1', credentials, maxAttempts: 1 })

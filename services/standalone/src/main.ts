import { randomUUID } from 'node:crypto'
import { createInterface } from 'node:readline/promises'
import { ConfigFault, config } from '@keyledger/command'
import { SealFault, VaultFault } from '@keyledger/crypto'
import { systemClock } from '@keyledger/messaging'
import { LedgerBehind } from '@keyledger/ledger'
import { BusyFault, MissingFault, house } from './house.ts'
import { greeting } from './greeting.ts'

/** `npm start`: the whole house in one process on embedded parts. Exit codes: 0 stopped, 1 failed, 2 a bad setting. */

// Whatever the house writes is for its owner alone.
process.umask(0o077)

const now = () => Date.now()

const askPassphrase = async (): Promise<string> => {
  if (!process.stdin.isTTY) throw new ConfigFault('KEYLEDGER_PASSPHRASE is not set and there is no terminal to ask at')
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return await terminal.question('Passphrase of the seal: ')
  } finally {
    terminal.close()
  }
}

const stopped = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stopped.abort())

const faults = [ConfigFault, SealFault, VaultFault, BusyFault, MissingFault, LedgerBehind]
const known = (error: unknown) => (faults.some((fault) => error instanceof fault) ? (error as Error) : undefined)

try {
  const settings = config(process.env)
  await using open = await house({
    ...settings,
    clock: systemClock(now),
    id: randomUUID,
    passphrase: async () => settings.passphrase ?? (await askPassphrase()),
    onFault: (fault) => console.error(`keyledger: ${fault instanceof Error ? fault.message : String(fault)}`),
  })
  console.log(greeting(settings, open))
  console.log(`keyledger ready at ${open.url}`)
  if (!stopped.signal.aborted) await new Promise((resolve) => stopped.signal.addEventListener('abort', resolve))
  console.log('keyledger is closing')
} catch (error) {
  // A setting, a seal, another house's vault, a folder in use: one line says it all. Anything else is ours and comes with its trace.
  console.error('keyledger:', known(error)?.message ?? error)
  process.exitCode = error instanceof ConfigFault ? 2 : 1
}

import { createInterface } from 'node:readline/promises'
import { parseArgs } from 'node:util'
import { ConfigFault, config } from '@keyledger/command'
import { SealFault, rootSeal, rotateSeal } from '@keyledger/crypto'
import { vaultFolder } from './options.ts'

/** `npm run seal`: changes what opens the root key. Works beside a running house: the root key itself stays as it is. */

const usage = `npm run seal -- rotate --to SEAL

Seals the root key anew: SEAL is file:PATH (made if absent) or passphrase. The seal that opens it now is KEYLEDGER_SEAL
(default: the key file beside the vault). Passphrases are asked for; without a terminal they come from
KEYLEDGER_PASSPHRASE (the one now) and KEYLEDGER_NEW_PASSPHRASE (the new one).
Afterwards start the house with KEYLEDGER_SEAL=SEAL. Customer data is not touched.`

const ask = async (question: string, given: string | undefined): Promise<string> => {
  if (given !== undefined) return given
  if (!process.stdin.isTTY) throw new ConfigFault(`no terminal to ask at: ${question}`)
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return await terminal.question(`${question}: `)
  } finally {
    terminal.close()
  }
}

// Whatever is written is for its owner alone.
process.umask(0o077)

try {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { to: { type: 'string' } } })
  if (positionals[0] !== 'rotate' || values.to === undefined) throw new ConfigFault(`\n${usage}`)
  const settings = config(process.env)
  const { seal, passphrase, newPassphrase } = settings
  const from = rootSeal(seal, { passphrase: () => ask('Passphrase of the seal now', passphrase) })
  const to = rootSeal(values.to, { passphrase: () => ask('Passphrase of the new seal', newPassphrase) })
  await rotateSeal(vaultFolder(settings), from, to)
  console.log(`the root key is sealed by ${values.to} now; start the house with KEYLEDGER_SEAL=${values.to}`)
} catch (error) {
  console.error('keyledger:', error instanceof ConfigFault || error instanceof SealFault ? error.message : error)
  process.exitCode = error instanceof ConfigFault || error instanceof TypeError ? 2 : 1
}

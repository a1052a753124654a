import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ConfigFault, config } from '@keyledger/command'
import { SealFault, identityOf, openRoot, rootSeal } from '@keyledger/crypto'
import { turn } from './lock.ts'
import { vaultFolder } from './options.ts'
import { passphraseOf } from './passphrase.ts'
import { foundingTurn } from './parts/safe.ts'
import { folder } from './place.ts'

/** `npm run identity`: who this house is among regions. Works beside a running house, and before its first start. */

const usage = `npm run identity [-- --make]

Prints the public key by which other regions know this one: their operators write it into KEYLEDGER_PEERS. It follows from the
root key and stays as long as that does. --make makes the root key where nothing of a house is yet, so that two new
regions can know each other before either starts.`

// Whatever is written is for its owner alone.
process.umask(0o077)

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { make: { type: 'boolean', default: false } },
  })
  if (positionals.length > 0) throw new ConfigFault(`\n${usage}`)
  const settings = config(process.env)
  const beside = vaultFolder(settings)
  const nothing = !existsSync(settings.vault) && !existsSync(join(settings.data, 'ledger.db'))
  if (values.make && nothing) await folder('KEYLEDGER_VAULT', beside)
  const seal = rootSeal(settings.seal, { passphrase: () => passphraseOf(settings.passphrase) })
  // A house that starts at this very moment may be making the root key too.
  using _turn = existsSync(beside) ? await turn(foundingTurn(settings), undefined) : undefined
  const root = await openRoot({ folder: beside, seal, firstStart: values.make && nothing })
  console.log(identityOf(root).identity)
} catch (error) {
  console.error('keyledger:', error instanceof ConfigFault || error instanceof SealFault ? error.message : error)
  process.exitCode = error instanceof ConfigFault || error instanceof TypeError ? 2 : 1
}

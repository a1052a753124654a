import { createInterface } from 'node:readline/promises'
import { ConfigFault } from '@keyledger/command'

/** The passphrase as it is given, or else asked for at the terminal. Throws {@link ConfigFault} where there is none. */
export const passphraseOf = async (given: string | undefined): Promise<string> => {
  if (given !== undefined) return given
  if (!process.stdin.isTTY) throw new ConfigFault('KEYLEDGER_PASSPHRASE is not set and there is no terminal to ask at')
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return await terminal.question('Passphrase of the seal: ')
  } finally {
    terminal.close()
  }
}

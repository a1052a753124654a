import { access, constants, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { ConfigFault } from '@keyledger/command'
import { lock } from './lock.ts'

/** What the operating system refuses is for the operator to put right: one line that names the setting. */
export const blaming = async <T>(setting: string, act: () => Promise<T>): Promise<T> => {
  try {
    return await act()
  } catch (error) {
    if (error instanceof Error && 'syscall' in error) throw new ConfigFault(`${setting}: ${error.message}`)
    throw error
  }
}

/** A folder of ours, made if absent, for its owner alone. */
export const folder = (setting: string, path: string): Promise<void> =>
  blaming(setting, async () => {
    await mkdir(path, { recursive: true, mode: 0o700 })
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK)
  })

/** The data folder, for this process alone until the lock is let go of. */
export const dataFolder = async (path: string): Promise<Disposable> => {
  await folder('KEYLEDGER_DATA', path)
  return lock(join(path, 'lock'), path)
}

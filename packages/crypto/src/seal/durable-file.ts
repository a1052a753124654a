import { open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Called after every step that a crash could be the last of; tests let it throw. */
export type Step = (done: string) => void

/**
 * Replaces a file whole, 0600: at any moment, and after any crash, the path holds all the old bytes or all the new.
 * A crash leaves at most a `.new` beside it, which the next write replaces.
 */
export const writeDurably = async (path: string, bytes: Uint8Array, step: Step = () => {}): Promise<void> => {
  const beside = `${path}.new`
  {
    await using file = await open(beside, 'w', 0o600)
    // An older `.new` keeps the mode it has.
    await file.chmod(0o600)
    await file.writeFile(bytes)
    step(`wrote ${beside}`)
    await file.sync()
    step(`synced ${beside}`)
  }
  await rename(beside, path)
  step(`renamed to ${path}`)
  // The new name itself is on the disk only when its folder is.
  await using folder = await open(dirname(path), 'r')
  await folder.sync()
  step(`synced the folder of ${path}`)
}

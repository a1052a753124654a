import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type EventLog, type Followed, type ReadModel, readModel, readModelPragmas } from '@keyledger/ledger'
import type { Clock } from '@keyledger/messaging'
import { AliasInventory, aliasPages } from './models/AliasInventory.ts'
import { GrantInventory, grantPages } from './models/GrantInventory.ts'
import { KeyInventory, keyPages } from './models/KeyInventory.ts'
import { keyLastUsage } from './models/KeyLastUsage.ts'

/** The table of read models that follow the changes. KeyLastUsage, which follows the trail, keeps its own time. */
export const models = [KeyInventory, AliasInventory, GrantInventory] as const satisfies readonly ReadModel[]

interface Options {
  readonly log: EventLog
  /** Where `projections.db` lies; it can be deleted at any time while nothing runs. */
  readonly folder: string
  readonly clock: Clock
  readonly onFault: (fault: unknown) => void
}

/** Opens the read models, brings them up to the log's present and keeps them there. */
export const projections = async ({ log, folder, clock, onFault }: Options) => {
  await using parts = new AsyncDisposableStack()
  const db = new DatabaseSync(join(folder, 'projections.db'))
  parts.defer(() => db.close())
  db.exec(readModelPragmas)
  const followed: Followed[] = []
  for (const model of models) followed.push(parts.use(await readModel({ log, db, model, clock, onFault })))
  const usage = parts.use(await keyLastUsage({ log, db, clock, onFault }))
  const open = parts.move()
  return {
    /** How far each has come. */
    followed: [...followed, usage] as readonly Followed[],
    lists: {
      keys: keyPages(db),
      ...aliasPages(db),
      ...grantPages(db),
      lastUsed: usage.lastUsed,
      lastUsage: usage.lastUsage,
    },
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  }
}

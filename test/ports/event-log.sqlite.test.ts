import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sqliteLog } from '@keyledger/ledger'
import { eventLog } from './event-log.ts'

eventLog('the event log in SQLite', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'keyledger-ledger-'))
  return {
    open: (onFault) => sqliteLog({ path: join(folder, 'ledger.db'), onFault }),
    bytes: async () =>
      Buffer.concat(await Promise.all((await readdir(folder)).map((file) => readFile(join(folder, file))))),
    remove: () => rm(folder, { recursive: true }),
  }
})

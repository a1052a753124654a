import { eventStoreLog } from '@keyledger/ledger'
import { eventStoreDouble } from '../support/eventstore-double/index.ts'
import { scavenge } from './event-log-deviations.ts'
import { eventLog } from './event-log.ts'

eventLog(
  'the event log in EventStoreDB, against the gRPC double',
  async () => {
    const double = await eventStoreDouble()
    return {
      open: (onFault) => eventStoreLog({ connection: double.url, staleness: 2000, onFault }),
      bytes: async () => Buffer.concat(double.store.log.map(({ data }) => Buffer.from(data))),
      remove: async () => double[Symbol.asyncDispose](),
    }
  },
  [scavenge],
)

import type { Lists } from '@keyledger/command'
import { projections } from '@keyledger/projections'
import { lags } from '../parts/lag.ts'
import type { Shared } from './shared.ts'

/** Milliseconds behind the ledger at which a read model is no longer fit to answer. */
const mostBehind = 5000

/**
 * The read models, in this process' own data folder. Whoever answers lists has them (the front door, the workers): a list
 * that another process would have to be asked for could not be answered without it.
 */
export const projectionsRole = async ({ settings, ground, ready, counts, watch, parts }: Shared): Promise<Lists> => {
  const { data, clock } = settings
  const { log } = ground
  const onFault = watch.faults('projections')
  const { lists, followed } = parts.use(await projections({ log, folder: data, clock, onFault }))
  const now = () => clock.now()
  counts?.follow(log, followed)
  ready.need('read models', async () => {
    const behind = (await lags(log, followed, now)).filter(({ seconds }) => seconds * 1000 > mostBehind)
    if (behind.length === 0) return undefined
    return behind.map(({ model, seconds }) => `${model} is ${Math.round(seconds)} s behind`).join(', ')
  })
  return lists
}

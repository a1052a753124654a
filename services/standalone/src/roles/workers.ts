import { redisJobs } from '@keyledger/messaging'
import { type Workers, type WorkersOptions, workers } from '@keyledger/workers'
import type { Settings } from '../options.ts'
import type { Inhabited } from '../parts/world.ts'
import type { Shared } from './shared.ts'

/** Where jobs are kept: in Redis where there is one, else in this process (which is what `workers` does by itself). */
const queueOf = ({ redis: url }: Settings, founding: string): Pick<WorkersOptions, 'jobs'> =>
  // One house, one queue: the workers of another that shares this Redis must never be handed its jobs.
  url === undefined ? {} : { jobs: (options) => redisJobs({ ...options, url, queue: founding }) }

/** What is due is done here. */
export const workersRole = async (
  { settings, ground, ready, counts, watch, parts }: Shared,
  { world }: Inhabited,
): Promise<Workers> => {
  const { log, founding } = ground
  const open = parts.use(
    await workers({
      ...world,
      link: world.regions.link,
      identityOf: world.regions.identity,
      log,
      folder: settings.data,
      clock: settings.clock,
      onFault: watch.faults('workers'),
      // What a job decides on is remembered from the ledger's feed, as at the front door.
      around: (job, run) =>
        watch.job(job, async () => {
          await log.fresh()
          await run()
        }),
      ...queueOf(settings, founding),
    }),
  )
  counts?.follow(log, [open.followed])
  counts?.queue(open.counts)
  ready.need('jobs', () => (open.ready() ? undefined : 'cannot be taken: Redis is away, or may throw jobs away'))
  return open
}

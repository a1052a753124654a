import type { RedisJobs } from './bullmq.ts'
import type { Jobs } from './index.ts'

/** {@link bullmqJobs}, loaded when it is wanted: a house without Redis need not carry its client's 40 MB. */
export const redisJobs = async (options: RedisJobs): Promise<Jobs> => {
  const { bullmqJobs } = await import('./bullmq.ts')
  return bullmqJobs(options)
}

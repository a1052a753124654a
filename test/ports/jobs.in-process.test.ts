import { inProcessJobs, systemClock } from '@keyledger/messaging'
import { jobsContract } from './jobs.ts'

jobsContract('jobs in the process', () =>
  Promise.resolve({
    open: (options) => Promise.resolve(inProcessJobs({ ...options, clock: systemClock(() => Date.now()) })),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }),
)

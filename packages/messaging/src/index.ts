export { type Clock, type TestClock, systemClock, testClock } from './clock.ts'
export type { Handlers, Job, Jobs, Parked } from './jobs/index.ts'
export { inProcessJobs } from './jobs/in-process.ts'

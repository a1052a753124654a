import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { keyOfStream, reactionsTo } from '@keyledger/keys'
import { type EventLog, type Recorded, readModel, readModelPragmas } from '@keyledger/ledger'
import { type Clock, type Handlers, type Job, type Jobs, inProcessJobs } from '@keyledger/messaging'
import { type Due, duePage, dueRows, dueWork } from './due-work.ts'
import { DeleteKey } from './jobs/DeleteKey.ts'
import { DestroyKey } from './jobs/DestroyKey.ts'
import { RotateKeyMaterial } from './jobs/RotateKeyMaterial.ts'
import { SweepOrphans, lastMade } from './jobs/SweepOrphans.ts'
import type { KeyJob, World } from './world.ts'

/** The table of jobs that events of a key ask for. */
export const keyJobs = { RotateKeyMaterial, DeleteKey, DestroyKey } as const satisfies Record<string, KeyJob>

interface Options extends Omit<World, 'now'> {
  readonly log: EventLog
  /** Where `workers.db` lies; it can be deleted at any time while nothing runs. */
  readonly folder: string
  readonly clock: Clock
  readonly onFault: (fault: unknown) => void
}

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
/** Only what is due this soon is held in memory; the rest waits in its table. */
const horizon = day

/** Follows the ledger, schedules what it asks for, does it when it is due. */
export const workers = async (
  options: Options,
): Promise<AsyncDisposable & Pick<Jobs, 'parked' | 'retry' | 'settled'>> => {
  const { log, folder, clock, onFault } = options
  const world: World = { ...options, now: () => clock.now() }
  await using parts = new AsyncDisposableStack()
  const db = new DatabaseSync(join(folder, 'workers.db'))
  parts.defer(() => db.close())
  db.exec(readModelPragmas)
  parts.use(await readModel({ log, db, model: dueWork, clock, onFault }))
  const rows = dueRows(db)
  // A sweep that has forgotten how far it came must not judge old material by what may be another ledger.
  if (rows.swept() === undefined) rows.setSwept(await lastMade(world))

  const ofKey = (run: KeyJob) => async (job: Job) => {
    const due = job.data as Due
    const place = keyOfStream(due.stream)
    if (!place) throw new Error(`${due.stream} is no key's stream`)
    await run(due.stream, place, world, job)
    rows.done(due)
  }
  const schedule = (due: Due) => {
    if (due.at <= clock.now() + horizon)
      jobs.schedule({ id: `${due.job} ${due.stream} ${due.at}`, name: due.job, at: due.at, data: due })
  }
  /** Whether there was more than one page of it. */
  const refill = (): boolean => {
    const page = rows.until(clock.now() + horizon)
    for (const due of page) schedule(due)
    return page.length === duePage
  }
  const hear = (events: readonly Recorded[]) => {
    for (const event of events)
      for (const { job, at } of reactionsTo(event, Date.parse(event.time))) schedule({ job, at, stream: event.stream })
  }
  const every = (name: string, period: number) =>
    jobs.schedule({ id: `${name} ${clock.now()}`, name, at: clock.now() + period, data: undefined })

  const handlers: Handlers = {
    ...Object.fromEntries(Object.entries(keyJobs).map(([name, run]) => [name, ofKey(run)])),
    // Whatever becomes of this time, there is a next.
    Refill: async () => {
      let more = true
      try {
        more = refill()
      } finally {
        every('Refill', more ? minute : day / 2)
      }
    },
    SweepOrphans: async (_, signal) => {
      try {
        rows.setSwept(await SweepOrphans(world, rows.swept() ?? 0, signal))
      } finally {
        every('SweepOrphans', day)
      }
    },
  }
  const jobs = parts.use(inProcessJobs({ clock, handlers, onFault }))
  // After the read model's own subscription, so that the row is there before its job can be done.
  parts.use(log.subscribe(dueWork.categories, hear))
  every('Refill', refill() ? minute : day / 2)
  every('SweepOrphans', hour)
  const open = parts.move()
  return {
    parked: jobs.parked,
    retry: jobs.retry,
    settled: jobs.settled,
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  }
}

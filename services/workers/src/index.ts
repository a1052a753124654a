import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type Reaction, keyOfStream } from '@keyledger/keys'
import { type EventLog, type Followed, LedgerUnreachable, readModel, readModelPragmas } from '@keyledger/ledger'
import {
  type Clock,
  type Counts,
  type Handlers,
  type Job,
  type Jobs,
  Later,
  type Link,
  LinkDown,
  type RedisJobs,
  inProcessJobs,
} from '@keyledger/messaging'
import { cutOff } from './cut-off.ts'
import { type Due, type DueName, dueRows, dueWork, idOf } from './due-work.ts'
import { DeleteKey } from './jobs/DeleteKey.ts'
import { DestroyKey } from './jobs/DestroyKey.ts'
import { ReportReplicaDeleted } from './jobs/ReportReplicaDeleted.ts'
import { RetireTransportKeys } from './jobs/RetireTransportKeys.ts'
import { RotateDomainKeys } from './jobs/RotateDomainKeys.ts'
import { RotateKeyMaterial } from './jobs/RotateKeyMaterial.ts'
import { ShareKey } from './jobs/ShareKey.ts'
import { SweepOrphans, lastMade } from './jobs/SweepOrphans.ts'
import { receipts } from './receipts.ts'
import { type Period, type Scheduler, scheduler } from './scheduler.ts'
import type { KeyJob, World } from './world.ts'

/** The table of jobs that events of a key ask for. */
export const keyJobs = {
  RotateKeyMaterial,
  DeleteKey,
  DestroyKey,
  ShareKey,
  ReportReplicaDeleted,
} as const satisfies Record<Reaction['job'], KeyJob>

const names = Object.keys(keyJobs) as Reaction['job'][]

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

/** What is done every so often. */
const periods = [
  { name: 'RetireTransportKeys', first: hour, every: hour },
  { name: 'SweepOrphans', first: hour, every: day },
  { name: 'RotateDomainKeys', first: 2 * hour, every: day },
] as const satisfies readonly Period[]

export interface WorkersOptions extends Omit<World, 'now' | 'link' | 'identityOf'> {
  readonly log: EventLog
  /** Where `workers.db` lies; it can be deleted at any time while nothing runs. */
  readonly folder: string
  readonly clock: Clock
  readonly onFault: (fault: unknown, about?: Readonly<Record<string, unknown>>) => void
  /** Other regions; none: whatever is to be done with them waits. */
  readonly link?: Link
  readonly identityOf?: World['identityOf']
  /** Where jobs are kept: `redisJobs`, say; in this process' memory unless it is said. */
  readonly jobs?: (given: Pick<RedisJobs, 'handlers' | 'onFault' | 'receipts'>) => Promise<Jobs>
  /** Put around every job: whoever measures. */
  readonly around?: (job: Job, run: () => Promise<void>) => Promise<void>
  /** Days between two rotations of an account's domain key in a region. */
  readonly domainKeyPeriod?: number
}

export interface Workers extends AsyncDisposable, Pick<Jobs, 'parked' | 'retry' | 'settled' | 'ready'> {
  /** Beside what the queue holds: how much is due by the ledger and not known to be done, whatever became of its jobs. */
  counts(): Promise<Counts & { readonly due: number }>
  readonly followed: Followed
}

const nobody: Link = {
  ask: (_, to) => Promise.reject(new LinkDown(`${to} cannot be asked: no other region is known`)),
}

const unknown = () => undefined

/** Follows the ledger, schedules what it asks for, does it when it is due. */
export const workers = async (options: WorkersOptions): Promise<Workers> => {
  const { log, folder, clock, onFault, link = nobody, identityOf = unknown, domainKeyPeriod = 90 } = options
  const now = () => clock.now()
  const world: World = { ...options, link: cutOff(link, now), identityOf, now }
  await using parts = new AsyncDisposableStack()
  const db = new DatabaseSync(join(folder, 'workers.db'))
  parts.defer(() => db.close())
  db.exec(readModelPragmas)
  let due: Scheduler | undefined
  const followed = parts.use(await readModel({ log, db, model: dueWork((at) => due?.added(at)), clock, onFault }))
  const rows = dueRows(db)
  rows.forget(Infinity)
  // A sweep that has forgotten how far it came must not judge old material by what may be another ledger.
  if (rows.swept() === undefined) rows.setSwept(await lastMade(world))

  /** Resolves when this process knows all that the ledger asks for; another may hand over a job before this one has heard of it. */
  const heard = async (position: number): Promise<void> => {
    const ahead = await log.all({ after: followed.position(), categories: followed.categories, limit: 1000 })
    if (followed.position() < (ahead.at(-1)?.position ?? 0))
      throw new Later('this process has not heard of it yet', { pause: 50 })
    // Of another ledger, perhaps one that an older backup has replaced: nothing for this one to do, nor to forget.
    if (followed.position() < position) throw new Error('no event of this ledger asked for this')
  }

  /** Of what a queue says of a job only its name is taken: what is to be done, and when, is in the ledger. */
  const ofKey = (job: Reaction['job'], run: KeyJob) => async (given: Job, signal: AbortSignal) => {
    const named: DueName = { ...(given.data as Due), job }
    if (idOf(named) !== given.id) throw new Error('a job that is not what its id says')
    const place = keyOfStream(named.stream)
    if (!place) throw new Error(`${named.stream} is no key's stream`)
    if (!rows.find(named)) await heard((given.data as Due).position)
    const row = rows.find(named)
    // Another event had asked for the same, and both are done.
    if (!row) return
    const until = now()
    if (row.at > until) throw new Later('it is not due', { pause: Math.min(row.at - until, 1000) })
    const position = followed.position()
    await run(row.stream, place, world, row, signal)
    rows.done(row, until, position)
  }

  const table: Handlers = {
    ...Object.fromEntries(names.map((name) => [name, ofKey(name, keyJobs[name])])),
    SweepOrphans: async (_, signal) => rows.setSwept(await SweepOrphans(world, rows.swept() ?? 0, signal)),
    RetireTransportKeys: () => RetireTransportKeys(world),
    RotateDomainKeys: (_, signal) => RotateDomainKeys(world, domainKeyPeriod * day, signal),
  }
  const around = options.around ?? ((_, run) => run())
  const guarded = (run: Handlers[string]) => async (job: Job, signal: AbortSignal) => {
    // Whoever can write to the queue must not have one job's end taken for another's.
    if (!job.id.startsWith(`${job.name} `)) throw new Error('a job that is not what its id says')
    try {
      await around(job, () => run(job, signal))
    } catch (error) {
      // However long the ledger is away, its return is all that is needed.
      throw error instanceof LedgerUnreachable ? new Later(error.message, { cause: error }) : error
    }
  }
  const handlers = Object.fromEntries(Object.entries(table).map(([name, run]) => [name, guarded(run)]))

  const ofJob = (fault: unknown, job?: Job) => onFault(fault, job && { job: job.id })
  const jobs = parts.use(
    options.jobs
      ? await options.jobs({ handlers, onFault: ofJob, receipts: receipts(world.vault) })
      : inProcessJobs({ clock, handlers, onFault: ofJob }),
  )
  due = parts.use(scheduler({ rows, jobs, periods, clock, onFault }))
  const { settled } = due
  const open = parts.move()
  return {
    parked: jobs.parked,
    retry: jobs.retry,
    ready: jobs.ready,
    settled,
    counts: async () => ({ ...(await jobs.counts()), due: rows.overdue(now()) }),
    followed,
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  }
}

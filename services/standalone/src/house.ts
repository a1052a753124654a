import { adminListener } from './admin/index.ts'
import { type House, type HouseOptions, type Settings, keyFileBeside, settingsOf } from './options.ts'
import { foundations } from './parts/foundations.ts'
import { inhabited } from './parts/world.ts'
import { type Readiness, readiness } from './parts/readiness.ts'
import { dataFolder } from './place.ts'
import { commandRole } from './roles/command.ts'
import { projectionsRole } from './roles/projections.ts'
import { workersRole } from './roles/workers.ts'
import { watching } from './telemetry/watching.ts'
import { urlOf } from './url.ts'

/** A process without workers has nothing to do. */
const noJobs: House['jobs'] = {
  parked: () => Promise.resolve([]),
  retry: () => Promise.resolve(false),
  settled: () => Promise.resolve(),
  counts: () => Promise.resolve({ waiting: 0, running: 0, delayed: 0, parked: 0, due: 0 }),
}

const expected = (ready: Readiness, { services, link }: Settings): void => {
  const opening = () => 'is not open yet'
  ready.need('ledger', opening)
  ready.need('house', () => 'is not known to be founded yet')
  if (services.some((service) => service !== 'projections')) ready.need('vault', opening)
  ready.need('read models', () => 'are not caught up yet')
  if (services.includes('workers')) ready.need('jobs', () => 'are not taken yet')
  if (services.includes('command')) ready.need('front door', opening)
  if (link) ready.need('link', opening)
}

/** Loaded only where somebody can ask for it. */
const countedOf = async ({ clock }: Settings) => {
  const { counted } = await import('./metrics/index.ts')
  return counted(() => clock.now())
}

/**
 * The house, or the part of it that `services` names: all in one process on embedded parts, or one process of several around a
 * shared ledger. What is opened is closed in the opposite order; a start that fails half-way closes what it had opened.
 */
export const house = async (options: HouseOptions): Promise<House> => {
  const settings = settingsOf(options)
  const has = (service: Settings['services'][number]) => settings.services.includes(service)
  await using parts = new AsyncDisposableStack()
  parts.use(await dataFolder(settings.data))

  // First of all and last of all: a start that waits can be asked for what, and so can an end.
  const ready = readiness()
  expected(ready, settings)
  const counts = settings.admin && parts.use(await countedOf(settings))
  const watch = watching(settings, counts)
  let jobs: House['jobs'] | undefined
  const admin =
    settings.admin &&
    counts &&
    parts.use(
      await adminListener({
        address: settings.admin,
        ready,
        metrics: counts.metrics,
        jobs: () => jobs,
        onFault: watch.faults('admin'),
      }),
    )

  const ground = await foundations(settings, ready, parts)
  const shared = { settings, ground, ready, counts, watch, parts }
  const lists = await projectionsRole(shared)
  const inside = ground.house && inhabited(shared, lists)
  if (inside && has('workers')) jobs = await workersRole(shared, inside)
  const front = inside && has('command') ? await commandRole(shared, inside) : undefined
  const open = parts.move()
  return {
    services: settings.services,
    url: front?.url ?? '',
    admin: admin && urlOf('http', admin),
    link: front?.link,
    accounts: ground.house?.people.accountIds() ?? [],
    keyFileBeside: ground.house && keyFileBeside(settings),
    get world() {
      if (!inside) throw new TypeError('no service of this process uses keys')
      return inside.world
    },
    log: ground.log,
    jobs: jobs ?? noJobs,
    [Symbol.asyncDispose]: () => {
      ready.need('this process', () => 'is closing')
      return open.disposeAsync()
    },
  }
}

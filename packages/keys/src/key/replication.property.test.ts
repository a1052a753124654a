import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { KeyCommand } from '../key.ts'
import { createKey } from './made.ts'
import { plainRelated } from './plain-related.ts'
import { unborn } from './related.ts'
import { type Regions, account, keyId, regionsOf } from './regions.ts'
import { day } from './state.ts'

const names = ['eu-west-1', 'us-east-1', 'ap-south-1'] as const
const region = fc.constantFrom(...names)
/** Picks one of however many there are. */
const pick = fc.nat(1000)

const birth = { description: '', policy: '{}', tags: [] }
const commands: Readonly<Record<string, (regions: Regions, other: string, where: string) => KeyCommand>> = {
  promote: (regions, region, where) => {
    const epoch = (regions.at(where).replication?.epoch ?? 0) + 1
    return { type: 'UpdatePrimaryRegion', region, epoch, proof: `${where} to ${region}` }
  },
  replicate: (regions, other) => ({ type: 'ReplicateKey', now: regions.now(), region: other, ...birth }),

  rotate: (regions) => ({ type: 'RotateKeyOnDemand', now: regions.now(), materialId: regions.material() }),
  enableRotation: (regions) => ({ type: 'EnableKeyRotation', now: regions.now(), periodInDays: 90 }),
  disableRotation: () => ({ type: 'DisableKeyRotation' }),
  schedule: (regions) => ({ type: 'ScheduleKeyDeletion', now: regions.now(), windowInDays: 7 }),
  cancel: () => ({ type: 'CancelKeyDeletion' }),
  disable: () => ({ type: 'DisableKey' }),
  enable: () => ({ type: 'EnableKey' }),
}

const seen = (regions: Regions) => {
  const living = names.filter((name) => regions.at(name).exists === 'yes')
  const primaries = living.filter((name) => regions.at(name).multiRegion === 'PRIMARY')
  return { living, primaries }
}

type Step = (regions: Regions) => void
const one = <T>(list: readonly T[], index: number, act: (item: T) => void): void => {
  if (list.length > 0) act(list[index % list.length]!)
}
/** Whoever is to be primary is asked before: it is there, or was a moment ago. */
const asked = (regions: Regions, where: string, other: string) => {
  const entry = regions.at(where).replication?.replicas.find((replica) => replica.region === other)
  const { exists, replication, materials } = regions.at(other)
  return exists !== 'no' && materials.length > 0 && replication?.incarnation === entry?.incarnation
}
/** Tells what it was, where a history fails. */
const named = (name: string, act: Step): Step => Object.assign(act, { toString: () => name })
/** Mostly where it may be answered: at whoever is primary by now. */
const asking = (kinds: readonly string[]) =>
  fc.tuple(fc.constantFrom(...kinds), region, region, fc.nat(3)).map(([kind, somewhere, other, anywhere]) =>
    named(`${kind} at ${anywhere === 0 ? somewhere : 'the primary'} (${other})`, (regions) => {
      const where = (anywhere !== 0 && seen(regions).primaries[0]) || somewhere
      if (kind !== 'promote' || asked(regions, where, other))
        regions.command(where, commands[kind]!(regions, other, where))
    }),
  )
const attending = fc
  .tuple(pick, fc.boolean())
  .map(([n, whole]) => named(`attend ${n}`, (regions) => one(regions.due(), n, (duty) => regions.attend(duty, whole))))
const delivering = fc
  .tuple(pick, fc.boolean())
  .map(([n, keep]) => named(`deliver ${n}`, (regions) => one(regions.messages(), n, (it) => regions.deliver(it, keep))))
const losing = pick.map((n) => named(`lose ${n}`, (regions) => one(regions.messages(), n, regions.lose)))
const passing = fc.constantFrom(1, 8, 50).map((days) => named(`${days} days`, (regions) => regions.pass(days * day)))
const deleting = region.map((where) =>
  named(`delete at ${where}`, (regions) => {
    regions.command(where, commands['schedule']!(regions, where, where))
    regions.pass(8 * day)
    for (const duty of regions.due()) if (duty.of === where && duty.job === 'DeleteKey') regions.attend(duty)
  }),
)
const step = fc.oneof(
  { weight: 4, arbitrary: asking(['replicate', 'promote', 'rotate', 'enableRotation']) },
  { weight: 2, arbitrary: asking(Object.keys(commands)) },
  { weight: 1, arbitrary: deleting },
  { weight: 6, arbitrary: attending },
  { weight: 8, arbitrary: delivering },
  { weight: 1, arbitrary: losing },
  { weight: 1, arbitrary: passing },
  { weight: 1, arbitrary: fc.constant(named('settle', (regions) => regions.settle())) },
)

const begun = (): Regions => {
  const regions = regionsOf(names)
  regions.command(names[0], {
    ...createKey,
    keyId,
    account,
    region: names[0],
    multiRegion: true,
    materialId: regions.material(),
  })
  return regions
}

/** What a living key says of all. */
const tale = (regions: Regions, name: string) => {
  const { replication, materials, rotations, rotation, onDemandRotations } = regions.at(name)
  const { epoch, version, primary, replicas, incarnations, handovers } = replication!
  const lineage = { epoch, version, primary, replicas: replicas.map(unborn), incarnations, handovers }
  return { lineage, materials, rotations, rotation, onDemandRotations }
}

const acts = new Set([
  'KeyMaterialRotated',
  'KeyRotationEnabled',
  'KeyRotationDisabled',
  'KeyReplicaAdded',
  'KeyReplicaRemoved',
])

test('whatever is lost, repeated, late or out of order: in the end all Regions tell the same, which is what was done', () => {
  let promotions = 0
  let recreated = 0
  let abandoned = 0
  fc.assert(
    fc.property(fc.array(step, { minLength: 40, maxLength: 160, size: 'max' }), (steps) => {
      const regions = begun()
      for (const act of steps) act(regions)
      regions.settle()
      for (const { event } of regions.deeds) {
        if (event.type === 'KeyPromoted') promotions++
        if (event.type === 'PrimaryRegionUpdateAbandoned') abandoned++
        if (event.type === 'ReplicaCreated' && event.data.incarnation > 2) recreated++
      }

      const { living, primaries } = seen(regions)

      const model = plainRelated()
      for (const deed of regions.deeds) model.hear(deed)
      const { over, primary, replicas, materials, rotation, onDemand } = model.seen()
      expect(primaries).toEqual(over ? [] : [primary])
      expect(living.filter((name) => name !== primary).toSorted()).toEqual(replicas)
      expect(living.length === 0).toBe(over)
      if (over) return

      const told = tale(regions, primary)
      for (const name of living) expect(tale(regions, name)).toEqual(told)
      expect(told.lineage.replicas.map((replica) => replica.region).toSorted()).toEqual(replicas)
      expect(told.materials.map(({ id }) => id)).toEqual(materials)
      expect(told.rotations).toHaveLength(materials.length - 1)
      expect(told.rotation && { period: told.rotation.periodInDays, next: told.rotation.nextDate }).toEqual(rotation)
      expect(told.onDemandRotations).toBe(onDemand)
      for (const name of living) expect(regions.at(name).state).not.toMatch(/Creating|Updating/)
      const turning = regions.at(primary).state === 'Enabled' ? rotation : undefined
      expect(turning?.next ?? Number.POSITIVE_INFINITY).toBeGreaterThan(regions.now())

      // Who acted as primary, by epoch: one each.
      const actors = new Map<number, Set<string>>()
      for (const { epoch, region: where, event } of regions.deeds)
        if (acts.has(event.type)) actors.set(epoch, (actors.get(epoch) ?? new Set()).add(where))
      for (const who of actors.values()) expect(who.size).toBe(1)
    }),
    { numRuns: 5000 },
  )
  // It was no quiet year.
  expect([promotions > 100, abandoned > 3, recreated > 20]).toEqual([true, true, true])
}, 120_000)

import type { Deed } from './regions.ts'

const day = 86_400_000

/** For tests: related keys told a second time, as one thing that is nowhere in particular; it hears what was done, in order. */
export const plainRelated = () => {
  let primary = ''
  let before = ''
  const replicas = new Set<string>()
  let materials: string[] = []
  let rotation: { period: number; next: number } | undefined
  let onDemand = 0
  let over = false

  const hear = ({ region, time, event }: Deed): void => {
    if (event.type === 'KeyCreated') {
      primary = region
      materials = [event.data.materialId]
    }
    if (event.type === 'KeyReplicaAdded') replicas.add(event.data.replica.region)
    // Whoever has gone before it was promised anything takes nothing.
    if (event.type === 'PrimaryRegionUpdateStarted' && replicas.has(event.data.handover.to)) {
      before = region
      primary = event.data.handover.to
      replicas.delete(primary)
      replicas.add(before)
    }
    if (event.type === 'KeyDeleted') {
      // Promised to be primary, and gone before it was: all is as it was before.
      if (region === primary && replicas.size > 0) {
        primary = before
        replicas.delete(before)
      } else if (region === primary) over = true
      else replicas.delete(region)
    }
    if (event.type === 'KeyRotationEnabled')
      rotation = { period: event.data.periodInDays, next: time + event.data.periodInDays * day }
    if (event.type === 'KeyRotationDisabled') rotation = undefined
    if (event.type === 'KeyMaterialRotated') {
      materials.push(event.data.materialId)
      if (event.data.rotationType === 'ON_DEMAND') onDemand++
      else {
        if (!rotation || time < rotation.next) throw new Error(`${region} rotated what was not due`)
        rotation = { ...rotation, next: time + rotation.period * day }
      }
    }
  }

  return {
    hear,
    seen: () => ({ primary, replicas: [...replicas].toSorted(), materials, rotation, onDemand, over }),
  }
}

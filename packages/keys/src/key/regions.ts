// For tests: some Regions with a key in each, and between them a network that loses, repeats and reorders.
import { decide, fold } from '../decider.ts'
import { Fault } from '../fault.ts'
import { type KeyCommand, type KeyEvent, key as aggregate } from '../key.ts'
import { type Reaction, reactionsTo } from '../reactions.ts'
import { createKey, now as start } from './made.ts'
import { type Shared, judged, sharedWith } from './related.ts'
import type { Key } from './state.ts'

export const account = createKey.account
export const keyId = 'mrk-0123456789abcdef0123456789abcdef'

interface Duty extends Reaction {
  readonly id: number
  readonly of: string
}
type Message = { readonly duty: Duty; readonly from: string; readonly to: string } & (
  | { readonly says: 'share'; readonly shared: Shared; readonly whole: boolean }
  | { readonly says: 'shared'; readonly epoch: number; readonly deleted?: number; readonly created?: true }
  | { readonly says: 'gone'; readonly incarnation: number }
  | { readonly says: 'heard'; readonly incarnation: number; readonly primary?: string }
)

/** One thing that happened: what a command did where, and the epoch in which it was done. */
export interface Deed {
  readonly region: string
  readonly epoch: number
  readonly time: number
  readonly event: KeyEvent
}

export const regionsOf = (names: readonly string[]) => {
  const keys = new Map<string, Key>(names.map((name) => [name, aggregate.initial]))
  let duties: Duty[] = []
  let messages: Message[] = []
  let now = start
  let made = 0
  const deeds: Deed[] = []

  const at = (region: string): Key => keys.get(region)!
  const done = (duty: Duty) => {
    duties = duties.filter((one) => one !== duty)
  }

  /** Decides and takes down; the code of the refusal, if it is refused. */
  const command = (region: string, given: KeyCommand): string | undefined => {
    try {
      const events = JSON.parse(JSON.stringify(decide(aggregate, at(region), given))) as KeyEvent[]
      for (const event of events) {
        keys.set(region, fold(aggregate, at(region), [event]))
        deeds.push({ region, epoch: at(region).replication?.epoch ?? 0, time: now, event })
        duties.push(...reactionsTo(event, now).map((reaction) => ({ ...reaction, id: deeds.length, of: region })))
      }
      return undefined
    } catch (error) {
      if (error instanceof Fault) return error.code
      throw error
    }
  }
  const material = () => (++made).toString(16).padStart(64, '0')

  const send = (message: Message) => void messages.push(JSON.parse(JSON.stringify(message)) as Message)

  /** What a Region does when it comes to a duty; the duty stays until it is known to be done. */
  const attend = (duty: Duty, whole = true): void => {
    const { of, job, region = '' } = duty
    const key = at(of)
    if (job === 'RotateKeyMaterial') command(of, { type: job, now, materialId: material() })
    if (job === 'DeleteKey') command(of, { type: job, now })
    if (job === 'ShareKey') {
      const shared = sharedWith(key, region)
      if (shared) return send({ says: 'share', duty, from: of, to: region, shared, whole })
    }
    if (job === 'ReportReplicaDeleted' && key.exists === 'deleted') {
      const { primary, incarnation } = key.replication!
      return send({ says: 'gone', duty, from: of, to: primary.region, incarnation })
    }
    done(duty)
  }

  const hearShare = (message: Message & { says: 'share' }): void => {
    const { from, to: region, shared, duty, whole } = message
    const sharing = { from, region, shared, provenFrom: -1 }
    const answer = { says: 'shared', duty, from: region, to: from, epoch: shared.epoch } as const
    try {
      const judgement = judged(at(region), sharing)
      if (judgement.as === 'deleted') return send({ ...answer, deleted: judgement.incarnation })
      if (judgement.as === 'creation') {
        command(region, { type: 'CreateReplica', account, keyId, ...sharing })
        if (!whole) return send({ ...answer, created: true })
      }
      const refused = command(region, { type: 'ReceiveSharedState', now, ...sharing })
      if (refused) throw new Error(`what was judged good was refused: ${refused}`)
      send(answer)
    } catch (error) {
      // Whoever is behind will hear of it from another Region.
      if (error instanceof Fault && error.kind === 'shareOutdated') return send(answer)
      throw error
    }
  }

  const hear = (message: Message): void => {
    const { duty, from, to } = message
    if (message.says === 'share') return hearShare(message)
    const mine = duties.find(({ id, job, region }) => id === duty.id && job === duty.job && region === duty.region)
    if (message.says === 'gone') {
      const key = at(to)
      const { incarnation } = message
      const answer = { says: 'heard', duty, from: to, to: from, incarnation } as const
      if (key.multiRegion === 'REPLICA') return send({ ...answer, primary: key.replication!.primary.region })
      if (command(to, { type: 'RemoveReplica', now, region: from, incarnation }) === undefined) send(answer)
    } else if (message.says === 'heard') {
      if (!mine) return
      if (message.primary === undefined) return done(mine)
      send({ says: 'gone', duty, from: to, to: message.primary, incarnation: message.incarnation })
    } else {
      if (message.created) return
      const { epoch } = message
      if (message.deleted === undefined) command(to, { type: 'CompletePrimaryRegionUpdate', region: from, epoch })
      else command(to, { type: 'RemoveReplica', now, region: from, incarnation: message.deleted })
      if (mine) done(mine)
    }
  }

  return {
    at,
    deeds,
    now: () => now,
    pass: (time: number) => {
      now += time
    },
    command,
    material,
    due: () => duties.filter((duty) => duty.at <= now),
    attend,
    messages: () => messages,
    deliver: (message: Message, keep = false) => {
      if (!keep) messages = messages.filter((one) => one !== message)
      hear(message)
    },
    lose: (message: Message) => {
      messages = messages.filter((one) => one !== message)
    },
    /** From now on nothing gets lost: until nothing is left to do. */
    settle: () => {
      for (let rounds = 0; rounds < 500; rounds++) {
        for (const message of messages.splice(0)) hear(message)
        const due = duties.filter((duty) => duty.at <= now && duty.job !== 'DestroyKey')
        duties = duties.filter((duty) => duty.job !== 'DestroyKey')
        if (due.length === 0 && messages.length === 0) return
        for (const duty of due) attend(duty)
      }
      throw new Error('it never comes to rest')
    },
  }
}

export type Regions = ReturnType<typeof regionsOf>

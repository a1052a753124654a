// Keys for tests: what the world would have made of a few commands.
import { decide, fold } from '../decider.ts'
import { type KeyCommand, type KeyEvent, key } from '../key.ts'
import type { Key } from './state.ts'

export const now = 1_700_000_000_000
export const arn = 'arn:aws:kms:eu-west-1:111122223333:key/0d3a1c5e-7f0b-4d0a-9c55-1a2b3c4d5e6f'
export const material = (n: number): string => n.toString(16).padStart(64, '0')

export const createKey = {
  type: 'CreateKey',
  now,
  region: 'eu-west-1',
  account: '111122223333',
  keyId: '0d3a1c5e-7f0b-4d0a-9c55-1a2b3c4d5e6f',
  spec: 'SYMMETRIC_DEFAULT',
  usage: 'ENCRYPT_DECRYPT',
  origin: 'AWS_KMS',
  description: 'payments',
  policy: '{"Version":"2012-10-17"}',
  tags: [],
  multiRegion: false,
  materialId: material(1),
} as const satisfies KeyCommand

/** The events of one command, read back as the ledger would give them. */
export const eventsOf = (state: Key, command: KeyCommand): readonly KeyEvent[] =>
  JSON.parse(JSON.stringify(decide(key, state, command))) as KeyEvent[]

/** `state` after the commands, each decided on what the one before it left. */
export const after = (state: Key, ...commands: readonly KeyCommand[]): Key =>
  commands.reduce((current, command) => fold(key, current, eventsOf(current, command)), state)

export const enabled = after(key.initial, createKey)
export const disabled = after(enabled, { type: 'DisableKey' })
export const pendingDeletion = after(enabled, { type: 'ScheduleKeyDeletion', now, windowInDays: 7 })
export const deleted = after(pendingDeletion, { type: 'DeleteKey', now: now + 7 * 86_400_000 })

import type { Aggregate } from './decider.ts'
import { type LifecycleCommand, type LifecycleEvent, decideLifecycle, evolveLifecycle } from './key/lifecycle.ts'
import { type MaterialCommand, type MaterialEvent, decideMaterial, evolveMaterial } from './key/material.ts'
import {
  type ReplicationCommand,
  type ReplicationEvent,
  decideReplication,
  evolveReplication,
} from './key/replication.ts'
import { type SettingsCommand, type SettingsEvent, decideSettings, evolveSettings } from './key/settings.ts'
import { type Key, initial } from './key/state.ts'

export type KeyCommand = LifecycleCommand | MaterialCommand | SettingsCommand | ReplicationCommand
export type KeyEvent = LifecycleEvent | MaterialEvent | SettingsEvent | ReplicationEvent

/** One key. Each slice has its commands and events with what they do; one that is forgotten here is a type error. */
export const key: Aggregate<Key, KeyCommand, KeyEvent> = {
  initial,
  decide: { ...decideLifecycle, ...decideMaterial, ...decideSettings, ...decideReplication },
  evolve: { ...evolveLifecycle, ...evolveMaterial, ...evolveSettings, ...evolveReplication },
}

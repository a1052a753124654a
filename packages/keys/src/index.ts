export { type Alias, type AliasCommand, type AliasEvent, alias } from './alias.ts'
export { type Asking, type KeyReference, acceptableAliasName, aliasArn, isKeyId, keyArn, keyReference } from './arn.ts'
export { type Aggregate, type Command, type Decide, type Event, type Evolve, decide, fold } from './decider.ts'
export { Fault, type FaultKind, fault } from './fault.ts'
export {
  type CreateGrant,
  type GrantCommand,
  type GrantEvent,
  type Grants,
  grantMade,
  grants,
  grantsPerKey,
  matchingGrant,
  matchingGrants,
} from './grants.ts'
export {
  type Grant,
  type GrantConstraints,
  type GrantOperation,
  type GrantTerms,
  granteeOf,
  grantOperations,
  retiringOf,
} from './grants/grant.ts'
export { type KeyCommand, type KeyEvent, key } from './key.ts'
export { deletionDue } from './key/lifecycle.ts'
export { rotationDue } from './key/material.ts'
export {
  type Birth,
  type Handover,
  type Judgement,
  type Lineage,
  type Related,
  type Replication,
  type Shared,
  handoverText,
  judged,
  sharedWith,
  wayFrom,
} from './key/related.ts'
export type {
  AutomaticRotation,
  Key,
  KeyMaterial,
  KeyState,
  Origin,
  PrincipalIds,
  Rotation,
  RotationType,
  Tag,
} from './key/state.ts'
export {
  type KeySpec,
  type KeySpecRow,
  type KeyUsage,
  algorithmsOf,
  interchangeable,
  keySpecs,
  specAndUsage,
} from './key-spec.ts'
export { type KeyOperation, keyStates, usable } from './key-state.ts'
export { type Reaction, reactions, reactionsTo } from './reactions.ts'
export {
  type AliasPlace,
  type KeyPlace,
  aliasOfStream,
  aliasStream,
  grantsStream,
  keyOfGrants,
  keyOfStream,
  keyStream,
  trailStream,
} from './streams.ts'
export { type Stored, type Upcasts, eventVersions, upcast, upcaster } from './upcast.ts'

import { Map as Table } from 'immutable'
import type { Aggregate } from './decider.ts'
import { fault } from './fault.ts'
import type { KeySpec, KeyUsage } from './key-spec.ts'
import { type Found, findings, nothingFound, withGrant, withoutGrant } from './grants/finding.ts'
import { type EncryptionContext, type Grant, type GrantTerms, covers, granteeOf, retiringOf } from './grants/grant.ts'
import { acceptableTerms } from './grants/rules.ts'
import { intern } from './key/state.ts'

/** A key may have so many grants (AWS KMS quotas). */
export const grantsPerKey = 50_000

/** The grants of one key. Persistent tables: the fifty-thousandth grant costs what the fifth does. */
export interface Grants {
  readonly byId: Table<string, Grant>
  /** What was asked for under a name -> the id of the grant that answers it. */
  readonly byRequest: Table<string, string>
  readonly found: Found
  /** The incarnation of the key that they are on: what was granted on a replica that is deleted is not for the next one. */
  readonly incarnation: number
}

export interface CreateGrant extends GrantTerms {
  readonly type: 'CreateGrant'
  readonly now: number
  /** The key's. */
  readonly arn: string
  readonly spec: KeySpec
  readonly usage: KeyUsage
  /** Fresh; another grant's answers if it has the same name and terms. */
  readonly grantId: string
  readonly name: string
  /** Whoever may make grants only because of grants to these names may pass on no more than one of those has. */
  readonly through?: { readonly actor: string; readonly names: readonly string[] }
}
export type GrantCommand =
  | CreateGrant
  | { readonly type: 'RetireGrant'; readonly grantId: string }
  | { readonly type: 'RevokeGrant'; readonly grantId: string }
  /** The replica that they were on is deleted, and another is about to be made in its place. */
  | { readonly type: 'EndGrants'; readonly incarnation: number }

export type GrantEvent =
  | { readonly type: 'GrantCreated'; readonly data: Grant }
  | { readonly type: 'GrantRetired'; readonly data: { readonly grantId: string } }
  | { readonly type: 'GrantRevoked'; readonly data: { readonly grantId: string } }
  | { readonly type: 'GrantsEnded'; readonly data: { readonly incarnation: number } }

const initial: Grants = Object.freeze({
  byId: Table<string, Grant>(),
  byRequest: Table<string, string>(),
  found: nothingFound,
  incarnation: 0,
})

/** The pairs of a context in an order of their own, names with their case. */
const asGiven = (context: EncryptionContext): readonly string[] =>
  Object.entries(context)
    .map((pair) => JSON.stringify(pair))
    .toSorted()

/** One text for all requests that ask for the same grant under the same name; undefined without a name. */
const requestText = (name: string, terms: GrantTerms): string | undefined => {
  if (name === '') return undefined
  const { EncryptionContextEquals: equals, EncryptionContextSubset: subset, SourceArn } = terms.constraints
  const contexts = [equals, subset].map((context) => context && asGiven(context))
  const who = [granteeOf(terms), retiringOf(terms), terms.issuingAccount]
  return JSON.stringify([name, ...who, [...new Set(terms.operations)].toSorted(), ...contexts, SourceArn])
}

/** The grant that answers the command, if it has been made already. */
const answering = (state: Grants, { name, ...terms }: CreateGrant): Grant | undefined => {
  const text = requestText(name, terms)
  const grantId = text === undefined ? undefined : state.byRequest.get(text)
  return grantId === undefined ? undefined : state.byId.get(grantId)
}

/** The grant that a CreateGrant just handled made, or found already made. */
export const grantMade = (state: Grants, command: CreateGrant): Grant => {
  const grant = state.byId.get(command.grantId) ?? answering(state, command)
  if (!grant) throw new Error(`no grant came of CreateGrant ${command.grantId}`)
  return grant
}

/** The grants that permit an operation to whoever has one of these names, one after the other. */
export function* matchingGrants(
  state: Grants,
  names: readonly string[],
  operation: string,
  context: Readonly<Record<string, string>> = {},
  sourceArn?: string,
): Generator<Grant> {
  for (const party of names)
    for (const id of findings(state.found, party, operation, context, sourceArn)) yield state.byId.get(id)!
}

/**
 * A grant that permits the operation to whoever has one of these names, opaque ids and ARNs alike. It takes no longer for
 * a key with fifty thousand grants than for one with five.
 */
export const matchingGrant = (
  state: Grants,
  names: readonly string[],
  operation: string,
  context?: Readonly<Record<string, string>>,
  sourceArn?: string,
): Grant | undefined => {
  if (state.byId.isEmpty()) return undefined
  for (const grant of matchingGrants(state, names, operation, context, sourceArn)) return grant
  return undefined
}

const mayPassOn = (state: Grants, names: readonly string[], terms: GrantTerms): boolean => {
  for (const parent of matchingGrants(state, names, 'CreateGrant')) if (covers(parent, terms)) return true
  return false
}

const without = (state: Grants, grantId: string): Grants => {
  const grant = state.byId.get(grantId)
  if (!grant) return state
  const text = requestText(grant.name, grant)
  const named = text !== undefined && state.byRequest.get(text) === grantId
  return {
    ...state,
    byId: state.byId.delete(grantId),
    byRequest: named ? state.byRequest.delete(text) : state.byRequest,
    found: withoutGrant(state.found, grant),
  }
}

const known = (state: Grants, grantId: string): void => {
  if (!state.byId.has(grantId)) throw fault('grantNotFound', grantId)
}

/** The aggregate of one key's grants, the stream `grants-...`. The key's state is another stream's business. */
export const grants: Aggregate<Grants, GrantCommand, GrantEvent> = {
  initial,
  decide: {
    CreateGrant: (state, command) => {
      const { type: _, now, arn, spec, usage, grantId, name, through, ...asked } = command
      const terms = acceptableTerms({ arn, spec, usage }, asked)
      if (through && !mayPassOn(state, through.names, terms)) throw fault('grantNotPassedOn', through.actor, arn)
      if (answering(state, { ...command, ...terms })) return []
      if (state.byId.size >= grantsPerKey) throw fault('tooManyGrants', state.byId.size)
      return [{ type: 'GrantCreated', data: { grantId, name, createdAt: now, ...terms } }]
    },
    RetireGrant: (state, { grantId }) => {
      known(state, grantId)
      return [{ type: 'GrantRetired', data: { grantId } }]
    },
    RevokeGrant: (state, { grantId }) => {
      known(state, grantId)
      return [{ type: 'GrantRevoked', data: { grantId } }]
    },
    // Said twice it must not take what was granted since.
    EndGrants: (state, { incarnation }) =>
      incarnation > state.incarnation ? [{ type: 'GrantsEnded', data: { incarnation } }] : [],
  },
  evolve: {
    GrantCreated: (state, { data }) => {
      const grant = { ...data, issuingAccount: intern(data.issuingAccount), operations: data.operations.map(intern) }
      const text = requestText(grant.name, grant)
      return {
        ...state,
        byId: state.byId.set(grant.grantId, grant),
        byRequest: text === undefined ? state.byRequest : state.byRequest.set(text, grant.grantId),
        found: withGrant(state.found, grant),
      }
    },
    GrantRetired: (state, { data }) => without(state, data.grantId),
    GrantRevoked: (state, { data }) => without(state, data.grantId),
    GrantsEnded: (_, { data }) => ({ ...initial, incarnation: data.incarnation }),
  },
}

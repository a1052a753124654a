import { type Policy, PolicyFault, keyPolicy } from '@keyledger/iam'
import type { Key, PrincipalIds } from '@keyledger/keys'

// Nearly all keys have one of few policies, so they are compiled by their text; those that name users or roles also mean
// the ids that these had, for which one list of them stands. Bounded by forgetting everything.
const mostRemembered = 10_000
const noIds: PrincipalIds = {}
let known = new WeakMap<PrincipalIds, Map<string, Policy>>()
let remembered = 0

// A statement without an action has no effect.
const nothing = keyPolicy(JSON.stringify({ Statement: { Effect: 'Allow', Principal: '*', Resource: '*' } }))

/** A policy that could be put and cannot be read any more allows nothing. */
const compiled = (text: string, ids: PrincipalIds): Policy => {
  try {
    return keyPolicy(text, ids)
  } catch (error) {
    if (error instanceof PolicyFault) return nothing
    throw error
  }
}

/** The key's policy, ready to be asked. */
export const compiledKeyPolicy = ({ policy: text, principals = noIds }: Pick<Key, 'policy' | 'principals'>): Policy => {
  const byText = known.get(principals)
  const hit = byText?.get(text)
  if (hit) return hit
  if (remembered++ >= mostRemembered) {
    known = new WeakMap()
    remembered = 1
  }
  const policy = compiled(text, principals)
  const policies = known.get(principals) ?? new Map<string, Policy>()
  known.set(principals, policies.set(text, policy))
  return policy
}

import type { Caller } from '../caller.ts'
import type { PolicyPrincipal, Statement } from '../policy-document.ts'
import type { Asked } from './statement.ts'

/**
 * How a statement names who asks: not; by the account, which hands the decision to its identity policies; as the user
 * or role; or so that session policies do not limit what is given: as the session itself, or as everyone (IAM user
 * guide, "AWS JSON policy elements: Principal", on role principals and the wildcard).
 */
export type Named = 0 | 1 | 2 | 3
/** Numbers in the order of what they give, as the most is wanted of many statements for every request. */
export const Named = { none: 0, account: 1, caller: 2, session: 3 } as const

/** Unique ids by the ARN of their user or role, as they were when the policy was put. */
export type PrincipalIds = Readonly<Record<string, string>>

interface Listed {
  readonly everyone: boolean
  /** Unique ids and ARNs. */
  readonly names: ReadonlySet<string>
  readonly accounts: ReadonlySet<string>
  readonly federated: ReadonlySet<string>
}

/** Who a statement is about; undefined if it has no principals. */
export const principalTest = (
  { principals, notPrincipals, effect }: Statement,
  ids: PrincipalIds,
): ((asked: Asked) => Named) | undefined => {
  if (principals) {
    const listed = list(principals, ids)
    return (asked) => named(listed, asked)
  }
  if (!notPrincipals) return undefined
  const listed = list(notPrincipals, ids)
  return effect === 'Deny'
    ? (asked) => (isListed(listed, asked) ? Named.none : Named.session)
    : // AWS no longer supports it and says that it lets in whoever one forgot; so all of a listed account is left out.
      (asked) => (named(listed, asked) === Named.none ? Named.session : Named.none)
}

const list = (principals: readonly PolicyPrincipal[], ids: PrincipalIds): Listed => {
  const names = new Set<string>()
  const accounts = new Set<string>()
  const federated = new Set<string>()
  for (const { type, id } of principals) {
    // Services never ask here: what they are given is of no effect, and nobody is left out for them.
    if (type === 'Federated') federated.add(id)
    if (type !== 'AWS') continue
    const account = accountOf(id)
    if (account) accounts.add(account)
    // An ARN that had an id means who had it, and never a namesake who came later.
    else names.add(Object.hasOwn(ids, id) ? ids[id]! : id)
  }
  return { everyone: names.delete('*'), names, accounts, federated }
}

/** The account that `111122223333` or `arn:aws:iam::111122223333:root` stands for. */
const accountOf = (id: string): string | undefined => {
  if (id.length === 12 && !id.startsWith('A')) return id
  const parts = id.split(':')
  // A user's name may hold colons: only what is nothing but `root` is the account.
  return parts.length === 6 && parts[5] === 'root' ? parts[4] : undefined
}

const named = (listed: Listed, asked: Asked): Named => {
  const { caller, federated } = asked
  // Everyone is everyone with an identity of ours: which providers are trusted has to be said.
  if (!caller) return federated !== undefined && listed.federated.has(federated) ? Named.session : Named.none
  if (listed.everyone) return Named.session
  const own = ownName(listed.names, caller)
  if (own !== Named.none || !listed.accounts.has(caller.accountId)) return own
  return caller.principalType === 'Account' ? Named.caller : Named.account
}

const ownName = (names: ReadonlySet<string>, { names: own, sessionNames }: Caller): Named => {
  if (names.size === 0) return Named.none
  let found: Named = Named.none
  for (const name of own) {
    if (!names.has(name)) continue
    if (sessionNames.includes(name)) return Named.session
    found = Named.caller
  }
  return found
}

/**
 * Whether NotPrincipal leaves the caller out: the account leaves out its root alone, as with Bob and his account listed
 * the account's other users are still denied (IAM user guide, "NotPrincipal"). Bob is left out without his account too.
 */
const isListed = (listed: Listed, asked: Asked): boolean => {
  const found = named(listed, asked)
  return found === Named.caller || found === Named.session
}

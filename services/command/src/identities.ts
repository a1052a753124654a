import {
  type Account,
  type AccountCommand,
  type AccountEvent,
  type Caller,
  type Role,
  type SessionClaims,
  type User,
  account,
  accountStream,
  entriesOf,
  named,
  roleArn,
  rootArn,
  sessionCaller,
  sessionSubject,
  userArn,
  userCaller,
} from '@keyledger/iam'
import { type EventLog, type Recorded, type Repository, fold } from '@keyledger/ledger'
import type { Identities } from './world.ts'

const pageSize = 1000

interface Known {
  readonly state: Account
  /** Of the last event in it. */
  readonly revision: number
}

/** `arn:aws:iam::111122223333:user/division/name`, or a role's or the root's. */
const iamArn = /^arn:aws:iam::(\d{12}):(?:(root)|(user|role)\/(?:[!-~]+\/)?([^/]+))$/

/**
 * All accounts' identities in memory, kept live by the ledger's feed: they are few and asked for at every request.
 * Loads them from the ledger first.
 */
export const identities = async (
  log: EventLog,
  accounts: Repository<Account, AccountCommand>,
): Promise<Identities & Disposable & { accountIds(): readonly string[] }> => {
  const folds = new Map<string, Known>()
  /** Stream by access key id and by unique id: where to look, not what is there. */
  const homes = new Map<string, string>()
  // Users and roles are replaced when they change: a caller is good as long as its user or role is the same object.
  const callers = new Map<string, { readonly user: User; readonly caller: Caller }>()
  const sessions = new WeakMap<SessionClaims, { readonly subject: User | Role; readonly caller: Caller }>()

  const moved = (stream: string, before: Account, event: AccountEvent) => {
    if (event.type === 'AccessKeyCreated') homes.set(event.data.accessKeyId, stream)
    else if (event.type === 'UserCreated') homes.set(event.data.userId, stream)
    else if (event.type === 'RoleCreated') homes.set(event.data.roleId, stream)
    else if (event.type === 'UserDeleted') homes.delete(named(before.users, event.data.userName)?.userId ?? '')
    else if (event.type === 'RoleDeleted') homes.delete(named(before.roles, event.data.roleName)?.roleId ?? '')
    else if (event.type === 'AccessKeyDeleted') {
      homes.delete(event.data.accessKeyId)
      callers.delete(event.data.accessKeyId)
    }
  }

  const apply = (recorded: readonly Recorded[]) => {
    for (const { stream, revision, type, data } of recorded) {
      const before = folds.get(stream) ?? { state: account.initial, revision: -1 }
      if (revision <= before.revision) continue
      // The category holds nothing else; `fold` throws for a type it does not know.
      const event = { type, data } as AccountEvent
      const state = fold<Account, AccountCommand, AccountEvent>(account, before.state, [event])
      folds.set(stream, { state, revision })
      moved(stream, before.state, event)
    }
  }

  // What is appended while the past is still being read comes after it.
  let later: Recorded[] | undefined = []
  const feed = log.subscribe(['account'], (events) => {
    if (later) later.push(...events)
    else apply(events)
  })
  for (let after = 0; ;) {
    const page = await log.all({ after, categories: ['account'], limit: pageSize })
    apply(page)
    if (page.length < pageSize) break
    after = page.at(-1)!.position
  }
  const missed = later
  later = undefined
  apply(missed)

  const stateOf = (accountId: string): Account | undefined => {
    const state = folds.get(accountStream(accountId))?.state
    return state?.id === undefined ? undefined : state
  }
  const homeOf = (id: string): Account | undefined => {
    const stream = homes.get(id)
    return stream === undefined ? undefined : folds.get(stream)?.state
  }

  const caller = (accessKeyId: string): Caller | undefined => {
    const state = homeOf(accessKeyId)
    const key = state && named(state.accessKeys, accessKeyId)
    const user = key?.status === 'Active' ? named(state!.users, key.userName) : undefined
    if (!user || state?.id === undefined) return undefined
    const known = callers.get(accessKeyId)
    if (known?.user === user) return known.caller
    const made = userCaller(state.id, user, accessKeyId)
    callers.set(accessKeyId, { user, caller: made })
    return made
  }

  const session = (claims: SessionClaims): Caller | undefined => {
    const state = stateOf(claims.accountId)
    const subject = state && sessionSubject(state, claims)
    if (!subject) return undefined
    const known = sessions.get(claims)
    if (known?.subject === subject) return known.caller
    const made = sessionCaller(subject, claims)
    sessions.set(claims, { subject, caller: made })
    return made
  }

  const uniqueId = (arn: string): string | undefined => {
    const [, accountId = '', root, kind, name = ''] = iamArn.exec(arn) ?? []
    const state = stateOf(accountId)
    if (!state) return undefined
    if (root) return accountId
    const user = kind === 'user' ? named(state.users, name) : undefined
    if (user) return userArn(accountId, user) === arn ? user.userId : undefined
    const role = kind === 'role' ? named(state.roles, name) : undefined
    return role && roleArn(accountId, role) === arn ? role.roleId : undefined
  }

  const arnOf = (id: string): string | undefined => {
    if (stateOf(id)) return rootArn(id)
    const state = homeOf(id)
    if (state?.id === undefined) return undefined
    for (const [, user] of entriesOf(state.users)) if (user.userId === id) return userArn(state.id, user)
    for (const [, role] of entriesOf(state.roles)) if (role.roleId === id) return roleArn(state.id, role)
    return undefined
  }

  const accountIds = () => [...folds.values()].flatMap(({ state }) => state.id ?? [])
  return {
    accounts,
    accountIds,
    caller,
    session,
    account: stateOf,
    uniqueId,
    arnOf,
    firstAccount: () => accountIds()[0],
    [Symbol.dispose]: () => feed[Symbol.dispose](),
  }
}

import type { Names } from './names.ts'

/** One account's identities, folded from the stream `account-<id>`. */
export interface Account {
  /** Undefined where there is no such account. */
  readonly id: string | undefined
  /** Milliseconds since the epoch, as are all times here; 0 for what was made before times were kept. */
  readonly createdAt: number
  readonly users: Names<User>
  readonly roles: Names<Role>
  /** By access key id. The secret is not here: it is sealed in the vault. */
  readonly accessKeys: Names<AccessKey>
}

/** A small table keyed by names from outside; without a prototype, so that a policy called `constructor` is just a policy. */
export type Table<V> = Readonly<Record<string, V>>

export interface Tag {
  readonly key: string
  readonly value: string
}

/** An object is replaced when anything in it changes: whoever remembers something by it may compare by identity. */
export interface User {
  readonly name: string
  /** `AIDA...`: opaque, never reused, unlike the name. */
  readonly userId: string
  /** `/`, or `/division/team/`. */
  readonly path: string
  readonly createdAt: number
  readonly tags: readonly Tag[]
  /** Inline policies by name, each a JSON document. */
  readonly policies: Table<string>
}

export type AccessKeyStatus = 'Active' | 'Inactive'
export interface AccessKey {
  readonly userName: string
  readonly status: AccessKeyStatus
  readonly createdAt: number
}

export interface Role {
  readonly name: string
  /** `AROA...` */
  readonly roleId: string
  readonly path: string
  readonly createdAt: number
  readonly description: string | undefined
  /** Seconds. */
  readonly maxSessionDuration: number
  readonly tags: readonly Tag[]
  readonly trustPolicy: string
  /** Whom the trust policy means: unique ids of users and roles by the ARNs it names them with. */
  readonly principalIds: Table<string>
  readonly policies: Table<string>
}

export const none = Object.freeze(Object.create(null) as Record<string, never>)

/** A copy of the entries, without a prototype. */
export const table = <V>(entries: Table<V>): Record<string, V> =>
  Object.assign(Object.create(null) as Record<string, V>, entries)

export const put = <V>(entries: Table<V>, name: string, value: V): Table<V> => {
  const all = table(entries)
  all[name] = value
  return all
}
export const without = <V>(entries: Table<V>, name: string): Table<V> => {
  const all = table(entries)
  delete all[name]
  return all
}

export const isEmpty = (entries: object): boolean => {
  for (const _ in entries) return false
  return true
}

/** Nobody who asks is of an account that is not there: who comes here without one has a bug. */
export const made = ({ id }: Account): void => {
  if (id === undefined) throw new Error('the account was never made')
}

/** One part of the aggregate: commands, what becomes of them, and what their events make of the account. */
export interface Slice<C extends { readonly type: string }, E extends { readonly type: string }> {
  readonly decide: {
    readonly [T in C['type']]: (state: Account, command: Extract<C, { readonly type: T }>) => readonly E[]
  }
  /** Never fails: what is in the ledger has happened. */
  readonly evolve: { readonly [T in E['type']]: (state: Account, event: Extract<E, { readonly type: T }>) => Account }
}

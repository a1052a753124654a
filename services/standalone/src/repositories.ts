import { type Account, type AccountCommand, type AccountEvent, account } from '@keyledger/iam'
import {
  type Alias,
  type AliasCommand,
  type AliasEvent,
  type GrantCommand,
  type GrantEvent,
  type Grants,
  type Key,
  type KeyCommand,
  type KeyEvent,
  type Stored,
  alias,
  eventVersions,
  grants,
  key,
  upcast,
} from '@keyledger/keys'
import { type EventLog, repository } from '@keyledger/ledger'

// `upcast` has brought it to today's version, and a category holds one kind of event: here the two are put together.
const today = <E>(stored: Stored): E => upcast(stored) as unknown as E
const versions = eventVersions

export const keyRepository = (log: EventLog) =>
  repository<Key, KeyCommand, KeyEvent>({ log, aggregate: key, upcast: today, versions })
export const aliasRepository = (log: EventLog) =>
  repository<Alias, AliasCommand, AliasEvent>({ log, aggregate: alias, upcast: today, versions })
export const accountRepository = (log: EventLog) =>
  repository<Account, AccountCommand, AccountEvent>({ log, aggregate: account, upcast: today })
export const grantRepository = (log: EventLog) =>
  repository<Grants, GrantCommand, GrantEvent>({ log, aggregate: grants, upcast: today, versions, capacity: 10_000 })

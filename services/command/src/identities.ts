import {
  type Account,
  type AccountCommand,
  type AccountEvent,
  type Principal,
  account,
  principal,
} from '@keyledger/iam'
import { type EventLog, type Recorded, type Repository, fold } from '@keyledger/ledger'
import type { Identities } from './world.ts'

const pageSize = 1000

/**
 * All accounts' identities in memory, kept live by the ledger's feed: they are few and asked for at every request.
 * Loads them from the ledger first.
 */
export const identities = async (
  log: EventLog,
  accounts: Repository<Account, AccountCommand>,
): Promise<Identities & Disposable & { accountIds(): readonly string[] }> => {
  const folds = new Map<string, Account>()
  const principals = new Map<string, Principal>()

  const apply = (events: readonly Recorded[]) => {
    for (const event of events) {
      const before = folds.get(event.stream) ?? account.initial
      // The category holds nothing else; `fold` throws for a type it does not know.
      const state = fold<Account, AccountCommand, AccountEvent>(account, before, [event as unknown as AccountEvent])
      folds.set(event.stream, state)
      for (const accessKeyId of Object.keys(state.accessKeys)) {
        const known = principal(state, accessKeyId)
        if (known) principals.set(accessKeyId, known)
      }
    }
  }

  const feed = log.subscribe(['account'], apply)
  for (let after = 0; ;) {
    const page = await log.all({ after, categories: ['account'], limit: pageSize })
    apply(page)
    if (page.length < pageSize) break
    after = page.at(-1)!.position
  }
  const accountIds = () => [...folds.values()].flatMap(({ id }) => id ?? [])
  return { accounts, accountIds, principal: (id) => principals.get(id), [Symbol.dispose]: () => feed[Symbol.dispose]() }
}

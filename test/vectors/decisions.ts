import type { Caller, ContextValue, PolicyType } from '@keyledger/iam'
import type { Document } from '../model/policy-interpreter.ts'
import table from './decisions.json' with { type: 'json' }

/** A row of decisions.json. */
export interface Row {
  readonly name: string
  readonly keyPolicy: Document | string | null
  readonly principalIds?: Readonly<Record<string, string>>
  readonly identityPolicies: readonly (Document | string)[]
  readonly sessionPolicies?: readonly (Document | string)[]
  readonly caller: string
  readonly action: string
  readonly resource?: string
  readonly context?: Readonly<Record<string, ContextValue | null>>
  readonly grant?: string
  readonly simulate?: string
  readonly expected:
    | { readonly allowed: true; readonly by: 'key policy' | 'identity policy' | 'grant' }
    | { readonly allowed: false; readonly explicit: boolean; readonly policyType?: PolicyType }
}
type Values = Readonly<Record<string, ContextValue | null>>
/** A caller of the table: all but his policies, and the condition keys that come with him. */
type Person = Omit<Caller, 'identityPolicies' | 'sessionPolicies'> & { readonly context: Values }

const {
  documents,
  callers: people,
  account,
  key,
} = table as unknown as {
  readonly documents: Readonly<Record<string, Document>>
  readonly callers: Readonly<Record<string, Person>>
  readonly account: string
  readonly key: string
}
export { people }
export const rows = table.rows as unknown as readonly Row[]

const documentOf = (named: Document | string): Document => {
  const document = typeof named === 'string' ? documents[named] : named
  if (!document) throw new Error(`no document is called ${String(named)}`)
  return document
}

/** A row with its names resolved and its context laid over the caller's. */
export const questionOf = (row: Row) => {
  const caller = people[row.caller]
  if (!caller) throw new Error(`nobody is called ${row.caller}`)
  const values: Values = { ...(table.context as Values), ...caller.context, ...row.context }
  return {
    caller,
    account,
    action: row.action,
    resource: row.resource ?? key,
    values,
    context: (name: string) => values[name] ?? undefined,
    keyDocument: row.keyPolicy === null ? undefined : documentOf(row.keyPolicy),
    identityDocuments: row.identityPolicies.map(documentOf),
    sessionDocuments: row.sessionPolicies?.map(documentOf),
  }
}

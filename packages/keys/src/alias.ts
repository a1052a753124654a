import { acceptableAliasName } from './arn.ts'
import type { Aggregate } from './decider.ts'
import { fault } from './fault.ts'

/** One alias. It is unique because its stream is; after a deletion the same name may be created again. */
export interface Alias {
  /** `alias/...` */
  readonly name: string
  /** The id of the key it points at; undefined if there is no such alias. */
  readonly targetKeyId: string | undefined
  readonly createdAt: number
  readonly updatedAt: number
}

interface Named {
  readonly now: number
  readonly arn: string
  readonly name: string
}
/** The target that the command was authorized for: an alias that points elsewhere by now is left as it is. */
interface From {
  readonly from: string
}
export type AliasCommand =
  | ({ readonly type: 'CreateAlias'; readonly targetKeyId: string } & Named)
  | ({ readonly type: 'UpdateAlias'; readonly targetKeyId: string } & Named & From)
  | ({ readonly type: 'DeleteAlias' } & Named & From)

export type AliasEvent =
  | {
      readonly type: 'AliasCreated'
      readonly data: { readonly name: string; readonly targetKeyId: string; readonly createdAt: number }
    }
  | { readonly type: 'AliasUpdated'; readonly data: { readonly targetKeyId: string; readonly updatedAt: number } }
  | { readonly type: 'AliasDeleted'; readonly data: object }

const initial: Alias = Object.freeze({ name: '', targetKeyId: undefined, createdAt: 0, updatedAt: 0 })

/**
 * The aggregate of one alias stream. What concerns the target (its state, its kind, how many aliases it has) is
 * another stream's business and decided before.
 */
export const alias: Aggregate<Alias, AliasCommand, AliasEvent> = {
  initial,
  decide: {
    CreateAlias: (state, { now, arn, name, targetKeyId }) => {
      if (acceptableAliasName(name).startsWith('alias/aws/')) throw fault('aliasReserved')
      if (state.targetKeyId !== undefined) throw fault('aliasExists', arn)
      return [{ type: 'AliasCreated', data: { name, targetKeyId, createdAt: now } }]
    },
    UpdateAlias: (state, { now, arn, from, targetKeyId }) => {
      if (state.targetKeyId === undefined) throw fault('aliasNotFound', arn)
      if (state.targetKeyId !== from) return []
      return from === targetKeyId ? [] : [{ type: 'AliasUpdated', data: { targetKeyId, updatedAt: now } }]
    },
    DeleteAlias: (state, { arn, from }) => {
      if (state.targetKeyId === undefined) throw fault('aliasNotFound', arn)
      return state.targetKeyId !== from ? [] : [{ type: 'AliasDeleted', data: {} }]
    },
  },
  evolve: {
    AliasCreated: (_, { data: { name, targetKeyId, createdAt } }) => ({
      name,
      targetKeyId,
      createdAt,
      updatedAt: createdAt,
    }),
    AliasUpdated: (state, { data: { targetKeyId, updatedAt } }) => ({ ...state, targetKeyId, updatedAt }),
    AliasDeleted: () => initial,
  },
}

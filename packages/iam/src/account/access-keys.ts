import { iamFault } from '../iam-fault.ts'
import { entriesOf, named, withName, withoutName } from './names.ts'
import type { AccessKey, AccessKeyStatus, Account, Slice } from './state.ts'
import { userOf } from './users.ts'

interface OfUser {
  readonly userName: string
  /** `AKIA...` */
  readonly accessKeyId: string
}
export type AccessKeyCommand =
  | ({ readonly type: 'CreateAccessKey'; readonly now: number } & OfUser)
  | ({ readonly type: 'UpdateAccessKey'; readonly status: AccessKeyStatus } & OfUser)
  | ({ readonly type: 'DeleteAccessKey' } & OfUser)

export type AccessKeyEvent =
  | { readonly type: 'AccessKeyCreated'; readonly data: OfUser & { readonly createdAt?: number } }
  | { readonly type: 'AccessKeyUpdated'; readonly data: OfUser & { readonly status: AccessKeyStatus } }
  | { readonly type: 'AccessKeyDeleted'; readonly data: OfUser }

/** IAM user guide, "IAM and AWS STS quotas". */
const maxAccessKeys = 2

/** Ids of a user's access keys, oldest first. */
export const accessKeysOf = ({ accessKeys }: Account, userName: string): readonly string[] =>
  [...entriesOf(accessKeys)]
    .filter(([, key]) => key.userName === userName)
    .toSorted(([one, { createdAt: a }], [other, { createdAt: b }]) => a - b || (one < other ? -1 : 1))
    .map(([id]) => id)

/** The access key, if it is this user's; throws NoSuchEntity. */
const accessKeyOf = (state: Account, { userName, accessKeyId }: OfUser): AccessKey => {
  const key = named(state.accessKeys, accessKeyId)
  if (userOf(state, userName).name !== key?.userName) throw iamFault('accessKeyNotFound', accessKeyId)
  return key
}

export const accessKeys: Slice<AccessKeyCommand, AccessKeyEvent> = {
  decide: {
    CreateAccessKey: (state, { now, userName, accessKeyId }) => {
      userOf(state, userName)
      if (named(state.accessKeys, accessKeyId)) throw iamFault('accessKeyExists', accessKeyId)
      if (accessKeysOf(state, userName).length >= maxAccessKeys)
        throw iamFault('tooMany', 'AccessKeysPerUser', maxAccessKeys)
      return [{ type: 'AccessKeyCreated', data: { userName, accessKeyId, createdAt: now } }]
    },
    UpdateAccessKey: (state, { userName, accessKeyId, status }) =>
      accessKeyOf(state, { userName, accessKeyId }).status === status
        ? []
        : [{ type: 'AccessKeyUpdated', data: { userName, accessKeyId, status } }],
    DeleteAccessKey: (state, { userName, accessKeyId }) => {
      accessKeyOf(state, { userName, accessKeyId })
      return [{ type: 'AccessKeyDeleted', data: { userName, accessKeyId } }]
    },
  },
  evolve: {
    AccessKeyCreated: (state, { data: { userName, accessKeyId, createdAt = 0 } }) => ({
      ...state,
      accessKeys: withName(state.accessKeys, accessKeyId, { userName, status: 'Active', createdAt }),
    }),
    AccessKeyUpdated: (state, { data: { accessKeyId, status } }) => {
      const key = named(state.accessKeys, accessKeyId)
      if (!key) throw new Error(`an event of access key ${accessKeyId}, which is not in the account`)
      return { ...state, accessKeys: withName(state.accessKeys, accessKeyId, { ...key, status }) }
    },
    AccessKeyDeleted: (state, { data: { accessKeyId } }) => ({
      ...state,
      accessKeys: withoutName(state.accessKeys, accessKeyId),
    }),
  },
}

import { type AccessKey, type Role, type Tag, type User, roleArn, userArn } from '@keyledger/iam'
import { shownPolicy } from '../principals.ts'
import type { Identities } from '../world.ts'
import { urlEncoded } from './documents.ts'

const tagged = (tags: readonly Tag[]) =>
  tags.length === 0 ? undefined : tags.map(({ key, value }) => ({ Key: key, Value: value }))

/** A user as IAM answers one; lists leave the tags out. */
export const userAnswer = (accountId: string, user: User) => ({
  Path: user.path,
  UserName: user.name,
  UserId: user.userId,
  Arn: userArn(accountId, user),
  CreateDate: new Date(user.createdAt),
})
export const wholeUser = (accountId: string, user: User) => ({
  ...userAnswer(accountId, user),
  Tags: tagged(user.tags),
})

/** A role as IAM answers one; lists leave the tags out. */
export const roleAnswer = (accountId: string, role: Role, identities: Pick<Identities, 'uniqueId'>) => ({
  Path: role.path,
  RoleName: role.name,
  RoleId: role.roleId,
  Arn: roleArn(accountId, role),
  CreateDate: new Date(role.createdAt),
  AssumeRolePolicyDocument: urlEncoded(shownPolicy(identities, role.trustPolicy, role.principalIds)),
  Description: role.description,
  MaxSessionDuration: role.maxSessionDuration,
})
export const wholeRole = (accountId: string, role: Role, identities: Pick<Identities, 'uniqueId'>) => ({
  ...roleAnswer(accountId, role, identities),
  Tags: tagged(role.tags),
})

export const accessKeyAnswer = (accessKeyId: string, { userName, status, createdAt }: AccessKey) => ({
  UserName: userName,
  AccessKeyId: accessKeyId,
  Status: status,
  CreateDate: new Date(createdAt),
})

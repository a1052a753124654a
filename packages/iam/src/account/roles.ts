import { iamFault } from '../iam-fault.ts'
import { named, withName, withoutName } from './names.ts'
import { sizedPolicies, sizedTrustPolicy } from './policies.ts'
import {
  type Account,
  type Role,
  type Slice,
  type Table,
  type Tag,
  isEmpty,
  made,
  none,
  put,
  table,
  without,
} from './state.ts'
import { acceptableTags } from './tags.ts'
import { isTaken } from './users.ts'

interface Trust {
  readonly trustPolicy: string
  /** Unique ids of the users and roles that the policy names, by ARN. */
  readonly principalIds: Table<string>
}
interface Described {
  readonly roleName: string
  /** `AROA...` */
  readonly roleId: string
  readonly path: string
  readonly description?: string | undefined
  /** Seconds. */
  readonly maxSessionDuration: number
  readonly tags: readonly Tag[]
}

export type RoleCommand =
  | ({ readonly type: 'CreateRole'; readonly now: number } & Described & Trust)
  | { readonly type: 'DeleteRole'; readonly roleName: string }
  | ({ readonly type: 'UpdateAssumeRolePolicy'; readonly roleName: string } & Trust)
  | {
      readonly type: 'PutRolePolicy'
      readonly roleName: string
      readonly policyName: string
      readonly document: string
    }
  | { readonly type: 'DeleteRolePolicy'; readonly roleName: string; readonly policyName: string }

export type RoleEvent =
  | { readonly type: 'RoleCreated'; readonly data: Described & Trust & { readonly createdAt: number } }
  | { readonly type: 'RoleDeleted'; readonly data: { readonly roleName: string } }
  | { readonly type: 'AssumeRolePolicyUpdated'; readonly data: { readonly roleName: string } & Trust }
  | {
      readonly type: 'RolePolicyPut'
      readonly data: { readonly roleName: string; readonly policyName: string; readonly document: string }
    }
  | { readonly type: 'RolePolicyDeleted'; readonly data: { readonly roleName: string; readonly policyName: string } }

/** IAM user guide, "IAM and AWS STS quotas". */
const maxRoles = 1_000

/** The role of that name; throws NoSuchEntity. */
export const roleOf = ({ roles }: Account, name: string): Role => {
  const role = named(roles, name)
  if (!role) throw iamFault('roleNotFound', name)
  return role
}

const sameIds = (one: Table<string>, other: Table<string>): boolean =>
  Object.keys(one).length === Object.keys(other).length && Object.keys(one).every((arn) => one[arn] === other[arn])

const changed = (state: Account, name: string, change: (role: Role) => Role): Account => {
  const role = named(state.roles, name)
  if (!role) throw new Error(`an event of role ${name}, which is not in the account`)
  return { ...state, roles: withName(state.roles, name, change(role)) }
}

/** What of a command its event says. */
const described = (role: Described & Trust): Described & Trust => {
  const { roleName, roleId, path, description, maxSessionDuration, tags, trustPolicy, principalIds } = role
  return { roleName, roleId, path, description, maxSessionDuration, tags, trustPolicy, principalIds }
}

export const roles: Slice<RoleCommand, RoleEvent> = {
  decide: {
    CreateRole: (state, { now, ...role }) => {
      made(state)
      if (isTaken(state.roles, role.roleName)) throw iamFault('roleExists', role.roleName)
      if (state.roles.size >= maxRoles) throw iamFault('tooMany', 'RolesPerAccount', maxRoles)
      sizedTrustPolicy(role.trustPolicy)
      acceptableTags(role.tags)
      return [{ type: 'RoleCreated', data: { ...described(role), createdAt: now } }]
    },
    DeleteRole: (state, { roleName }) => {
      if (!isEmpty(roleOf(state, roleName).policies)) throw iamFault('policiesLeft')
      return [{ type: 'RoleDeleted', data: { roleName } }]
    },
    UpdateAssumeRolePolicy: (state, { roleName, trustPolicy, principalIds }) => {
      const role = roleOf(state, roleName)
      sizedTrustPolicy(trustPolicy)
      if (role.trustPolicy === trustPolicy && sameIds(role.principalIds, principalIds)) return []
      return [{ type: 'AssumeRolePolicyUpdated', data: { roleName, trustPolicy, principalIds } }]
    },
    PutRolePolicy: (state, { roleName, policyName, document }) => {
      const { policies } = roleOf(state, roleName)
      sizedPolicies('role', roleName, policies, policyName, document)
      return policies[policyName] === document
        ? []
        : [{ type: 'RolePolicyPut', data: { roleName, policyName, document } }]
    },
    DeleteRolePolicy: (state, { roleName, policyName }) => {
      if (roleOf(state, roleName).policies[policyName] === undefined) throw iamFault('rolePolicyNotFound', policyName)
      return [{ type: 'RolePolicyDeleted', data: { roleName, policyName } }]
    },
  },
  evolve: {
    RoleCreated: (state, { data: { roleName, description, principalIds, ...rest } }) => ({
      ...state,
      roles: withName(state.roles, roleName, {
        name: roleName,
        description,
        principalIds: table(principalIds),
        ...rest,
        policies: none,
      }),
    }),
    RoleDeleted: (state, { data: { roleName } }) => ({ ...state, roles: withoutName(state.roles, roleName) }),
    AssumeRolePolicyUpdated: (state, { data: { roleName, trustPolicy, principalIds } }) =>
      changed(state, roleName, (role) => ({ ...role, trustPolicy, principalIds: table(principalIds) })),
    RolePolicyPut: (state, { data: { roleName, policyName, document } }) =>
      changed(state, roleName, (role) => ({ ...role, policies: put(role.policies, policyName, document) })),
    RolePolicyDeleted: (state, { data: { roleName, policyName } }) =>
      changed(state, roleName, (role) => ({ ...role, policies: without(role.policies, policyName) })),
  },
}

import type { Row } from '../operation.ts'
import { CreateAccessKey } from './CreateAccessKey.ts'
import { CreateAccount } from './CreateAccount.ts'
import { CreateRole } from './CreateRole.ts'
import { CreateUser } from './CreateUser.ts'
import { DeleteAccessKey } from './DeleteAccessKey.ts'
import { DeleteRole } from './DeleteRole.ts'
import { DeleteRolePolicy } from './DeleteRolePolicy.ts'
import { DeleteUser } from './DeleteUser.ts'
import { DeleteUserPolicy } from './DeleteUserPolicy.ts'
import { GetRole } from './GetRole.ts'
import { GetRolePolicy } from './GetRolePolicy.ts'
import { GetUser } from './GetUser.ts'
import { GetUserPolicy } from './GetUserPolicy.ts'
import { ListAccessKeys } from './ListAccessKeys.ts'
import { ListRolePolicies } from './ListRolePolicies.ts'
import { ListRoles } from './ListRoles.ts'
import { ListUserPolicies } from './ListUserPolicies.ts'
import { ListUsers } from './ListUsers.ts'
import { PutRolePolicy } from './PutRolePolicy.ts'
import { PutUserPolicy } from './PutUserPolicy.ts'
import { UpdateAccessKey } from './UpdateAccessKey.ts'
import { UpdateAssumeRolePolicy } from './UpdateAssumeRolePolicy.ts'

/** The table of IAM operations. */
export const iam = {
  CreateAccessKey,
  CreateAccount,
  CreateRole,
  CreateUser,
  DeleteAccessKey,
  DeleteRole,
  DeleteRolePolicy,
  DeleteUser,
  DeleteUserPolicy,
  GetRole,
  GetRolePolicy,
  GetUser,
  GetUserPolicy,
  ListAccessKeys,
  ListRolePolicies,
  ListRoles,
  ListUserPolicies,
  ListUsers,
  PutRolePolicy,
  PutUserPolicy,
  UpdateAccessKey,
  UpdateAssumeRolePolicy,
} as const satisfies Record<string, Row>

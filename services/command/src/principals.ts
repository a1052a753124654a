import { named, renamedPrincipals } from '@keyledger/iam'
import { type PrincipalIds, fault } from '@keyledger/keys'
import type { Identities } from './world.ts'

/** Somebody whom a request names: by ARN, and by an opaque id that no namesake will ever have. */
export interface NamedPrincipal {
  readonly arn: string
  /** Of users, roles and sessions of roles; none of accounts. */
  readonly id?: string
}

// arn:aws:iam::<account>:root|user/...|role/... or arn:aws:sts::<account>:assumed-role/<role>/<session>|federated-user/<name>
const principalArn = /^arn:aws:(iam|sts)::(\d{12}):(?:(root)|(user|role|assumed-role|federated-user)\/(.+))$/
const accountId = /^\d{12}$/

const sessionOf = (identities: Identities, account: string, path: string): string | undefined => {
  const [role = '', session, ...more] = path.split('/')
  const owner = identities.account(account)
  const roleId = owner && named(owner.roles, role)?.roleId
  return roleId && session && more.length === 0 ? `${roleId}:${session}` : undefined
}

/** Who is meant by an ARN or an account id; undefined if there is nobody of that name. */
export const principalNamed = (identities: Identities, name: string): NamedPrincipal | undefined => {
  const arn = accountId.test(name) ? `arn:aws:iam::${name}:root` : name
  const [, service, account = '', root, kind, path = ''] = principalArn.exec(arn) ?? []
  if (service === undefined || identities.account(account)?.id === undefined) return undefined
  if (root !== undefined) return service === 'iam' ? { arn } : undefined
  if (service === 'sts' && kind === 'federated-user') return { arn }
  const named = service === 'sts' && kind === 'assumed-role' ? sessionOf(identities, account, path) : undefined
  const id = service === 'iam' ? identities.uniqueId(arn) : named
  return id === undefined ? undefined : { arn, id }
}

/** The same, but whoever is not there is refused with InvalidArnException. */
export const principalThere = (identities: Identities, name: string): NamedPrincipal => {
  const found = principalNamed(identities, name)
  if (!found) throw fault('invalidPrincipal', name)
  return found
}

/** The name by which a grant knows whom a request names: an opaque id is one already. */
export const partyNamed = (identities: Identities, name: string): string => {
  const found = principalNamed(identities, name)
  return found?.id ?? found?.arn ?? name
}

/** How a principal is shown: by ARN as long as it is there, by its opaque id for ever after. */
export const shownPrincipal = (
  identities: Identities,
  arn: string | undefined,
  id: string | undefined,
): string | undefined => {
  if (arn === undefined || id === undefined) return arn
  const [owner = ''] = id.split(':')
  return identities.arnOf(owner) === undefined ? id : arn
}

/** A policy as it is shown: who is gone is called by the unique id, as a namesake is somebody else. */
export const shownPolicy = (
  identities: Pick<Identities, 'uniqueId'>,
  policy: string,
  principals: PrincipalIds = {},
): string => {
  const gone = Object.entries(principals).filter(([arn, id]) => identities.uniqueId(arn) !== id)
  return gone.length === 0 ? policy : renamedPrincipals(policy, new Map(gone))
}

/** The account of an ARN or an account id; undefined of anything else. */
export const accountOf = (name: string): string | undefined =>
  accountId.test(name) ? name : principalArn.exec(name)?.[2]

import { PolicyFault } from './fault.ts'

/** Whom a statement is about. Everyone, written `"*"` or `{"AWS": "*"}`, is AWS `*`. */
export interface PolicyPrincipal {
  readonly type: 'AWS' | 'Service' | 'Federated'
  readonly id: string
}

const everyone: readonly PolicyPrincipal[] = Object.freeze([Object.freeze({ type: 'AWS', id: '*' })])

/** The principals of a Principal or NotPrincipal element, one at least. Throws PolicyFault. */
export const principals = (value: unknown): readonly PolicyPrincipal[] => {
  if (value === '*') return everyone
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw PolicyFault.invalidPrincipal('A principal is "*" or an object')
  const found = Object.entries(value).flatMap(([type, ids]) =>
    (Array.isArray(ids) ? (ids as unknown[]) : [ids]).map((id) => principal(type, id)),
  )
  if (found.length === 0) throw PolicyFault.noPrincipal()
  return found
}

const principal = (type: string, id: unknown): PolicyPrincipal => {
  if (type !== 'AWS' && type !== 'Service' && type !== 'Federated')
    throw PolicyFault.invalidPrincipal('A principal is an AWS, Service or Federated one')
  if (typeof id !== 'string' || !valid[type](id)) throw PolicyFault.invalidPrincipal(`${type} names no valid principal`)
  return { type, id }
}

const every = (text: string, is: (code: number) => boolean): boolean => {
  for (let index = 0; index < text.length; index++) if (!is(text.charCodeAt(index))) return false
  return text.length > 0
}
const isDigit = (code: number) => code >= 0x30 && code <= 0x39
const isLower = (code: number) => code >= 0x61 && code <= 0x7a
const isDash = (code: number) => code === 0x2d
const isPartition = (text: string) => every(text, (code) => isLower(code) || isDash(code)) && text.startsWith('aws')
const isAccount = (text: string) => text.length === 12 && every(text, isDigit)
const isUpperOrDigit = (code: number) => isDigit(code) || (code >= 0x41 && code <= 0x5a)
/** `AIDA...` of a user, `AROA...` of a role: AWS shows them for who is gone. Whether they stand for anyone is not checked here. */
const isUniqueId = (text: string) =>
  (text.startsWith('AIDA') || text.startsWith('AROA')) &&
  text.length >= 16 &&
  text.length <= 128 &&
  every(text, isUpperOrDigit)
const isHostCharacter = (code: number) =>
  isLower(code) || isDigit(code) || isDash(code) || (code >= 0x41 && code <= 0x5a)
/** `sns.amazonaws.com`, `accounts.google.com` */
const isHost = (text: string): boolean => {
  const labels = text.split('.')
  return labels.length > 1 && labels.every((label) => every(label, isHostCharacter))
}
// IAM takes any printable ASCII in a path, but a principal never holds a wildcard: one that did would be read as text.
const isPath = (text: string) =>
  every(text, (code) => code > 0x20 && code < 0x7f && code !== 0x2a && code !== 0x3f) && !text.endsWith('/')

/** Resource kinds by service; IAM groups are no principals. */
const resources: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ['iam', new Set(['user', 'role'])],
  ['sts', new Set(['assumed-role', 'federated-user'])],
])
const providers: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ['iam', new Set(['saml-provider', 'oidc-provider'])],
])

/** `arn:<partition>:<service>::<account>:<kind>/<path>`, of one of the kinds; gives kind and path. */
const arn = (text: string, kinds: ReadonlyMap<string, ReadonlySet<string>>): readonly [string, string] | undefined => {
  const [prefix, partition = '', service = '', region, account = '', ...rest] = text.split(':')
  if (prefix !== 'arn' || !isPartition(partition) || region !== '' || !isAccount(account)) return undefined
  const resource = rest.join(':')
  if (resource === 'root' && service === 'iam') return ['root', '']
  const slash = resource.indexOf('/')
  const kind = resource.slice(0, Math.max(slash, 0))
  const path = resource.slice(slash + 1)
  return kinds.get(service)?.has(kind) && isPath(path) ? [kind, path] : undefined
}

const isAssumedRole = (path: string) => path.split('/').length === 2 && path.split('/').every((part) => part !== '')

const valid: Readonly<Record<PolicyPrincipal['type'], (id: string) => boolean>> = {
  AWS: (id) => {
    if (id === '*' || isAccount(id) || isUniqueId(id)) return true
    const [kind, path = ''] = arn(id, resources) ?? []
    return kind === 'assumed-role' ? isAssumedRole(path) : kind !== undefined
  },
  Service: isHost,
  Federated: (id) => isHost(id) || (arn(id, providers)?.[0] ?? 'root') !== 'root',
}

import { type Caller, type Decision, type Question, decide, identityPolicy, keyPolicy } from '@keyledger/iam'
import { type Grants, decide as decideGrant, fold, grants, matchingGrant } from '@keyledger/keys'
import { median } from './processes.ts'
import { bench } from './settings.ts'

const { account, region } = bench
const arn = `arn:aws:kms:${region}:${account}:key/${bench.keyIds[0]}`
const userArn = (name: string) => `arn:aws:iam::${account}:user/${name}`
const userId = 'AIDABENCH00000000001'
const tenant = 'tenant-7'
const encryptionContext = { tenant }

/** All statements are about the action; the last is the one that lets in. */
const statements = (count: number, own: object) =>
  Array.from({ length: count }, (_, at) => ({
    Effect: 'Allow',
    Action: ['kms:Encrypt', 'kms:Decrypt', 'kms:GenerateDataKey*'],
    Resource: '*',
    Condition: { StringEquals: { 'kms:EncryptionContext:tenant': at === count - 1 ? tenant : `not-${at}` } },
    ...own,
  }))
const documentOf = (...list: readonly object[]) => JSON.stringify({ Version: '2012-10-17', Statement: list })
const delegation = { Effect: 'Allow', Principal: { AWS: account }, Action: 'kms:*', Resource: '*' }
const guard = {
  Effect: 'Deny',
  Principal: '*',
  Action: '*',
  Resource: '*',
  Condition: { Bool: { 'aws:SecureTransport': 'false' } },
}

const context = (key: string) =>
  key === 'kms:encryptioncontext:tenant' ? tenant : key === 'aws:securetransport' ? 'true' : undefined

const callerWith = (policies: readonly string[]): Caller => ({
  principal: { type: 'IAMUser', principalId: userId, arn: userArn('bench'), accountId: account },
  arn: userArn('bench'),
  accountId: account,
  names: [userId, userArn('bench')],
  sessionNames: [],
  principalArn: userArn('bench'),
  principalType: 'User',
  userId,
  userName: 'bench',
  tags: {},
  identityPolicies: policies.map(identityPolicy),
  sessionPolicies: undefined,
  issuedAt: undefined,
})
const question = (policy: string, identityPolicies: readonly string[] = [], grant?: Question['grant']): Question => ({
  caller: callerWith(identityPolicies),
  keyPolicy: keyPolicy(policy),
  account,
  action: 'kms:Encrypt',
  resource: arn,
  context,
  grant,
})

/** A key whose grants are all for other users, or other contexts, but for one. */
const withGrants = (count: number): Grants => {
  let state = grants.initial
  for (let at = 0; at < count; at++) {
    const isOwn = at === count - 1
    const other = at % 2 === 0 ? `user-${at}` : 'bench'
    const [event] = decideGrant(grants, state, {
      type: 'CreateGrant',
      now: at,
      arn,
      spec: 'SYMMETRIC_DEFAULT',
      usage: 'ENCRYPT_DECRYPT',
      grantId: at.toString(16).padStart(64, '0'),
      name: '',
      granteePrincipal: userArn(isOwn ? 'bench' : other),
      granteeId: isOwn || other === 'bench' ? userId : `AIDAOTHER${at}`,
      issuingAccount: account,
      operations: ['Encrypt', 'Decrypt'],
      constraints: { EncryptionContextEquals: { tenant: isOwn ? tenant : `not-${at}` } },
    })
    state = fold(grants, state, [event!])
  }
  return state
}
const byGrant = (state: Grants): Question => {
  const asked: Question = question(documentOf(...statements(10, { Principal: { AWS: userArn('other') } })))
  const { names } = asked.caller
  return { ...asked, grant: () => matchingGrant(state, names, 'Encrypt', encryptionContext)?.grantId }
}

const rounds = 7
const each = 200_000

/** Microseconds a decision: the median of the rounds, the first one not counted. */
const measured = (asked: Question, expected: Decision): number => {
  const decision = decide(asked)
  if (JSON.stringify(decision) !== JSON.stringify(expected)) throw new Error(`decided ${JSON.stringify(decision)}`)
  const times: number[] = []
  for (let round = 0; round <= rounds; round++) {
    let allowed = 0
    const began = performance.now()
    for (let i = 0; i < each; i++) if (decide(asked).allowed) allowed++
    times.push(((performance.now() - began) * 1000) / each)
    if (allowed !== (expected.allowed ? each : 0)) throw new Error('decided otherwise')
  }
  return median(times.slice(1))
}

/** What a decision costs: by the number of statements that must all be looked at, and by the number of grants. */
export const decisions = async (): Promise<void> => {
  const line = (name: string, count: number | string, microseconds: number) =>
    console.log(`${name.padEnd(48)} ${String(count).padStart(7)} ${microseconds.toFixed(2).padStart(10)}`)
  console.log(`${'microseconds a decision'.padEnd(48)} ${'number'.padStart(7)} ${'us'.padStart(10)}\n`)
  const byKeyPolicy: Decision = { allowed: true, by: 'key policy' }
  const byIdentity: Decision = { allowed: true, by: 'identity policy' }
  const noPolicy: Decision = { allowed: false, explicit: false, policyType: 'resource-based' }
  for (const count of [1, 10, 100]) {
    const own = statements(count, { Principal: { AWS: userArn('bench') } })
    line('statements of a key policy', count, measured(question(documentOf(...own)), byKeyPolicy))
    const identity = [documentOf(...statements(count, {}))]
    line(
      'statements of an identity policy, by delegation',
      count,
      measured(question(documentOf(delegation), identity), byIdentity),
    )
    line('statements of a key policy, after a Deny', count, measured(question(documentOf(guard, ...own)), byKeyPolicy))
  }
  line('grants, after 10 statements that do not allow', 0, measured(byGrant(grants.initial), noPolicy))
  for (const count of [5, 100, 50_000]) {
    const expected: Decision = { allowed: true, by: 'grant', grantId: (count - 1).toString(16).padStart(64, '0') }
    line('grants, after 10 statements that do not allow', count, measured(byGrant(withGrants(count)), expected))
  }
}

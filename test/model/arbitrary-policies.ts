import { Ambiguous, type ContextValue } from '@keyledger/iam'
import * as fc from 'fast-check'
import table from '../vectors/decisions.json' with { type: 'json' }
import { people } from '../vectors/decisions.ts'
import type { Document, Statement } from './policy-interpreter.ts'

/** Random policies and requests out of so few names and values that they often have to do with each other. */
type Kind = 'key' | 'identity'
type Values = Readonly<Record<string, ContextValue | Ambiguous>>

const { account, key } = table
const other = '444455556666'
const names = [
  account,
  other,
  `arn:aws:iam::${account}:root`,
  `arn:aws:iam::${other}:root`,
  ...Object.values(people).flatMap(({ arn, principalType, principalArn }) =>
    principalType === 'Account' ? [] : [arn, principalArn],
  ),
]
/** Sometimes one, sometimes several. */
const oneOrMore = <T>(one: fc.Arbitrary<T>): fc.Arbitrary<T | T[]> =>
  fc.oneof(one, fc.array(one, { minLength: 1, maxLength: 3 }))

const principal = fc.oneof(
  { weight: 1, arbitrary: fc.constant<'*'>('*') },
  { weight: 6, arbitrary: fc.record({ AWS: oneOrMore(fc.constantFrom(...names)) }) },
  { weight: 1, arbitrary: fc.constantFrom({ AWS: '*' }, { Service: 's3.amazonaws.com' }) },
)
// prettier-ignore
const action = fc.constantFrom(
  'kms:*', 'kms:*', '*', 'kms:Encrypt', 'kms:Encrypt', 'kms:encrypt', 'kms:Decrypt', 'kms:*crypt*', 'kms:?ncrypt', 'kms:E*t', 's3:*',
)
const resource = fc.constantFrom(
  '*',
  '*',
  key,
  `${key.slice(0, -4)}*`,
  `arn:aws:kms:*:${account}:key/*`,
  'arn:aws:kms:*:*:alias/${aws:username}/*',
  "arn:aws:kms:*:*:alias/${aws:PrincipalTag/team, 'red'}/?",
  'arn:aws:kms:*',
)

// ---- conditions

interface Family {
  readonly operators: readonly string[]
  readonly keys: readonly string[]
  readonly wanted: fc.Arbitrary<string | number | boolean>
  readonly given: fc.Arbitrary<string>
}
const texts = ['a', 'A', 'b', 'ab', 'blue', 'alice', 'a*', '', '${aws:username}']
const moments = [
  '2026-11-24T10:00:00Z',
  '2026-11-24',
  '2026-11-24T11:00:00+01:00',
  '2027-01-01T00:00:00Z',
  '1795514400',
]
const arns = ['arn:aws:iam::111122223333:user/alice', 'arn:aws:sns:eu-west-1:444455556666:a:b', 'arn:aws:s3:::x']
const families: readonly Family[] = [
  {
    operators: [
      'StringEquals',
      'StringNotEquals',
      'StringEqualsIgnoreCase',
      'StringNotEqualsIgnoreCase',
      'StringLike',
      'StringNotLike',
    ],
    keys: [
      'kms:ViaService',
      'kms:EncryptionContext:Tenant',
      'aws:PrincipalTag/team',
      'aws:TagKeys',
      'kms:GrantOperations',
    ],
    wanted: fc.constantFrom(
      ...texts,
      'a?',
      '*',
      '?*',
      '*b*',
      '${aws:PrincipalTag/team}',
      "${aws:userName, 'a'}*",
      '${*}',
      'a${?}',
      '${aws:TagKeys}',
    ),
    given: fc.constantFrom(...texts),
  },
  {
    operators: [
      'NumericEquals',
      'NumericNotEquals',
      'NumericLessThan',
      'NumericLessThanEquals',
      'NumericGreaterThan',
      'NumericGreaterThanEquals',
    ],
    keys: ['kms:RotationPeriodInDays', 'aws:MultiFactorAuthAge'],
    wanted: fc.constantFrom('7', '30', 7, 30, '7.0', '-1'),
    given: fc.constantFrom('7', '30', '8', '-1', '07', 'seven'),
  },
  {
    operators: [
      'DateEquals',
      'DateNotEquals',
      'DateLessThan',
      'DateLessThanEquals',
      'DateGreaterThan',
      'DateGreaterThanEquals',
    ],
    keys: ['aws:CurrentTime', 'aws:TokenIssueTime'],
    wanted: fc.constantFrom(...moments),
    given: fc.constantFrom(...moments, 'today'),
  },
  {
    operators: ['Bool'],
    keys: ['aws:SecureTransport', 'kms:GrantIsForAWSResource'],
    wanted: fc.constantFrom('true', 'false', true, false),
    given: fc.constantFrom('true', 'false', 'maybe'),
  },
  {
    operators: ['BinaryEquals'],
    keys: ['example:blob'],
    wanted: fc.constantFrom('QUJD', 'QUJE'),
    given: fc.constantFrom('QUJD', 'QUJE'),
  },
  {
    operators: ['IpAddress', 'NotIpAddress'],
    keys: ['aws:SourceIp'],
    wanted: fc.constantFrom(
      '10.0.0.0/8',
      '10.1.2.3',
      '0.0.0.0/0',
      '10.1.2.2/31',
      '2001:db8::/32',
      '2001:DB8:0:0::1',
      '::/0',
    ),
    given: fc.constantFrom('10.1.2.3', '10.200.0.1', '192.0.2.1', '2001:db8::1', '2001:db9::1', 'here'),
  },
  {
    operators: ['ArnEquals', 'ArnNotEquals', 'ArnLike', 'ArnNotLike'],
    keys: ['aws:PrincipalArn', 'aws:SourceArn'],
    wanted: fc.constantFrom(
      ...arns,
      'arn:aws:iam::*:user/*',
      'arn:*:*:*:*:*',
      'arn:aws:s??:*:*:a:*',
      'arn:aws:iam::111122223333:user/${aws:username}',
    ),
    given: fc.constantFrom(...arns, 'x'),
  },
]

/** `ForAllValues` of an encryption context key is what no key policy may ask. */
const isRefused = (quantifier: string, name: string, kind: Kind) =>
  kind === 'key' && quantifier === 'ForAllValues:' && name.startsWith('kms:EncryptionContext:')

type Block = Readonly<Record<string, Readonly<Record<string, unknown>>>>
const conditionOf = (kind: Kind): fc.Arbitrary<Block> =>
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc.constantFrom(...families).chain(({ operators, keys, wanted }) =>
        fc
          .record({
            quantifier: fc.constantFrom('', '', '', 'ForAnyValue:', 'ForAllValues:'),
            operator: fc.constantFrom(...operators),
            ifExists: fc.constantFrom('', '', 'IfExists'),
            name: fc.constantFrom(...keys, keys[0]!.toUpperCase()),
            values: oneOrMore(wanted),
          })
          .filter(({ quantifier, name }) => !isRefused(quantifier, name, kind))
          .map(({ quantifier, operator, ifExists, name, values }) => ({
            [`${quantifier}${operator}${ifExists}`]: { [name]: values },
          })),
      ),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(
          fc.constantFrom('aws:TagKeys', 'kms:ViaService', 'aws:SourceIp'),
          fc.constantFrom('true', 'false', true, false),
        )
        .map(([name, value]) => ({ Null: { [name]: value } })),
    },
  )
const conditions = (kind: Kind): fc.Arbitrary<Block> =>
  fc.array(conditionOf(kind), { minLength: 1, maxLength: 2 }).map((blocks) => Object.assign({}, ...blocks) as Block)

// ---- documents

const either = <T>(name: string, weight: number, one: fc.Arbitrary<T>, weightOfNot: number, weightOfNone: number) =>
  fc.oneof(
    { weight, arbitrary: oneOrMore(one).map((value) => ({ [name]: value })) },
    { weight: weightOfNot, arbitrary: oneOrMore(one).map((value) => ({ [`Not${name}`]: value })) },
    { weight: weightOfNone, arbitrary: fc.constant({}) },
  )

export const statement = (kind: Kind, effect?: Statement['Effect']): fc.Arbitrary<Statement> =>
  fc
    .tuple(
      fc.record({ Effect: effect ? fc.constant(effect) : fc.constantFrom('Allow', 'Allow', 'Deny') }),
      kind === 'identity'
        ? fc.constant({})
        : fc.oneof(
            { weight: 8, arbitrary: fc.record({ Principal: principal }) },
            { weight: 1, arbitrary: fc.record({ NotPrincipal: principal }) },
          ),
      either('Action', 8, action, 1, kind === 'key' ? 1 : 0),
      either('Resource', 8, resource, 1, kind === 'key' ? 1 : 0),
      fc.oneof(fc.constant({}), fc.record({ Condition: conditions(kind) })),
    )
    .map((parts) => Object.assign({}, ...parts) as Statement)

export const documentOf = (kind: Kind, effect?: Statement['Effect']): fc.Arbitrary<Document> =>
  fc.record({
    Version: fc.constantFrom('2012-10-17', '2012-10-17', '2008-10-17'),
    Statement: fc.array(statement(kind, effect), { minLength: 1, maxLength: 4 }),
  })

// ---- requests

const perhapsAmbiguous = (given: fc.Arbitrary<unknown>) =>
  fc.oneof(
    { weight: 8, arbitrary: given },
    {
      weight: 1,
      arbitrary: fc.array(given, { minLength: 2, maxLength: 3 }).map((values) => new Ambiguous(values as string[])),
    },
  )
const contexts: fc.Arbitrary<Values> = fc
  .record(
    Object.fromEntries([
      ...families.flatMap(({ keys, given }) =>
        keys.filter((name) => !isMulti(name)).map((name) => [name.toLowerCase(), perhapsAmbiguous(given)] as const),
      ),
      ...['aws:tagkeys', 'kms:grantoperations'].map(
        (name) => [name, fc.array(fc.constantFrom(...texts), { maxLength: 3 })] as const,
      ),
    ]),
    { requiredKeys: [] },
  )
  .map((values) => values as Values)
function isMulti(name: string): boolean {
  return name === 'aws:TagKeys' || name === 'kms:GrantOperations'
}

export interface Arbitrary {
  readonly who: string
  readonly keyPolicy: Document | undefined
  readonly principalIds: Readonly<Record<string, string>>
  readonly identityPolicies: readonly Document[]
  readonly sessionPolicies: readonly Document[] | undefined
  readonly action: string
  readonly resource: string
  readonly values: Values
  readonly grant: string | undefined
}
const alice = people['alice']!
export const request: fc.Arbitrary<Arbitrary> = fc.record({
  who: fc.constantFrom(...Object.keys(people)),
  keyPolicy: fc.option(documentOf('key'), { nil: undefined, freq: 6 }),
  principalIds: fc.constantFrom({}, {}, { [alice.arn]: alice.userId }),
  identityPolicies: fc.array(documentOf('identity'), { maxLength: 2 }),
  sessionPolicies: fc.option(fc.array(documentOf('identity'), { minLength: 1, maxLength: 2 }), {
    nil: undefined,
    freq: 2,
  }),
  action: fc.constantFrom('kms:Encrypt', 'kms:Encrypt', 'kms:Decrypt', 'kms:DescribeKey'),
  resource: fc.constantFrom(
    key,
    key,
    `arn:aws:kms:eu-west-1:${account}:alias/alice/x`,
    `arn:aws:kms:eu-west-1:${account}:alias/red/x`,
    '*',
  ),
  values: contexts,
  grant: fc.constantFrom('a'.repeat(64), undefined, undefined, undefined),
})

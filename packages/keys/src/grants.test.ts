import * as fc from 'fast-check'
import { Map as Table } from 'immutable'
import { describe, expect, test, vi } from 'vitest'
import { decide, fold } from './decider.ts'
import { type CreateGrant, type GrantCommand, type GrantEvent, type Grants } from './grants.ts'
import { grantMade, grants, grantsPerKey, matchingGrant, matchingGrants } from './grants.ts'
import { type Grant, type GrantOperation, constraintsOn, grantOperations, granteeOf } from './grants/grant.ts'
import { arn } from './key/made.ts'
import { upcast } from './upcast.ts'

const user = (name: string) => `arn:aws:iam::111122223333:user/${name}`
const root = 'arn:aws:iam::111122223333:root'
const id = (n: number): string => n.toString(16).padStart(64, '0')
const key = { arn, spec: 'SYMMETRIC_DEFAULT', usage: 'ENCRYPT_DECRYPT' } as const

const create = (n: number, more: Partial<CreateGrant> = {}): CreateGrant => ({
  type: 'CreateGrant',
  now: 1000 + n,
  ...key,
  grantId: id(n),
  name: '',
  granteePrincipal: user('ann'),
  granteeId: 'AIDAANN',
  issuingAccount: '111122223333',
  operations: ['Encrypt', 'Decrypt'],
  constraints: {},
  ...more,
})
/** The command without some of what it has by default. */
const lacking = <K extends keyof CreateGrant>(command: CreateGrant, ...names: readonly K[]): CreateGrant =>
  Object.fromEntries(Object.entries(command).filter(([name]) => !names.includes(name as K))) as unknown as CreateGrant

/** The events of one command, read back as the ledger would give them. */
const eventsOf = (state: Grants, command: GrantCommand): readonly GrantEvent[] =>
  JSON.parse(JSON.stringify(decide(grants, state, command))) as GrantEvent[]
const after = (state: Grants, ...commands: readonly GrantCommand[]): Grants =>
  commands.reduce((current, command) => fold(grants, current, eventsOf(current, command)), state)
const all = (state: Grants) => [...state.byId.keys()].toSorted()
const refusal = (command: GrantCommand, state = grants.initial): { code: string; message: string } => {
  try {
    decide(grants, state, command)
  } catch (error) {
    const { code, message } = error as { code: string; message: string }
    return { code, message }
  }
  return { code: 'none', message: '' }
}
const matches = (
  state: Grants,
  names: readonly string[],
  operation: GrantOperation,
  context?: Record<string, string>,
) => matchingGrant(state, names, operation, context)?.grantId

const ann = ['AIDAANN', user('ann')]

describe('a grant', () => {
  test('permits its operations to its grantee and nothing else to nobody else', () => {
    const state = after(grants.initial, create(1))
    expect(matches(state, ann, 'Encrypt')).toBe(id(1))
    expect(matches(state, ann, 'Encrypt', { any: 'context' })).toBe(id(1))
    expect(matches(state, ann, 'DescribeKey')).toBeUndefined()
    expect(matches(state, ['AIDABEN', user('ben')], 'Encrypt')).toBeUndefined()
    expect(matches(grants.initial, ann, 'Encrypt')).toBeUndefined()
  })

  test('is of the person, not of the name: a namesake made later has nothing of it', () => {
    const state = after(grants.initial, create(1))
    expect(matches(state, ['AIDAANOTHER', user('ann')], 'Encrypt')).toBeUndefined()
  })

  test('to an account is found by the name of the account', () => {
    const state = after(grants.initial, lacking(create(1, { granteePrincipal: root }), 'granteeId'))
    expect(matches(state, [root], 'Encrypt')).toBe(id(1))
    expect(matches(state, ann, 'Encrypt')).toBeUndefined()
  })

  test('to a role is one to each of its sessions; to a session to that session of that very role', () => {
    const role = 'arn:aws:iam::111122223333:role/app'
    const session = (name: string) => `arn:aws:sts::111122223333:assumed-role/app/${name}`
    const names = (name: string, roleId = 'AROAAPP') => [session(name), `${roleId}:${name}`, roleId, role]
    const toRole = after(grants.initial, create(1, { granteePrincipal: role, granteeId: 'AROAAPP' }))
    expect(matches(toRole, names('one'), 'Encrypt')).toBe(id(1))
    expect(matches(toRole, names('one', 'AROANEW'), 'Encrypt')).toBeUndefined()
    const toOne = after(grants.initial, create(1, { granteePrincipal: session('one'), granteeId: 'AROAAPP:one' }))
    expect(matches(toOne, names('one'), 'Encrypt')).toBe(id(1))
    expect(matches(toOne, names('two'), 'Encrypt')).toBeUndefined()
    expect(matches(toOne, names('one', 'AROANEW'), 'Encrypt')).toBeUndefined()
  })

  test('to a service holds on behalf of one resource', () => {
    const SourceArn = 'arn:aws:s3:::111122223333:bucket'
    const toService = lacking(
      create(1, {
        granteeServicePrincipal: 's3.amazonaws.com',
        retiringPrincipal: root,
        operations: ['Encrypt', 'DescribeKey', 'RetireGrant'],
        constraints: { SourceArn },
      }),
      'granteePrincipal',
      'granteeId',
    )
    const state = after(grants.initial, toService)
    const asked = (operation: string, sourceArn?: string) =>
      matchingGrant(state, ['s3.amazonaws.com'], operation, undefined, sourceArn)?.grantId
    expect([asked('Encrypt', SourceArn), asked('DescribeKey', SourceArn)]).toEqual([id(1), id(1)])
    expect([asked('Encrypt'), asked('DescribeKey'), asked('Encrypt', `${SourceArn}s`)]).toEqual(
      Array(3).fill(undefined),
    )
    expect(asked('RetireGrant')).toBe(id(1))
  })

  test.each([
    ['equals', { EncryptionContextEquals: { a: '1', b: '2' } }, [false, false, true, true, false]],
    ['subset', { EncryptionContextSubset: { a: '1', b: '2' } }, [false, false, true, true, true]],
    ['subset of none', { EncryptionContextSubset: {} }, [true, true, true, true, true]],
    ['equals none', { EncryptionContextEquals: {} }, [true, false, false, false, false]],
    [
      'both',
      { EncryptionContextEquals: { a: '1', b: '2' }, EncryptionContextSubset: { b: '2' } },
      [false, false, true, true, false],
    ],
    [
      'both, contradicting',
      { EncryptionContextEquals: { a: '1', b: '2' }, EncryptionContextSubset: { c: '3' } },
      Array<boolean>(5).fill(false),
    ],
  ])('holds in the context that its constraint says (%s)', (_, constraints, holds) => {
    const state = after(
      grants.initial,
      create(1, { constraints, operations: ['Encrypt', 'DescribeKey', 'RetireGrant'] }),
    )
    const contexts = [undefined, { a: '1' }, { a: '1', b: '2' }, { b: '2', a: '1' }, { a: '1', b: '2', c: '4' }]
    expect(contexts.map((context) => matches(state, ann, 'Encrypt', context) !== undefined)).toEqual(holds)
    // These have no encryption context that a constraint could be held against.
    expect([matches(state, ann, 'DescribeKey'), matches(state, ann, 'RetireGrant')]).toEqual([id(1), id(1)])
  })

  test.each(['EncryptionContextEquals', 'EncryptionContextSubset'])(
    'names of pairs are compared without their case, values with it (%s)',
    (constraint) => {
      const state = after(grants.initial, create(1, { constraints: { [constraint]: { Tenant: 'a' } } }))
      const contexts = [{ Tenant: 'a' }, { tenant: 'a' }, { TENANT: 'a' }, { tenant: 'A' }, { tenants: 'a' }]
      expect(contexts.map((context) => matches(state, ann, 'Encrypt', context) !== undefined)).toEqual([
        true,
        true,
        true,
        false,
        false,
      ])
    },
  )

  test("pairs are not mixed up, whatever is in their names and values, be it an object's own words", () => {
    const subset = (pairs: Record<string, string>) => ({ constraints: { EncryptionContextSubset: pairs } })
    const state = after(grants.initial, create(1, subset({ 'a","b': 'c' })), create(2, subset({ constructor: 'x' })))
    expect(matches(state, ann, 'Encrypt', { a: 'b","c' })).toBeUndefined()
    expect(matches(state, ann, 'Encrypt', { 'a","b': 'c' })).toBe(id(1))
    expect(matches(state, ann, 'Encrypt', {})).toBeUndefined()
  })

  test.each(['RetireGrant', 'RevokeGrant'] as const)('permits nothing after %s, which happens once', (type) => {
    const state = after(grants.initial, create(1), create(2), { type, grantId: id(1) })
    expect([matches(state, ann, 'Encrypt'), all(state)]).toEqual([id(2), [id(2)]])
    expect(refusal({ type, grantId: id(1) }, state)).toEqual({
      code: 'NotFoundException',
      message: `Grant '${id(1)}' does not exist`,
    })
    expect(after(state, { type, grantId: id(2) })).toEqual(grants.initial)
  })

  test('is recorded whole', () => {
    const constraints = { EncryptionContextSubset: { tenant: '7' } }
    const command = create(1, { name: 'app', retiringPrincipal: user('ben'), retiringId: 'AIDABEN', constraints })
    const data: Grant = {
      grantId: id(1),
      name: 'app',
      createdAt: 1001,
      granteePrincipal: user('ann'),
      granteeId: 'AIDAANN',
      retiringPrincipal: user('ben'),
      retiringId: 'AIDABEN',
      issuingAccount: '111122223333',
      operations: ['Encrypt', 'Decrypt'],
      constraints,
    }
    expect(eventsOf(grants.initial, command)).toEqual([{ type: 'GrantCreated', data }])
    expect(after(grants.initial, command).byId.get(id(1))).toEqual(data)
    const stored = { type: 'GrantCreated', version: 1, data }
    expect(upcast(stored)).toBe(stored)
  })
})

describe('a name', () => {
  const constraints = { EncryptionContextSubset: { a: '1', b: '2' } }
  const first = create(1, { name: 'app', constraints })

  test('makes asking again give the same grant, in whatever order it is asked', () => {
    const again = create(2, {
      name: 'app',
      operations: ['Decrypt', 'Encrypt', 'Decrypt'],
      constraints: { EncryptionContextSubset: { b: '2', a: '1' } },
    })
    const state = after(grants.initial, first)
    expect(decide(grants, state, again)).toEqual([])
    expect(grantMade(state, again).grantId).toBe(id(1))
    const gone = after(state, { type: 'RetireGrant', grantId: id(1) })
    expect(all(after(gone, again))).toEqual([id(2)])
  })

  test.each<[string, Partial<CreateGrant>]>([
    ['name', { name: 'app2' }],
    ['no name', { name: '' }],
    ['grantee', { granteePrincipal: user('ben'), granteeId: 'AIDABEN' }],
    ['namesake', { granteeId: 'AIDAANOTHER' }],
    ['operations', { operations: ['Encrypt'] }],
    ['constraint', { constraints: { EncryptionContextSubset: { a: '1' } } }],
    ['kind of constraint', { constraints: { EncryptionContextEquals: { a: '1', b: '2' } } }],
    ['retiring principal', { retiringPrincipal: root }],
    ['issuer', { issuingAccount: '444455556666' }],
  ])('does not make another %s the same grant', (_, other) => {
    const command = { ...first, grantId: id(2), ...other }
    const state = after(grants.initial, first, command)
    expect(all(state)).toEqual([id(1), id(2)])
    expect(grantMade(state, command).grantId).toBe(id(2))
  })

  test('is not needed: without one every asking makes a grant', () => {
    expect(all(after(grants.initial, create(1), create(2)))).toEqual([id(1), id(2)])
  })
})

describe('a grant cannot be made', () => {
  const validation = (message: string) => ({ code: 'ValidationException', message })
  const rsa = { spec: 'RSA_2048', usage: 'SIGN_VERIFY' } as const
  const service = { granteeServicePrincipal: 's3.amazonaws.com' }
  const SourceArn = 'arn:aws:s3:us-east-1:111122223333:bucket'

  test.each<[string, CreateGrant, string]>([
    [
      'to nobody',
      lacking(create(1), 'granteePrincipal', 'granteeId'),
      'You must specify either the GranteePrincipal or the GranteeServicePrincipal, but not both.',
    ],
    [
      'to two',
      create(1, service),
      'You must specify either the GranteePrincipal or the GranteeServicePrincipal, but not both.',
    ],
    [
      'with two retiring principals',
      create(1, { retiringPrincipal: root, retiringServicePrincipal: 's3.amazonaws.com' }),
      'You cannot specify the RetiringPrincipal and the RetiringServicePrincipal in the same request.',
    ],
    [
      'to a service without SourceArn',
      lacking(create(1, { ...service, retiringPrincipal: root }), 'granteePrincipal', 'granteeId'),
      'A grant to a service principal must have a SourceArn constraint and a retiring principal.',
    ],
    [
      'to a service without somebody to retire it',
      lacking(create(1, { ...service, constraints: { SourceArn } }), 'granteePrincipal', 'granteeId'),
      'A grant to a service principal must have a SourceArn constraint and a retiring principal.',
    ],
    ['for nothing', create(1, { operations: [] }), 'Grants must contain at least one operation.'],
    [
      'for making grants alone',
      create(1, { operations: ['CreateGrant', 'CreateGrant'] }),
      'Grants must not contain only the CreateGrant operation.',
    ],
    ['for what its key cannot', create(1, { operations: ['Encrypt', 'Sign'] }), `Sign is not valid for ${arn}.`],
    ['for what its usage cannot', create(1, { ...rsa, operations: ['Decrypt'] }), `Decrypt is not valid for ${arn}.`],
    [
      'with a context on a key without',
      create(1, { ...rsa, operations: ['Sign'], constraints: { EncryptionContextSubset: { a: 'b' } } }),
      `Encryption context constraints are not valid for ${arn}, which is not a symmetric encryption key.`,
    ],
    [
      'with nine pairs',
      create(1, {
        constraints: {
          EncryptionContextEquals: Object.fromEntries(Array.from({ length: 9 }, (_, n) => [String(n), ''])),
        },
      }),
      'An encryption context constraint can have at most 8 pairs.',
    ],
    [
      'with a value of 385 characters',
      create(1, { constraints: { EncryptionContextSubset: { a: 'x'.repeat(385) } } }),
      'The values of an encryption context constraint can have at most 384 characters.',
    ],
  ])('%s', (_, command, message) => {
    expect(refusal(command)).toEqual(validation(message))
  })

  test('with eight pairs of 384 characters it can', () => {
    const pairs = Object.fromEntries(Array.from({ length: 8 }, (_, n) => [String(n), 'x'.repeat(384)]))
    expect(refusal(create(1, { constraints: { EncryptionContextEquals: pairs } })).code).toBe('none')
  })
  test('every operation goes with some key, and three with every key', () => {
    const kinds = [
      ['SYMMETRIC_DEFAULT', 'ENCRYPT_DECRYPT'],
      ['RSA_2048', 'ENCRYPT_DECRYPT'],
      ['RSA_2048', 'SIGN_VERIFY'],
      ['HMAC_256', 'GENERATE_VERIFY_MAC'],
      ['ECC_NIST_P256', 'KEY_AGREEMENT'],
      ['ML_KEM_768', 'ENCAPSULATE_DECAPSULATE'],
    ] as const
    const possible = kinds.map(([spec, usage]) =>
      grantOperations.filter(
        (operation) => refusal(create(1, { spec, usage, operations: ['DescribeKey', operation] })).code === 'none',
      ),
    )
    expect(new Set(possible.flat())).toEqual(new Set(grantOperations))
    expect(grantOperations.filter((one) => possible.every((some) => some.includes(one)))).toEqual([
      'CreateGrant',
      'DescribeKey',
      'RetireGrant',
    ])
    expect(possible[4]).toEqual(['CreateGrant', 'DeriveSharedSecret', 'DescribeKey', 'GetPublicKey', 'RetireGrant'])
  })
})

describe('who may make grants by a grant', () => {
  const ben = { granteePrincipal: user('ben'), granteeId: 'AIDABEN' }
  const parent = (more: Partial<CreateGrant>) =>
    after(grants.initial, create(1, { operations: ['CreateGrant', 'Encrypt', 'Decrypt'], ...more }))
  const passedOn = (state: Grants, more: Partial<CreateGrant>) =>
    refusal(create(2, { ...ben, ...more, through: { actor: user('ann'), names: ann } }), state).code
  const equals = (pairs: Record<string, string>) => ({ constraints: { EncryptionContextEquals: pairs } })
  const subset = (pairs: Record<string, string>) => ({ constraints: { EncryptionContextSubset: pairs } })
  const denied = 'AccessDeniedException'

  test('passes on what it permits and no operation more', () => {
    expect(passedOn(parent({}), {})).toBe('none')
    expect(passedOn(parent({}), { operations: ['CreateGrant', 'Decrypt'], ...subset({ a: '1' }) })).toBe('none')
    expect(passedOn(parent({}), { operations: ['Decrypt', 'DescribeKey'] })).toBe(denied)
    expect(passedOn(parent({ operations: ['Encrypt', 'Decrypt'] }), {})).toBe(denied)
    expect(passedOn(grants.initial, {})).toBe(denied)
  })

  test.each<[string, Partial<CreateGrant>, Partial<CreateGrant>, string]>([
    ['equals, none', equals({ a: '1' }), {}, denied],
    ['equals, the same', equals({ a: '1' }), equals({ a: '1' }), 'none'],
    ['equals, more', equals({ a: '1' }), equals({ a: '1', b: '2' }), denied],
    ['equals, a subset', equals({ a: '1' }), subset({ a: '1' }), denied],
    ['subset, none', subset({ a: '1' }), {}, denied],
    ['subset, the same', subset({ a: '1' }), subset({ a: '1' }), 'none'],
    ['subset, more', subset({ a: '1' }), subset({ a: '1', b: '2' }), 'none'],
    ['subset, less', subset({ a: '1', b: '2' }), subset({ b: '2' }), denied],
    ['subset, equals', subset({ a: '1' }), equals({ a: '1', b: '2' }), 'none'],
    ['subset, other equals', subset({ a: '1' }), equals({ a: '2' }), denied],
    ['none, any', {}, equals({ a: '2' }), 'none'],
  ])('constrains at least as much (%s)', (_, theirs, given, code) => {
    expect(passedOn(parent(theirs), given)).toBe(code)
  })

  test('may do so by any one of several grants, but not by their sum', () => {
    const state = after(
      grants.initial,
      create(1, { operations: ['CreateGrant', 'Encrypt'] }),
      create(3, { operations: ['CreateGrant', 'Decrypt'] }),
    )
    expect(passedOn(state, { operations: ['Decrypt'] })).toBe('none')
    expect(passedOn(state, { operations: ['Encrypt'] })).toBe('none')
    expect(passedOn(state, { operations: ['Encrypt', 'Decrypt'] })).toBe(denied)
  })
})

/** What a grant permits, read off grant by grant. */
const naive = (
  present: Iterable<Grant>,
  names: readonly string[],
  operation: GrantOperation,
  context: Readonly<Record<string, string>>,
  sourceArn: string | undefined,
): readonly string[] =>
  [...present]
    .filter((grant) => {
      const { EncryptionContextEquals, EncryptionContextSubset, SourceArn } = constraintsOn(
        operation,
        grant.constraints,
      )
      type Pairs = Readonly<Record<string, string>>
      const within = (few: Pairs, many: Pairs) =>
        Object.entries(few).every(([name, value]) =>
          Object.entries(many).some(([n, v]) => n.toLowerCase() === name.toLowerCase() && v === value),
        )
      return (
        names.includes(granteeOf(grant)) &&
        grant.operations.includes(operation) &&
        (SourceArn === undefined || SourceArn === sourceArn) &&
        (EncryptionContextSubset === undefined || within(EncryptionContextSubset, context)) &&
        (EncryptionContextEquals === undefined ||
          (within(EncryptionContextEquals, context) && within(context, EncryptionContextEquals)))
      )
    })
    .map(({ grantId }) => grantId)
    .toSorted()

describe('what is found', () => {
  const sources = ['arn:aws:s3:us-east-1:111122223333:a', 'arn:aws:s3:us-east-1:111122223333:b']
  const context = fc.dictionary(
    fc.constantFrom('a', 'A', 'b', 'c', '__proto__', ','),
    fc.constantFrom('1', '2', '","'),
    {
      maxKeys: 4,
      noNullPrototype: false,
    },
  )
  const operation = fc.constantFrom<GrantOperation>('Encrypt', 'Decrypt', 'DescribeKey', 'RetireGrant', 'CreateGrant')
  const grantee = fc.constantFrom(
    { granteePrincipal: user('ann'), granteeId: 'AIDAANN' },
    { granteePrincipal: user('ann'), granteeId: 'AIDAANOTHER' },
    { granteePrincipal: root },
    { granteePrincipal: 'arn:aws:sts::111122223333:assumed-role/app/one', granteeId: 'AROAAPP:one' },
  )
  const constraints = fc.record(
    {
      EncryptionContextEquals: context,
      EncryptionContextSubset: context,
      SourceArn: fc.constantFrom(...sources),
    },
    { requiredKeys: [] },
  )
  const terms = fc.record({
    to: grantee,
    operations: fc.uniqueArray(operation, { minLength: 1 }),
    constraints,
    name: fc.constantFrom('', 'app'),
  })
  const step = fc.oneof(
    { weight: 3, arbitrary: terms },
    { weight: 1, arbitrary: fc.record({ take: fc.nat({ max: 20 }) }) },
  )
  const question = fc.record({
    names: fc.constantFrom(
      ann,
      ['AIDAANOTHER', user('ann')],
      [root],
      [
        'arn:aws:sts::111122223333:assumed-role/app/one',
        'AROAAPP:one',
        'AROAAPP',
        'arn:aws:iam::111122223333:role/app',
      ],
      [...ann, root],
    ),
    operation,
    context,
    sourceArn: fc.option(fc.constantFrom(...sources), { nil: undefined }),
  })

  test('is what a look at every grant finds, through any history', () => {
    let found = 0
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 25 }),
        fc.array(question, { minLength: 5, maxLength: 5 }),
        (steps, asked) => {
          let state = grants.initial
          for (const [n, one] of steps.entries()) {
            const taken = 'take' in one ? id(one.take) : undefined
            const { to = {}, ...rest } = 'take' in one ? {} : one
            const command: GrantCommand =
              taken === undefined
                ? { ...lacking(create(n), 'granteePrincipal', 'granteeId'), ...to, ...rest }
                : { type: n % 2 ? 'RetireGrant' : 'RevokeGrant', grantId: taken }
            if (refusal(command, state).code === 'none') state = after(state, command)
          }
          for (const { names, operation, context, sourceArn } of asked) {
            const expected = naive(state.byId.values(), names, operation, context, sourceArn)
            const all = [...matchingGrants(state, names, operation, context, sourceArn)].map(({ grantId }) => grantId)
            expect(all.toSorted()).toEqual(expected)
            expect(expected.includes(matchingGrant(state, names, operation, context, sourceArn)?.grantId ?? '')).toBe(
              expected.length > 0,
            )
            found += expected.length
          }
          // Whoever takes all of them back has nothing left, not even an empty place.
          const none = after(
            state,
            ...[...state.byId.keys()].map((grantId) => ({ type: 'RevokeGrant', grantId }) as const),
          )
          expect(none.found.isEmpty() && none.byRequest.isEmpty()).toBe(true)
        },
      ),
      { numRuns: 400 },
    )
    // Else the questions were too odd to say anything.
    expect(found).toBeGreaterThan(500)
  })
})

describe('fifty thousand grants', () => {
  /** As for tenants of one application: each with its context, some with a grantee of their own. */
  const one = (n: number) =>
    create(n, {
      ...(n % 2 === 0 && { granteePrincipal: user(`u${n}`), granteeId: `AIDA${n}` }),
      name: `grant-${n}`,
      constraints: { EncryptionContextSubset: { app: 'shop', tenant: String(n) } },
    })
  const many = (count: number): Grants => {
    let state = grants.initial
    for (let n = 0; n < count; n++) state = fold(grants, state, decide(grants, state, one(n)))
    return state
  }
  const few = many(6)
  const full = many(grantsPerKey)

  /** How many tables are asked and changed while `act` runs: what it costs, whatever the machine. */
  const steps = (act: () => void): number => {
    const spies = (['get', 'set', 'delete', 'has'] as const).map((name) => vi.spyOn(Table.prototype, name))
    act()
    const count = spies.reduce((sum, spy) => sum + spy.mock.calls.length, 0)
    for (const spy of spies) spy.mockRestore()
    return count
  }
  const decided = (state: Grants, command: GrantCommand) => () => {
    fold(grants, state, decide(grants, state, command))
  }

  test('are what a key can have; named ones can still be asked for again', () => {
    expect(full.byId.size).toBe(50_000)
    expect(refusal(create(50_000), full)).toEqual({
      code: 'LimitExceededException',
      message: 'Grants per key quota for this account in this region is 50000, current usage is 50000.',
    })
    expect(decide(grants, full, { ...one(7), grantId: id(60_000) })).toEqual([])
    const less = after(full, { type: 'RevokeGrant', grantId: id(7) })
    expect(after(less, one(60_000)).byId.size).toBe(50_000)
  })

  test('are looked through as fast as six', () => {
    const look = (state: Grants, tenant: number) => () => {
      const context = { region: 'eu', tenant: String(tenant), app: 'shop' }
      expect(matches(state, ann, 'Decrypt', context)).toBe(id(tenant))
    }
    const steady = steps(look(few, 5))
    expect(steady).toBeGreaterThan(3)
    for (const tenant of [1, 25_001, 49_999]) expect(steps(look(full, tenant))).toBe(steady)
  })

  test('are added to and taken from at the cost of the first few', () => {
    const almost = after(full, { type: 'RevokeGrant', grantId: id(8) })
    const five = after(few, { type: 'RevokeGrant', grantId: id(4) })
    const added = steps(decided(five, one(70_001)))
    expect(steps(decided(almost, one(70_001)))).toBe(added)
    const taken = steps(decided(few, { type: 'RetireGrant', grantId: id(5) }))
    expect(steps(decided(full, { type: 'RetireGrant', grantId: id(49_999) }))).toBe(taken)
  })
})

import { CreateAliasCommand, CreateKeyCommand } from '@aws-sdk/client-kms'
import { beforeAll, expect, test } from 'vitest'
import {
  type Asked,
  type Refusal,
  type State,
  type TestHouse,
  arnOfKey,
  expectOnTrail,
  freshKey,
  intoState,
  lastChange,
  raw,
  refusalOf,
  unknownKey,
} from './asking.ts'
import { type Person, alice, arnOf, bob } from './house.ts'
import { type Member, bounds, operationOf } from './model.ts'
import { allAtOnce, normal, ofFields, parts, sample } from './violations.ts'

export * from './asking.ts'

/** A request that succeeds, on a key of alice's in us-east-1 that is made for it. */
export type Input = (keyId: string) => object | Promise<object>

/** `{ status: 200 }` or the refusal. Asserts that the request is on the trail, and that a refused one left nothing else. */
const outcome = async (house: TestHouse, asked: Asked): Promise<Refusal | { status: number }> => {
  const before = await lastChange(house)
  const answered = await raw(house, asked)
  await expectOnTrail(house, asked, answered)
  if (answered.status === 200) return { status: 200 }
  expect(await lastChange(house, before)).toBe(before)
  return refusalOf(answered)
}
const fine = { status: 200 }

/** JSON values that are of none of the member's types. */
const wrongTypes = (member: Member): readonly unknown[] => {
  const scalar = [['x'], { x: 'y' }]
  const wrong: Readonly<Record<Member['type'], () => readonly unknown[]>> = {
    // What is no text is in no enum either, and told so.
    string: () => [1, true, ...scalar, ...(member.enum ? [] : ['\ud800'])],
    blob: () => [1, true, ...scalar, 'not base64!'],
    number: () => ['1', true, 1.5, 2 ** 31, ...scalar],
    timestamp: () => [true, ...scalar],
    boolean: () => ['true', 1, ...scalar],
    list: () => ['x', 1, true, { x: 'y' }, ...wrongTypes(member.member!).map((one) => [one])],
    map: () => ['x', 1, true, ['x'], { x: ['y'] }, { x: { y: 'z' } }],
    structure: () => [
      'x',
      1,
      true,
      ['x'],
      ...Object.entries(member.fields ?? {}).flatMap(([name, field]) =>
        wrongTypes(field).map((one) => ({ ...(sample(member) as object), [name]: one })),
      ),
    ],
  }
  return wrong[member.type]()
}

/** What is not JSON, or JSON of other types than the model's. */
export const serializationRoom = (open: () => TestHouse, operation: string, input: Input): void => {
  const { input: fields } = operationOf(operation)
  let good: object
  beforeAll(async () => {
    good = await input(await freshKey(open()))
  })
  const kind = async (body: object | string | Buffer) => {
    const { message: _, ...refusal } = { message: '', ...(await outcome(open(), { operation, body })) }
    return refusal
  }
  const serialization = { name: 'SerializationException', status: 400 }

  test.each([
    ['nothing at all', ''],
    ['half an object', '{"KeyId":'],
    ['a list', '[]'],
    ['a string', '"x"'],
    ['a number', '1'],
    ['null', 'null'],
    ['an object and more', '{} {}'],
    ['bytes that are no UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
  ])('a body of %s is a SerializationException', async (_, body) => {
    expect(await kind(body)).toEqual(serialization)
  })

  const wrong = Object.entries(fields).flatMap(([name, member]) =>
    wrongTypes(member).map((value) => ({ name, value, shown: JSON.stringify(value) })),
  )
  test.each(wrong)('$name of $shown is a SerializationException', async ({ name, value }) => {
    expect(await kind({ ...good, [name]: value })).toEqual(serialization)
  })

  test('members that the model does not know are ignored, whatever they are called', async () => {
    const body = JSON.stringify({ ...(await input(await freshKey(open()))), NoSuchMember: { a: [1, null] } })
    const strange = `{"__proto__":{"KeyId":1},"constructor":1,"toString":[],${body.slice(1)}`
    expect(await outcome(open(), { operation, body: strange })).toEqual(fine)
  })

  test('null is as good as absent for every member that may be absent', async () => {
    const nothing = Object.entries(fields).filter(([, { required }]) => !required)
    const given = await input(await freshKey(open()))
    const nulls = Object.fromEntries(nothing.map(([name]) => [name, null]))
    expect(await outcome(open(), { operation, body: { ...nulls, ...given } })).toEqual(fine)
  })

  test('JSON 1.0 is understood as 1.1 is', async () => {
    const headers = { 'content-type': 'application/x-amz-json-1.0' }
    expect(await outcome(open(), { operation, body: await input(await freshKey(open())), headers })).toEqual(fine)
  })
}

/** Every constraint of the model, told in AWS's words; `without` names members whose refusal is worded otherwise. */
export const validationRoom = (
  open: () => TestHouse,
  operation: string,
  input: Input,
  without: string[] = [],
): void => {
  const fields = Object.fromEntries(
    Object.entries(operationOf(operation).input).filter(([name]) => !without.includes(name)),
  )
  let good: object
  beforeAll(async () => {
    good = await input(await freshKey(open()))
  })
  const told = async (body: object) => {
    const refusal = { name: undefined, message: '', ...(await outcome(open(), { operation, body })) }
    return { name: refusal.name, status: refusal.status, ...parts(refusal.message) }
  }
  const inAwsWords = (sentences: readonly string[]) => ({
    name: 'ValidationException',
    status: 400,
    heading: `${sentences.length} validation error${sentences.length === 1 ? '' : 's'} detected: `,
    sentences: normal(sentences),
  })

  // The titles need no key; the bodies do.
  const each = ofFields(fields, {}).map(({ title, sentences }, index) => ({ title, sentences, index }))
  test.each(each)('$title', async ({ sentences, index }) => {
    expect(await told(ofFields(fields, good)[index]!.value as object)).toEqual(inAwsWords(sentences))
  })

  const several = [allAtOnce(fields, {}).sentences].filter(({ length }) => length > 1)
  test.each(several.map((sentences) => ({ sentences, count: sentences.length })))(
    '$count violations in one request are all told',
    async ({ sentences }) => {
      expect(await told(allAtOnce(fields, good).value as object)).toEqual(inAwsWords(sentences))
    },
  )

  const edges = Object.entries(fields)
    .filter(([, { type }]) => type === 'number')
    .flatMap(([name, member]) => Object.values(bounds(member)).map((value) => ({ name, value })))
  test.each(edges)('$name may be $value', async ({ name, value }) => {
    const body = { ...(await input(await freshKey(open()))), [name]: value }
    expect(await outcome(open(), { operation, body })).toEqual(fine)
  })
}

/** Input members that name a key. */
const keyMembers = ['KeyId', 'TargetKeyId', 'SourceKeyId', 'DestinationKeyId']
/** Operations that take alias names and alias ARNs (KMS API reference, `KeyId` of each). */
const takesAliases = new Set([
  'Decrypt',
  'DescribeKey',
  'Encrypt',
  'GenerateDataKey',
  'GenerateDataKeyWithoutPlaintext',
  'ReEncrypt',
])

interface AuthorizationOptions {
  /** Members that name a key; all of the operation's by default. */
  readonly members?: readonly string[]
  /** The IAM action that the refusal names; `kms:` and the operation by default. */
  readonly action?: (member: string) => string
}

const stranger: Person = { ...alice, accessKeyId: 'AKIANOBODYNOBODYNOBD' }
const liar: Person = { ...alice, secretAccessKey: 'not-the-secret-access-key-of-alice-at-all' }

/** Who may not, and that refusals tell nobody which keys there are. */
export const authorizationRoom = (
  open: () => TestHouse,
  operation: string,
  input: Input,
  { members, action = () => `kms:${operation}` }: AuthorizationOptions = {},
): void => {
  let keyId: string
  let good: object
  beforeAll(async () => {
    keyId = await freshKey(open())
    good = await input(keyId)
  })

  test('without a signature it is a MissingAuthenticationTokenException', async () => {
    expect(await outcome(open(), { operation, body: good, unsigned: true })).toEqual({
      name: 'MissingAuthenticationTokenException',
      message: 'Missing Authentication Token',
      status: 400,
    })
  })
  test('with another secret it is an InvalidSignatureException', async () => {
    expect(await outcome(open(), { operation, body: good, person: liar })).toEqual({
      name: 'InvalidSignatureException',
      message:
        'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.',
      status: 400,
    })
  })
  test('with an access key that nobody has it is an UnrecognizedClientException', async () => {
    expect(await outcome(open(), { operation, body: good, person: stranger })).toEqual({
      name: 'UnrecognizedClientException',
      message: 'The security token included in the request is invalid.',
      status: 400,
    })
  })

  const named = members ?? keyMembers.filter((name) => name in operationOf(operation).input)
  const asBob = (member: string, value: string) =>
    outcome(open(), { operation, body: { ...good, [member]: value }, person: bob })
  const denied = (member: string, resource: string) => ({
    name: 'AccessDeniedException',
    message: `User: ${arnOf(bob)} is not authorized to perform: ${action(member)} on resource: ${resource} because no resource-based policy allows the ${action(member)} action`,
    status: 400,
  })

  test.each(named)('a %s of another account is denied, and one that is not there reads the same', async (member) => {
    const there = arnOfKey(keyId)
    const nowhere = arnOfKey(unknownKey())
    expect(await asBob(member, there)).toEqual(denied(member, there))
    expect(await asBob(member, nowhere)).toEqual(denied(member, nowhere))
  })
  test.each(named)("a %s that is another account's id alone is looked for at home", async (member) => {
    expect(await asBob(member, keyId)).toEqual({
      name: 'NotFoundException',
      message: `Key '${arnOfKey(keyId, bob)}' does not exist`,
      status: 400,
    })
  })
  test.each(takesAliases.has(operation) ? named : [])(
    'a %s that is an alias of another account is denied, there or not',
    async (member) => {
      const AliasName = `alias/${unknownKey()}`
      const client = open().kms()
      await client.send(new CreateAliasCommand({ AliasName, TargetKeyId: keyId }))
      const there = `arn:aws:kms:us-east-1:${alice.account}:${AliasName}`
      const nowhere = `arn:aws:kms:us-east-1:${alice.account}:alias/nowhere`
      expect(await asBob(member, there)).toEqual(denied(member, there))
      expect(await asBob(member, nowhere)).toEqual(denied(member, nowhere))
    },
  )
}

/** `ok`, or the refusal of a key with this ARN. */
export type Verdict = 'ok' | Refuses
type Refuses = (arn: string) => Omit<Refusal, 'status'>

// AWS's words (answers recorded on AWS KMS; "not pending deletion" after its documentation).
export const isDisabled: Refuses = (arn) => ({ name: 'DisabledException', message: `${arn} is disabled.` })
export const isPendingDeletion: Refuses = (arn) => ({
  name: 'KMSInvalidStateException',
  message: `${arn} is pending deletion.`,
})
export const isNotPendingDeletion: Refuses = (arn) => ({
  name: 'KMSInvalidStateException',
  message: `${arn} is not pending deletion.`,
})
export const doesNotExist: Refuses = (arn) => ({ name: 'NotFoundException', message: `Key '${arn}' does not exist` })

/**
 * The operation on a key in each state. `input` is asked while the key is enabled, and for `unknown` with an id that no
 * key has; `not applicable` leaves a state out. `made` makes another kind of key than the usual one.
 */
export const stateRoom = (
  open: () => TestHouse,
  operation: string,
  input: Input,
  states: Readonly<Record<State, Verdict | 'not applicable'>>,
  made: (house: TestHouse) => Promise<string> = freshKey,
): void => {
  const applicable = (Object.entries(states) as [State, Verdict | 'not applicable'][]).flatMap(([state, verdict]) =>
    verdict === 'not applicable' ? [] : [{ state, verdict, told: verdict === 'ok' ? 'fine' : 'refused' }],
  )
  test.each(applicable)('a key that is $state is $told', async ({ state, verdict }) => {
    const house = open()
    const keyId = state === 'unknown' ? unknownKey() : await made(house)
    const body = await input(keyId)
    await intoState(house, keyId, state)
    const expected = verdict === 'ok' ? fine : { ...verdict(arnOfKey(keyId)), status: 400 }
    expect(await outcome(house, { operation, body })).toEqual(expected)
  })
}

/** A fresh key of bob's in us-east-1. */
export const bobsKey = async (house: TestHouse): Promise<string> =>
  (await house.kms(bob).send(new CreateKeyCommand({}))).KeyMetadata!.KeyId!

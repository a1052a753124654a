import { kms } from '@keyledger/command'
import * as fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { alice, bob } from '../support/house.ts'
import { type LeapingHouse, leapingHouse } from '../support/leaping-house.ts'
import { type Member, bounds, commonErrors, deviations, operationOf } from '../support/model.ts'
import { type Heard, asker, say } from '../support/raw.ts'
import { signed } from '../support/sign.ts'

/**
 * Inputs from and around every operation's shape, signed and sent through the real server: each answer is a success in
 * the model's form or one of the errors that the model, or AWS's common errors, name. Never a 5xx, never silence.
 */
let open: LeapingHouse
/** What inputs refer to: keys in every state, of both accounts, aliases, ciphertexts. */
let known: { readonly keys: readonly string[]; readonly blobs: readonly string[]; readonly aliases: readonly string[] }

const ask = asker(
  () => open.house.url,
  () => open.clock.now(),
)
const patience = 20_000
const inTime = async (answer: Promise<Heard>): Promise<Heard> => {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(`no answer in ${patience} ms`)), patience)
  return Promise.race([answer, promise]).finally(() => clearTimeout(timer))
}

/** New ones for each operation: the one before may have used them up. */
const furnished = async (): Promise<typeof known> => {
  const made = async (person = alice) => {
    const { body } = await ask('CreateKey', {}, { person })
    return (JSON.parse(body) as { KeyMetadata: { KeyId: string; Arn: string } }).KeyMetadata
  }
  const sealed = async (KeyId: string, EncryptionContext = {}) => {
    const { body } = await ask('Encrypt', { KeyId, Plaintext: 'YQ==', EncryptionContext })
    return (JSON.parse(body) as { CiphertextBlob: string }).CiphertextBlob
  }
  const [enabled, disabled, dying, foreign] = [await made(), await made(), await made(), await made(bob)]
  await ask('DisableKey', { KeyId: disabled.KeyId })
  await ask('DeleteAlias', { AliasName: 'alias/fuzz' })
  await ask('CreateAlias', { TargetKeyId: enabled.KeyId, AliasName: 'alias/fuzz' })
  const blobs = [await sealed(enabled.KeyId), await sealed(enabled.KeyId, { a: 'b' }), await sealed(dying.KeyId)]
  await ask('ScheduleKeyDeletion', { KeyId: dying.KeyId })
  const own = [enabled, disabled, dying].flatMap(({ KeyId, Arn }) => [KeyId, Arn])
  return { keys: [...own, foreign.Arn, foreign.KeyId], blobs, aliases: ['alias/fuzz', 'alias/other'] }
}

beforeAll(async () => {
  open = await leapingHouse()
})
afterAll(async () => {
  await open[Symbol.asyncDispose]()
})

// prettier-ignore
const hostileTexts = [
  '', ' ', '\0', '\ud800', 'a\udfffb', '__proto__', 'constructor', 'toString', '../../etc/passwd', '%00', "' OR 1=1 --",
  '<x>&amp;', 'alias/', 'alias/aws/x', 'arn:', 'arn:aws:kms:::', 'arn:aws:kms:us-east-1:111122223333:key/', 'mrk-',
  'mrk-0123456789abcdef0123456789abcdef', '00000000-0000-0000-0000-000000000000', '\u202e', 'x'.repeat(9000),
]
const hostile: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(...hostileTexts),
  fc.constantFrom<unknown>(null, true, 0, -1, 1.5, 1e21, -(2 ** 31), 2 ** 31, [], {}, [[]], [null], { '': null }),
  fc.jsonValue({ maxDepth: 3 }),
)
const textOf = ({ min = 0, max = 200 }: Bounds) =>
  fc.string({ minLength: Math.min(min, 50), maxLength: Math.min(max, 200), unit: 'binary' })

/** What AWS's model says a member may be, with some things that are really there. */
const sound = (name: string, member: Member): fc.Arbitrary<unknown> => {
  const { min, max } = bounds(member)
  if (member.enum) return fc.constantFrom(...member.enum)
  if (name.endsWith('KeyId')) return fc.constantFrom(...known.keys, ...known.aliases)
  if (name === 'AliasName') return fc.constantFrom(...known.aliases, 'alias/a', 'alias/b')
  if (name === 'CiphertextBlob') return fc.constantFrom(...known.blobs)
  if (name === 'PolicyName') return fc.constantFrom('default', 'other')
  return soundOf[member.type](name, member, { min, max })
}

interface Bounds {
  readonly min?: number | undefined
  readonly max?: number | undefined
}

const soundOf: Readonly<
  Record<Member['type'], (name: string, member: Member, bounds: Bounds) => fc.Arbitrary<unknown>>
> = {
  number: (_, __, { min = 0, max = 1000 }) => fc.integer({ min: min - 1, max: Math.min(max + 1, 5000) }),
  boolean: () => fc.boolean(),
  timestamp: () => fc.integer({ min: 0, max: 4_000_000_000 }),
  blob: (_, __, { min = 0, max = 100 }) =>
    fc
      .uint8Array({ minLength: min, maxLength: Math.min(max + 1, 300) })
      .map((bytes) => Buffer.from(bytes).toString('base64')),
  list: (name, { member }) => fc.array(sound(name, member!), { maxLength: 5 }),
  map: () => fc.dictionary(textOf({}), textOf({}), { maxKeys: 5 }),
  structure: (_, { fields }) => inputOf(fields!),
  string: (_, { pattern }, { min, max }) =>
    pattern === undefined ? textOf({ min, max }) : fc.stringMatching(/^[a-zA-Z0-9]{1,40}$/),
}

/** Mostly sound members, all there or some missing; now and then one that is not what it should be, or a stranger. */
const inputOf = (fields: Readonly<Record<string, Member>>): fc.Arbitrary<unknown> => {
  const members = Object.entries(fields).map(([name, member]): [string, fc.Arbitrary<unknown>] => [
    name,
    fc.oneof({ weight: 12, arbitrary: sound(name, member) }, { weight: 1, arbitrary: hostile }),
  ])
  const requiredKeys = Object.keys(fields).filter((name) => fields[name]!.required)
  const whole = fc.record(Object.fromEntries(members), { requiredKeys })
  const broken = fc.record(Object.fromEntries(members), { requiredKeys: [] })
  const strange = fc
    .tuple(broken, fc.dictionary(fc.string(), hostile, { maxKeys: 3 }))
    .map(([a, b]) => ({ ...a, ...b }))
  return fc.oneof({ weight: 6, arbitrary: whole }, { weight: 2, arbitrary: broken }, { weight: 1, arbitrary: strange })
}

/** The bytes of an input: usually its JSON, sometimes cut off or with a byte changed. */
const bytesOf = (input: fc.Arbitrary<unknown>): fc.Arbitrary<Buffer> => {
  const whole = input.map((value) => Buffer.from(JSON.stringify(value) ?? ''))
  const cut = fc.tuple(whole, fc.nat()).map(([bytes, at]) => bytes.subarray(0, at % (bytes.length + 1)))
  const changed = fc.tuple(whole, fc.nat(), fc.nat(255)).map(([bytes, at, byte]) => {
    if (bytes.length > 0) bytes[at % bytes.length] = byte
    return bytes
  })
  return fc.oneof({ weight: 10, arbitrary: whole }, { weight: 1, arbitrary: cut }, { weight: 1, arbitrary: changed })
}

/** Every list refuses a marker that no list gave; the model forgets to say so of this one. */
const beyondModel: Readonly<Record<string, string>> = { ListKeyPolicies: 'InvalidMarkerException' }

/** What is wrong with an answer, if anything. */
const wrong = (operation: string, { status, code, body, headers }: Heard): readonly string[] => {
  if (!headers['x-amzn-requestid']) return ['no request id']
  if (status === 200) return deviations(operation, body === '' ? undefined : JSON.parse(body))
  const may = [...operationOf(operation).errors, ...commonErrors, beyondModel[operation]]
  return status === 400 && code !== undefined && may.includes(code) ? [] : [`${status} ${body}`]
}

const together = 24
/** More of them find more: FUZZ_RUNS=500. */
const runs = Number(process.env['FUZZ_RUNS'] ?? 20)
const bounded = { numRuns: runs, interruptAfterTimeLimit: runs * 150 }

describe('any input of any operation', () => {
  const counts: Record<string, number> = {}
  beforeEach(async () => {
    known = await furnished()
  })

  test.each(Object.keys(kms))('%s', async (operation) => {
    const inputs = fc.array(bytesOf(inputOf(operationOf(operation).input)), {
      minLength: together,
      maxLength: together,
    })
    await fc.assert(
      fc.asyncProperty(inputs, async (bodies) => {
        const heard = await Promise.all(bodies.map((body) => inTime(ask(operation, body))))
        for (const answer of heard) counts[answer.code ?? 'success'] = (counts[answer.code ?? 'success'] ?? 0) + 1
        expect(heard.flatMap((answer) => wrong(operation, answer))).toEqual([])
      }),
      bounded,
    )
    expect(open.faults).toEqual([])
  })

  test('they were neither all refused nor all let in', () => {
    for (const code of [
      'success',
      'ValidationException',
      'SerializationException',
      'NotFoundException',
      'DisabledException',
    ])
      expect([code, counts[code] ?? 0]).toEqual([code, expect.toSatisfy((count: number) => count > 10)])
  })
})

test('any form is answered in XML', async () => {
  const pair = fc.tuple(
    fc.constantFrom('Action', 'Version', 'action', '__proto__', 'X-Amz-Signature', '<a>'),
    fc.oneof(fc.constantFrom('GetCallerIdentity', '2011-06-15', 'AssumeRole', '<x>&', ']]>', '\0'), fc.string()),
  )
  const form = fc.array(pair, { maxLength: 6 }).map((pairs) => new URLSearchParams(pairs).toString())
  const any = fc.oneof(form, fc.string({ unit: 'binary' }), fc.constant('Action=GetCallerIdentity&Version=2011-06-15'))
  await fc.assert(
    fc.asyncProperty(fc.array(any, { minLength: together, maxLength: together }), async (bodies) => {
      const headers = { 'content-type': 'application/x-www-form-urlencoded' }
      const heard = await Promise.all(bodies.map((body) => inTime(ask('', body, { service: 'sts', headers }))))
      const odd = heard.flatMap(({ status, body }, index) => {
        const answer = /^<GetCallerIdentityResponse .*<Account>111122223333<.*<\/GetCallerIdentityResponse>$/
        const error =
          /^<ErrorResponse [^<]*<Error><Type>Sender<\/Type><Code>(InvalidAction|MissingAction|ValidationError)<\/Code>.*<\/ErrorResponse>$/s
        const fits = status === 200 ? answer.test(body) : status === 400 && error.test(body)
        // Nothing of what came stands there as markup.
        return fits && !/<x>|<a>|\]\]>/.test(body) ? [] : [[bodies[index], status, body]]
      })
      expect(odd).toEqual([])
    }),
    bounded,
  )
  expect(open.faults).toEqual([])
})

describe('any signature', () => {
  const codes = new Set([
    'MissingAuthenticationTokenException',
    'IncompleteSignatureException',
    'UnrecognizedClientException',
    'InvalidSignatureException',
  ])
  const headers = () =>
    signed({
      ...alice,
      host: new URL(open.house.url).host,
      target: 'TrentService.ListKeys',
      body: '{}',
      time: open.clock.now(),
    })
  const visible = fc.string({ unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)) })
  // prettier-ignore
  const pieces = fc.constantFrom(
    'AWS4-HMAC-SHA256', 'AWS4-ECDSA-P256-SHA256', 'Credential=', 'SignedHeaders=', 'Signature=', ', ', ',', '/', ';', '=',
    'host', 'x-amz-date', '__proto__', 'constructor', 'us-east-1', 'kms', 'aws4_request', '20260601', alice.accessKeyId,
  )
  const assembled = fc.array(fc.oneof(pieces, visible), { maxLength: 20 }).map((parts) => parts.join(''))
  /** A sound header with a piece taken out, doubled or replaced. */
  const damaged = (whole: string) =>
    fc
      .tuple(fc.nat(whole.length), fc.nat(40), fc.oneof(fc.constant(''), visible, pieces))
      .map(([at, length, put]) => (whole.slice(0, at) + put + whole.slice(at + length)).trim())

  test('an Authorization header of any kind is refused by its own code', async () => {
    const sound = headers()
    const whole = sound['authorization']!
    const any = fc.oneof(assembled, visible, damaged(whole), damaged(whole))
    await fc.assert(
      fc.asyncProperty(fc.array(any, { minLength: together, maxLength: together }), async (values) => {
        const others = values.filter((value) => value.replaceAll(/[\s,]+/g, '') !== whole.replaceAll(/[\s,]+/g, ''))
        const heard = await Promise.all(
          others.map((authorization) =>
            inTime(say(open.house.url, { headers: { ...sound, authorization }, body: '{}' })),
          ),
        )
        const odd = heard.flatMap(({ status, code = '' }, index) =>
          status === 400 && codes.has(code) ? [] : [[others[index], status, code]],
        )
        expect(odd).toEqual([])
      }),
      bounded,
    )
    expect(open.faults).toEqual([])
  })

  test('so is any change to the date, the operation, the token, the hash', async () => {
    const sound = headers()
    const name = fc.constantFrom(
      'x-amz-date',
      'x-amz-security-token',
      'x-amz-content-sha256',
      'date',
      'content-type',
      'host',
    )
    const change = fc.tuple(name, fc.oneof(visible, fc.constantFrom('20260601T120000', '', 'a, b'))).filter(
      // Node puts a host of its own where none is given.
      ([header, value]) => header !== 'host' || value.trim() !== '',
    )
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: together, maxLength: together }), async (changes) => {
        const heard = await Promise.all(
          changes.map(([header, value]) =>
            inTime(say(open.house.url, { headers: { ...sound, [header]: value }, body: '{}' })),
          ),
        )
        const odd = heard.flatMap(({ status, code = '', body }, index) => {
          // A Date beside X-Amz-Date says nothing; a form is another protocol.
          const harmless = changes[index]![0] === 'date' && status === 200
          return harmless || (status === 400 && codes.has(code)) ? [] : [[changes[index], status, body]]
        })
        expect(odd).toEqual([])
      }),
      bounded,
    )
    expect(open.faults).toEqual([])
  })

  test('and any operation name', async () => {
    const names = fc.oneof(
      visible,
      fc.constantFrom('__proto__', 'ListKeys.', '.ListKeys', 'listkeys', 'ListKeys ', 'constructor'),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(names, { minLength: together, maxLength: together }), async (operations) => {
        const unknown = operations.filter((operation) => !(operation.trim() in kms))
        const heard = await Promise.all(unknown.map((operation) => inTime(ask(operation, {}))))
        expect(heard.map(({ status, code }) => [status, code])).toEqual(
          unknown.map(() => [400, 'UnknownOperationException']),
        )
      }),
      bounded,
    )
    expect(open.faults).toEqual([])
  })
})

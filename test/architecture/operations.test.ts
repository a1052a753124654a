import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { join } from 'node:path'
import { type Row, awsOperations, iam, kms, sts } from '@keyledger/command'
import { type FieldDescription, describe as described } from '@keyledger/wire'
import { describe, expect, test } from 'vitest'
import { type Fields, type Member, bounds, iamActions, model } from '../support/model.ts'
import { operationsTable } from '../support/operations-table.ts'
import { openHouse, raw, refusalOf, trailOf } from '../support/rooms.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const text = (path: string) => readFileSync(join(root, path), 'utf8')
const files = (folder: string, ending: string) =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith(ending))
    .map((name) => name.slice(0, -ending.length))

const rows: Readonly<Record<string, Row>> = { ...kms, ...sts }
const names = Object.keys(kms)
/** Row files are in PascalCase, all others are not. */
const rowFiles = (folder: string) => files(folder, '.ts').filter((name) => /^[A-Z]/.test(name))

/** A member as AWS's model has it, in the words of our shapes; enums without their order. */
const asModelled = (member: Member): object => {
  const { min, max } = bounds(member)
  return {
    type: member.type,
    ...(min !== undefined && { min }),
    ...(max !== undefined && { max }),
    ...(member.pattern !== undefined && { pattern: member.pattern }),
    ...(member.enum && { enum: member.enum.toSorted() }),
    ...(member.sensitive && { sensitive: true }),
    ...(member.member && { member: asModelled(member.member) }),
    ...(member.type === 'map' && { key: { type: 'string' }, value: { type: 'string' } }),
    ...(member.fields && { fields: fieldsAsModelled(member.fields) }),
  }
}
const fieldsAsModelled = (fields: Fields) =>
  Object.fromEntries(
    Object.entries(fields).map(([name, field]) => [name, { ...asModelled(field), required: field.required ?? false }]),
  )

/** A member of our shape, its enum without its order. */
const asShaped = (description: Omit<FieldDescription, 'required'>): object => ({
  ...description,
  ...(description.enum && { enum: description.enum.toSorted() }),
  ...(description.member && { member: asShaped(description.member) }),
  ...(description.fields && { fields: fieldsAsShaped(description.fields) }),
})
const fieldsAsShaped = (fields: Readonly<Record<string, FieldDescription>>) =>
  Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, asShaped(field)]))

describe('the table of operations', () => {
  test('every file is a row of its name, and every row a file', () => {
    expect(rowFiles('services/command/src/kms')).toEqual(names)
    expect(rowFiles('services/command/src/sts').toSorted()).toEqual(Object.keys(sts).toSorted())
    expect(rowFiles('services/command/src/iam').toSorted()).toEqual(Object.keys(iam).toSorted())
  })
  test.each(Object.keys(rows))('%s exports its row under its own name, and nothing else', async (name) => {
    const folder = name in kms ? 'kms' : 'sts'
    const path = join(root, `services/command/src/${folder}/${name}.ts`)
    const exported = (await import(path)) as Record<string, unknown>
    expect(Object.keys(exported)).toEqual([name])
    expect(exported[name]).toBe(rows[name])
  })

  test('every row is an operation of AWS', () => {
    expect(names.filter((name) => !Object.hasOwn(model, name))).toEqual([])
  })
  test("AWS's operations are the model's", () => {
    expect([...awsOperations].toSorted()).toEqual(Object.keys(model).toSorted())
    expect(awsOperations.size).toBe(56)
  })

  test.each(names)("%s takes the model's members, no more and no less strictly", (name) => {
    expect(fieldsAsShaped(described(kms[name as keyof typeof kms].input))).toEqual(fieldsAsModelled(model[name]!.input))
  })
  test.each(names)('%s falls back to the defaults that AWS falls back to', (name) => {
    const { input } = model[name]!
    const { fields } = kms[name as keyof typeof kms].input
    const defaults = Object.entries(input).flatMap(([member, { effective }]) =>
      effective?.default === undefined ? [] : [[member, effective.default] as const],
    )
    // A row that leaves a default to its handler has the member undefined here; its own test holds the handler to it.
    const ours = defaults.map(([member, value]) => [member, fields[member]?.safeParse(undefined).data ?? value])
    expect(ours).toEqual(defaults)
  })

  const plural: Readonly<Record<string, readonly string[]>> = { ReEncrypt: ['ReEncryptFrom', 'ReEncryptTo'] }
  test.each(names)('%s asks for an action of IAM, its own', (name) => {
    const { action } = rows[name]!.authorize
    const own = plural[name] ?? [name]
    expect(own.map((one) => `kms:${one}`)).toContain(action)
    expect(Object.hasOwn(iamActions, action.slice('kms:'.length))).toBe(true)
  })
  test.each(names)('%s names its key by a required member', (name) => {
    const { on } = rows[name]!.authorize
    const named = on === undefined ? [] : [[on, model[name]!.input[on]?.required]]
    expect(named).toEqual(on === undefined ? [] : [[on, true]])
  })
  // KMS developer guide, "CloudTrail": what changes nothing is read-only, the uses of a key among it.
  const changing = /^(Cancel|Create|Delete|Disable|Enable|Put|Replicate|Retire|Revoke|Rotate|Schedule|Tag|Untag|Update)/
  test.each(names)('%s says rightly whether it only reads', (name) => {
    expect(rows[name]!.readOnly).toBe(!changing.test(name))
  })
})

describe('the mirrored tests', () => {
  test('every row has its own, and every one its row', () => {
    expect(files('test/operations', '.test.ts').toSorted()).toEqual([...names, 'GetCallerIdentity'].toSorted())
  })
  test.each(['sts', 'iam'] as const)('every row of %s is asked for in its tests, through the SDK', (service) => {
    const rows = Object.keys({ sts, iam }[service])
    const source = files(`test/${service}`, '.test.ts')
      .map((name) => text(`test/${service}/${name}.test.ts`))
      .join('\n')
    // What is not AWS's the SDK does not have: it is asked for by hand.
    const asked = (name: string) => source.includes(name === 'CreateAccount' ? `Action=${name}` : `new ${name}Command(`)
    expect(rows.filter((name) => !asked(name))).toEqual([])
  })
  const keyless = new Set(['CreateKey', 'GenerateRandom'])
  const roomsOf = (name: string) =>
    ['serialization', 'validation', 'authorization', 'state', 'function'].filter(
      (room) => room !== 'state' || !keyless.has(name),
    )
  test.each(Object.keys(rows).filter((name) => existsSync(join(root, `test/operations/${name}.test.ts`))))(
    '%s has its five rooms',
    (name) => {
      const source = text(`test/operations/${name}.test.ts`)
      const rooms = new Set([...source.matchAll(/\bdescribe\(\s*'(\w+)'/g)].map(([, room]) => room))
      expect(roomsOf(name).filter((room) => !rooms.has(room))).toEqual([])
    },
  )
})

describe('what is not in the table', () => {
  const house = openHouse()
  const ask = async (operation: string) => {
    const answered = await raw(house(), { operation })
    const { eventName, errorCode } = await trailOf(house(), answered.requestId)
    return { refusal: refusalOf(answered), eventName, errorCode }
  }

  test.each([...awsOperations].filter((name) => !(name in kms)))('%s is not supported yet', async (name) => {
    expect(await ask(name)).toEqual({
      refusal: { name: 'UnsupportedOperationException', message: `${name} is not supported.`, status: 400 },
      eventName: name,
      errorCode: 'UnsupportedOperationException',
    })
  })
  test.each(['Nonsense', 'encrypt', 'Encrypt.', '', '__proto__', 'constructor', 'toString', 'GetCallerIdentity'])(
    "'%s' is unknown",
    async (name) => {
      expect(await ask(name)).toEqual({
        refusal: { name: 'UnknownOperationException', message: '', status: 400 },
        eventName: 'Unknown',
        errorCode: 'UnknownOperationException',
      })
    },
  )
})

describe('the README', () => {
  // Prettier pads a table's columns.
  const unpadded = (table: string) =>
    table
      .trim()
      .split('\n')
      .map((line) => line.replaceAll(/ *\| */g, '|').replaceAll(/-{3,}/g, '---'))

  test('has the table of operations as it is', () => {
    const [, between = ''] = /<!-- operations -->([^]*?)<!-- \/operations -->/.exec(text('README.md')) ?? []
    expect(unpadded(between)).toEqual(unpadded(operationsTable()))
  })
})

import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  CreateKeyCommand,
  DisableKeyCommand,
  EncryptCommand,
  RotateKeyOnDemandCommand,
  TagResourceCommand,
} from '@aws-sdk/client-kms'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { filesIn } from '../support/files.ts'
import { alice } from '../support/house.ts'
import { type LeapingHouse, leapingHouse } from '../support/leaping-house.ts'
import { factsIn } from '../support/raw.ts'
import { unread } from '../support/unread.ts'

/** `npm run ledger`: what happened, read from the ledger's file by another process, beside a house or without one. */
const program = fileURLToPath(new URL('../../services/standalone/src/ledger.ts', import.meta.url))

const start = (data: string, ...args: string[]) => {
  const child = spawn(process.execPath, [program, ...args], {
    env: { PATH: process.env['PATH'], KEYLEDGER_DATA: data },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk) => (stdout += String(chunk)))
  child.stderr.on('data', (chunk) => (stderr += String(chunk)))
  const ended = new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) =>
    child.once('close', (code) => resolve({ code, stdout, stderr })),
  )
  return { child, ended, stdout: () => stdout }
}

let open: LeapingHouse
let keyId: string
let arn: string
let stream: string
const hour = 3600_000
const at = (hours: number) => new Date(Date.parse('2026-06-01T12:00:00Z') + hours * hour).toISOString()

beforeAll(async () => {
  open = await leapingHouse()
  const kms = open.kms()
  const { KeyId, Arn } = (await kms.send(new CreateKeyCommand({ Description: 'replayed' }))).KeyMetadata!
  keyId = KeyId!
  arn = Arn!
  stream = `key-us-east-1.${alice.account}.${keyId}`
  open.clock.leap(hour)
  await kms.send(new DisableKeyCommand({ KeyId }))
  open.clock.leap(hour)
  await kms.send(new TagResourceCommand({ KeyId, Tags: [{ TagKey: 'team', TagValue: 'red' }] }))
  await kms.send(new RotateKeyOnDemandCommand({ KeyId })).catch(() => undefined)
  const other = (await kms.send(new CreateKeyCommand({}))).KeyMetadata!.KeyId!
  await kms.send(new EncryptCommand({ KeyId: other, Plaintext: Buffer.from('a') }))
})
afterAll(async () => {
  await open[Symbol.asyncDispose]()
})

const run = async (...args: string[]): Promise<string> => {
  const { code, stdout, stderr } = await start(open.data, ...args).ended
  if (code !== 0) throw new Error(stderr)
  expect(stderr).toBe('')
  return stdout
}
const json = async <T>(...args: string[]): Promise<T[]> =>
  (await run(...args, '--json'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as T)

interface Fact {
  readonly stream: string
  readonly revision: number
  readonly type: string
  readonly time: string
  readonly data: unknown
  readonly metadata?: { readonly actor: string }
}
interface Replayed {
  readonly stream: string
  readonly at: string
  readonly state: {
    readonly exists: string
    readonly state: string
    readonly tags: object[]
    readonly description: string
  }
}

describe('beside a running house', () => {
  test('tail shows the last facts of all streams, in their order', async () => {
    const wanted = factsIn(open.data)
    const shown = (facts: readonly { stream: string; type: string; data: unknown }[]) =>
      facts.map(({ stream, type, data }) => ({ stream, type, data }))
    expect(shown(await json<Fact>('tail', '-n', '5'))).toEqual(wanted.slice(-5))
    expect(shown(await json<Fact>('tail'))).toEqual(wanted.slice(-20))
    expect(shown(await json<Fact>('tail', '-n', '1000'))).toEqual(wanted)
    const text = (await run('tail', '-n', '1')).trimEnd().split('\n')
    expect(text).toEqual([
      expect.stringContaining(`trail-us-east-1.${alice.account}.2026-06-01@`),
      `    ${JSON.stringify(wanted.at(-1)!.data)}`,
    ])
  })

  test('read shows one stream whole: what, when, by whom', async () => {
    const facts = await json<Fact>('read', stream)
    expect(facts.map(({ revision, type, time, metadata }) => [revision, type, time, metadata!.actor])).toEqual([
      [0, 'KeyCreated', at(0), 'arn:aws:iam::111122223333:user/alice'],
      [1, 'KeyDisabled', at(1), 'arn:aws:iam::111122223333:user/alice'],
      [2, 'KeyTagged', at(2), 'arn:aws:iam::111122223333:user/alice'],
    ])
    expect(
      (await run('read', stream))
        .trimEnd()
        .split('\n')
        .filter((line) => !line.startsWith(' ')),
    ).toEqual([
      `${at(0)}  ${stream}@0  KeyCreated  by arn:aws:iam::111122223333:user/alice`,
      `${at(1)}  ${stream}@1  KeyDisabled  by arn:aws:iam::111122223333:user/alice`,
      `${at(2)}  ${stream}@2  KeyTagged  by arn:aws:iam::111122223333:user/alice`,
    ])
  })

  test('replay shows the key as it was then', async () => {
    const then = async (...args: string[]) => {
      const [replayed, ...more] = await json<Replayed>('replay', ...args)
      expect(more).toEqual([])
      const { state } = replayed!
      return [replayed!.stream, state.exists, state.state, state.tags.length]
    }
    expect(await then(keyId)).toEqual([stream, 'yes', 'Disabled', 1])
    expect(await then(arn)).toEqual([stream, 'yes', 'Disabled', 1])
    expect(await then(keyId, '--at', at(0.5))).toEqual([stream, 'yes', 'Enabled', 0])
    expect(await then(keyId, '--at', at(1))).toEqual([stream, 'yes', 'Disabled', 0])
    expect(await then(keyId, '--at', at(1.5))).toEqual([stream, 'yes', 'Disabled', 0])

    const text = await run('replay', keyId, '--at', at(0.5))
    expect(text.split('\n')[0]).toBe(`${stream} as of ${at(0.5)}`)
    expect(text).toMatch(/^ {2}state +Enabled$/m)
    expect(text).toMatch(/^ {2}description +replayed$/m)
    expect(await run('replay', keyId, '--at', at(1.5))).toMatch(/^ {2}state +Disabled$/m)
  })

  test('replay of a time before the key shows no state: there was none', async () => {
    for (const name of [keyId, arn]) {
      expect(await json('replay', name, '--at', at(-1))).toEqual([{ stream, at: at(-1), exists: 'no' }])
      expect(await run('replay', name, '--at', at(-1))).toBe(`${stream} did not exist yet as of ${at(-1)}\n`)
    }
  })

  test('a reader who goes away is no fault, and ends even what follows', async () => {
    for (const args of [['tail', '-n', '1000'], ['tail', '-n', '1000', '--follow'], ['read', stream], ['streams']])
      expect(await unread(program, args, { KEYLEDGER_DATA: open.data })).toBe('ended with 0\n')
  })

  test('streams lists what there is', async () => {
    const streams = (await run('streams')).trimEnd().split('\n')
    expect(new Set(streams)).toEqual(new Set(factsIn(open.data).map(({ stream }) => stream)))
    expect((await run('streams', `key-us-east-1.${alice.account}.${keyId.slice(0, 8)}`)).trimEnd()).toBe(stream)
  })

  test('tail --follow shows what happens, as it happens', async () => {
    const following = start(open.data, 'tail', '-n', '1', '--follow', '--json')
    const seen = (text: string) => expect.poll(following.stdout, { timeout: 30_000 }).toContain(text)
    await seen('"stream":"trail-')
    await open.kms().send(new CreateKeyCommand({ Description: 'while somebody looks' }))
    await seen('while somebody looks')
    following.child.kill('SIGINT')
    await following.ended
  })

  test('it does not stand in the way of the house', async () => {
    const kms = open.kms()
    const reading = Array.from({ length: 4 }, () => start(open.data, 'tail', '-n', '1000').ended)
    for (let count = 0; count < 50; count++) await kms.send(new CreateKeyCommand({}))
    for (const { code } of await Promise.all(reading)) expect(code).toBe(0)
    expect(open.faults).toEqual([])
  })
})

describe('without a house', () => {
  beforeAll(async () => {
    await open.house[Symbol.asyncDispose]()
  })
  test('it is all there still', async () => {
    const wanted = factsIn(open.data)
    expect((await json<Fact>('tail', '-n', '5')).map(({ data }) => data)).toEqual(
      wanted.slice(-5).map(({ data }) => data),
    )
    expect(await json<Fact>('read', stream)).toHaveLength(3)
    const [then] = await json<Replayed>('replay', keyId, '--at', at(0.5))
    const [now] = await json<Replayed>('replay', keyId)
    expect([then!.state.state, now!.state.state]).toEqual(['Enabled', 'Disabled'])
  })

  test('what is not there, or not meant, is one line and exit code 2', async () => {
    const wrong: [string[], RegExp][] = [
      [['read', 'key-nothing'], /there is no stream key-nothing/],
      [['replay', '00000000-0000-0000-0000-000000000000'], /there is no key 0/],
      // An ARN is of one key, whatever other has its id.
      ...[
        arn.replace('us-east-1', 'eu-west-1'),
        arn.replace(alice.account, '999988887777'),
        arn.replace(':kms:', ':s3:'),
        `x/${keyId}`,
      ].map((name): [string[], RegExp] => [['replay', name], new RegExp(`there is no key ${name}`)]),
      [['replay', keyId, '--at', 'yesterday'], /--at yesterday is not a time/],
      [['tail', '-n', 'many'], /-n many is not a number of events/],
      [['tail', '--fast'], /--fast/],
    ]
    for (const [args, says] of wrong) {
      const { code, stdout, stderr } = await start(open.data, ...args).ended
      expect([code, stdout, stderr.trimEnd().split('\n').length]).toEqual([2, '', 1])
      expect(stderr).toMatch(says)
    }
    for (const args of [[], ['explode'], ['read'], ['replay']]) {
      const { code, stderr } = await start(open.data, ...args).ended
      expect(code).toBe(2)
      expect(stderr).toContain('npm run ledger -- tail')
    }
  })

  test('it only reads', async () => {
    const before = filesIn(open.data)
    await run('tail')
    await run('replay', keyId)
    expect(filesIn(open.data)).toEqual(before)
  })

  test('where there is no ledger it makes none', async () => {
    const root = mkdtempSync(join(tmpdir(), 'keyledger-none-'))
    mkdirSync(join(root, 'data'))
    for (const data of [join(root, 'data'), join(root, 'nowhere')]) {
      const { code, stdout, stderr } = await start(data, 'tail').ended
      expect([code, stdout, stderr]).toEqual([2, '', `keyledger: there is no ledger in ${data}\n`])
    }
    expect(readdirSync(root, { recursive: true })).toEqual(['data'])
    rmSync(root, { recursive: true })
  })
})

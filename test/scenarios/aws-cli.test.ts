import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { answerOf, cli, noCli } from '../support/aws-cli.ts'
import { credentialsIn, type HouseProcess, houseProcess } from '../support/process.ts'
import { recordsIn } from '../support/raw.ts'

// Each command starts a Python of its own.
describe.skipIf(noCli)(`the AWS CLI${noCli}`, { timeout: 180_000 }, () => {
  let root: string
  let data: string
  let house: HouseProcess
  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), 'keyledger-cli-'))
    data = join(root, 'data')
    house = await houseProcess(data)
  })
  afterAll(async () => {
    house.child.kill('SIGINT')
    await house.ended
    rmSync(root, { recursive: true, force: true })
  })

  const say = (args: readonly string[], environment: Record<string, string> = {}) =>
    cli(root, { AWS_SHARED_CREDENTIALS_FILE: join(data, 'credentials'), ...addresses(), ...environment }, args)
  const addresses = () => ({ AWS_ENDPOINT_URL_KMS: house.url, AWS_ENDPOINT_URL_STS: house.url })
  // Older versions do not read AWS_ENDPOINT_URL_...: the third line to paste says the address itself.
  const aws = async <T>(service: string, ...args: string[]): Promise<T> =>
    answerOf(await say([service, ...args, '--endpoint-url', house.url]))
  const refused = async (...args: string[]) => (await say([...args, '--endpoint-url', house.url])).stderr.trim()
  const newKey = async (...args: string[]) =>
    (await aws<{ KeyMetadata: Record<string, unknown> & { KeyId: string; Arn: string } }>('kms', 'create-key', ...args))
      .KeyMetadata

  test('says who it is', async () => {
    expect(await aws('sts', 'get-caller-identity')).toEqual({
      UserId: expect.stringMatching(/^AIDA/) as string,
      Account: '000000000000',
      Arn: 'arn:aws:iam::000000000000:user/admin',
    })
  })

  test('makes a key, encrypts under it and an alias, decrypts with the same context and no other', async () => {
    const { KeyId, Arn, ...made } = await newKey('--description', 'from the command line ü')
    expect(made).toMatchObject({ Description: 'from the command line ü', KeyState: 'Enabled', Enabled: true })
    await aws('kms', 'create-alias', '--alias-name', 'alias/cli', '--target-key-id', KeyId)
    writeFileSync(join(root, 'plain'), Buffer.from([0, 1, 2, 254, 255]))
    const encrypt = ['kms', 'encrypt', '--key-id', 'alias/cli', '--plaintext', 'fileb://plain'] as const
    const context = ['--encryption-context', 'tenant=ä,purpose=backup']
    const sealed = await aws<{ CiphertextBlob: string; KeyId: string }>(...encrypt, ...context)
    expect(sealed.KeyId).toBe(Arn)
    writeFileSync(join(root, 'sealed'), Buffer.from(sealed.CiphertextBlob, 'base64'))
    const decrypt = ['kms', 'decrypt', '--ciphertext-blob', 'fileb://sealed', '--encryption-context'] as const
    const opened = await aws<{ Plaintext: string; KeyId: string }>(...decrypt, 'purpose=backup,tenant=ä')
    expect([opened.Plaintext, opened.KeyId]).toEqual(['AAEC/v8=', Arn])
    expect(await refused(...decrypt, 'purpose=backup')).toBe(
      'An error occurred (InvalidCiphertextException) when calling the Decrypt operation:',
    )
    const generate = ['kms', 'generate-data-key', '--key-id', KeyId, '--key-spec', 'AES_256'] as const
    const data = await aws<{ Plaintext: string; CiphertextBlob: string }>(...generate)
    expect(Buffer.from(data.Plaintext, 'base64')).toHaveLength(32)
    writeFileSync(join(root, 'data-key'), Buffer.from(data.CiphertextBlob, 'base64'))
    const again = await aws<{ Plaintext: string }>('kms', 'decrypt', '--ciphertext-blob', 'fileb://data-key')
    expect(again.Plaintext).toBe(data.Plaintext)
  })

  test('tags, policies, rotation', async () => {
    const { KeyId } = await newKey('--tags', 'TagKey=team,TagValue=red')
    await aws('kms', 'tag-resource', '--key-id', KeyId, '--tags', 'TagKey=stage,TagValue=test')
    await aws('kms', 'untag-resource', '--key-id', KeyId, '--tag-keys', 'team')
    expect(await aws('kms', 'list-resource-tags', '--key-id', KeyId)).toMatchObject({
      Tags: [{ TagKey: 'stage', TagValue: 'test' }],
    })

    const policy = ['kms', 'get-key-policy', '--key-id', KeyId, '--policy-name', 'default'] as const
    const { Policy } = await aws<{ Policy: string }>(...policy)
    const changed = Policy.replace('Enable IAM User Permissions', 'from the command line')
    await aws('kms', 'put-key-policy', '--key-id', KeyId, '--policy-name', 'default', '--policy', changed)
    expect(await aws(...policy)).toMatchObject({
      Policy: changed,
    })

    await aws('kms', 'enable-key-rotation', '--key-id', KeyId)
    expect(await aws('kms', 'get-key-rotation-status', '--key-id', KeyId)).toMatchObject({ KeyRotationEnabled: true })
    await aws('kms', 'disable-key-rotation', '--key-id', KeyId)
    expect(await aws('kms', 'get-key-rotation-status', '--key-id', KeyId)).toMatchObject({ KeyRotationEnabled: false })
  })

  test('lists page by page', async () => {
    const ids = [await newKey(), await newKey(), await newKey()].map(({ KeyId }) => KeyId)
    const { Keys } = await aws<{ Keys: { KeyId: string }[] }>('kms', 'list-keys', '--page-size', '2')
    const listed = Keys.map(({ KeyId }) => KeyId)
    expect(new Set(listed).size).toBe(listed.length)
    expect(listed).toEqual(expect.arrayContaining(ids))
    const pages = recordsIn(data).filter(({ eventName }) => eventName === 'ListKeys')
    expect(pages).toHaveLength(Math.ceil(listed.length / 2))
    const first = await aws<{ Keys: object[]; NextToken: string }>('kms', 'list-keys', '--max-items', '1')
    expect(first.Keys).toHaveLength(1)
    expect(first.NextToken).toBeTypeOf('string')
  })

  test('schedules a deletion and takes it back', async () => {
    const { KeyId, Arn } = await newKey()
    const schedule = ['kms', 'schedule-key-deletion', '--key-id', KeyId, '--pending-window-in-days'] as const
    const { DeletionDate, ...scheduled } = await aws<{ DeletionDate: string }>(...schedule, '7')
    expect(scheduled).toEqual({ KeyId: Arn, KeyState: 'PendingDeletion', PendingWindowInDays: 7 })
    const days = (Date.parse(DeletionDate) - Date.now()) / (24 * 3600_000)
    expect(Math.round(days)).toBe(7)
    expect(await refused(...schedule, '7')).toContain(`(KMSInvalidStateException) when calling the ScheduleKeyDeletion`)
    await aws('kms', 'cancel-key-deletion', '--key-id', KeyId)
    expect(await aws('kms', 'describe-key', '--key-id', KeyId)).toMatchObject({ KeyMetadata: { KeyState: 'Disabled' } })
  })

  test('is told what is wrong', async () => {
    const id = '00000000-0000-0000-0000-000000000000'
    expect(await refused('kms', 'describe-key', '--key-id', id)).toBe(
      `An error occurred (NotFoundException) when calling the DescribeKey operation: Key 'arn:aws:kms:us-east-1:000000000000:key/${id}' does not exist`,
    )
    const say2 = (environment: Record<string, string>) =>
      say(['kms', 'list-keys', '--endpoint-url', house.url], environment).then(({ stderr }) => stderr.trim())
    const { accessKeyId } = credentialsIn(data)
    expect(await say2({ AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: 'not the secret' })).toContain(
      '(InvalidSignatureException) when calling the ListKeys operation: The request signature we calculated does not match',
    )
    expect(await say2({ AWS_ACCESS_KEY_ID: 'AKIANOBODYNOBODYNOBO', AWS_SECRET_ACCESS_KEY: 'nor this' })).toBe(
      'An error occurred (UnrecognizedClientException) when calling the ListKeys operation: The security token included in the request is invalid.',
    )
    expect(await say2({ AWS_REGION: 'ap-south-1' })).toContain('Credential should be scoped to a valid region')
  })
})

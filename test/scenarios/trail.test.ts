import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { alice, arnOf, bob } from '../support/house.ts'
import { type LeapingHouse, leapingHouse } from '../support/leaping-house.ts'
import { type Asked, type Heard, type TrailRecord, asker, factsIn, recordsIn, say } from '../support/raw.ts'

/** Every request is one record, durable before its answer, in CloudTrail's form and without a secret. */
let open: LeapingHouse
beforeAll(async () => {
  open = await leapingHouse()
})
afterAll(async () => {
  await open[Symbol.asyncDispose]()
})

const ask = asker(
  () => open.house.url,
  () => open.clock.now(),
)
const answered = async <T>(operation: string, input: object, asked?: Asked): Promise<T> => {
  const { status, body } = await ask(operation, input, asked)
  if (status !== 200) throw new Error(body)
  return (body === '' ? {} : JSON.parse(body)) as T
}

interface Metadata {
  readonly KeyId: string
  readonly Arn: string
  readonly CurrentKeyMaterialId: string
}
const newKey = async (input: object = {}): Promise<Metadata> =>
  (await answered<{ KeyMetadata: Metadata }>('CreateKey', input)).KeyMetadata
const encrypted = async (KeyId: string, EncryptionContext: object = {}): Promise<string> =>
  (await answered<{ CiphertextBlob: string }>('Encrypt', { KeyId, Plaintext: 'cGxhaW4=', EncryptionContext }))
    .CiphertextBlob

/** What a request put on the trail, read from the ledger's file the moment its answer is here. */
const recorded = async (act: () => Promise<Heard>): Promise<{ heard: Heard; records: readonly TrailRecord[] }> => {
  const before = recordsIn(open.data).length
  const heard = await act()
  return { heard, records: recordsIn(open.data).slice(before) }
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const person = {
  type: 'IAMUser',
  principalId: expect.stringMatching(/^AIDA[A-Z2-7]{17}$/) as string,
  arn: 'arn:aws:iam::111122223333:user/alice',
  accountId: '111122223333',
  accessKeyId: alice.accessKeyId,
  userName: 'alice',
}

/** A record of alice's, as CloudTrail would have it; what one request adds stands in `of`. */
const record = (heard: Heard, eventName: string, of: object) => ({
  eventVersion: '1.11',
  userIdentity: person,
  eventTime: '2026-06-01T12:00:00Z',
  eventSource: 'kms.amazonaws.com',
  eventName,
  awsRegion: 'us-east-1',
  sourceIPAddress: '127.0.0.1',
  userAgent: 'a test/1.0',
  requestParameters: null,
  responseElements: null,
  requestID: heard.headers['x-amzn-requestid'],
  eventID: expect.stringMatching(uuid) as string,
  readOnly: true,
  eventType: 'AwsApiCall',
  managementEvent: true,
  recipientAccountId: '111122223333',
  eventCategory: 'Management',
  ...of,
})
const resource = (ARN: string) => ({ accountId: '111122223333', type: 'AWS::KMS::Key', ARN })

const asTest: Asked = { headers: { 'user-agent': 'a test/1.0' } }
/** What a request that succeeds puts on the trail, and what it should. */
const put = async (operation: string, input: object, of: object) => {
  const { heard, records } = await recorded(() => ask(operation, input, asTest))
  if (heard.status !== 200) throw new Error(heard.body)
  return { records, wanted: [record(heard, operation, of)] }
}

describe('one request, one record', () => {
  let key: Metadata
  let disabled: Metadata
  let dying: Metadata
  let blob: string
  beforeAll(async () => {
    key = await newKey()
    disabled = await newKey()
    dying = await newKey()
    blob = await encrypted(key.KeyId, { tenant: 'a' })
    await answered('DisableKey', { KeyId: disabled.KeyId })
    await answered('ScheduleKeyDeletion', { KeyId: dying.KeyId })
  })

  const plain = { Plaintext: 'cGxhaW4=' }
  const nobody = { type: 'Unknown' }
  /** By what happened: the request, the name of the operation on its record, what the record and the answer call it. */
  const requests: Record<string, [() => Promise<Heard>, string, string | undefined, object]> = {
    'a use': [() => ask('Encrypt', { KeyId: key.KeyId, ...plain }), 'Encrypt', undefined, person],
    'a change': [() => ask('EnableKey', { KeyId: key.KeyId }), 'EnableKey', undefined, person],
    'a list': [() => ask('ListKeys', {}), 'ListKeys', undefined, person],
    'no signature': [
      () => say(open.house.url, { headers: { 'x-amz-target': 'TrentService.ListKeys' }, body: '{}' }),
      'ListKeys',
      'MissingAuthenticationTokenException',
      nobody,
    ],
    'half a signature': [
      () =>
        say(open.house.url, {
          headers: { 'x-amz-target': 'TrentService.ListKeys', authorization: 'AWS4-HMAC-SHA256 Credential=a' },
          body: '{}',
        }),
      'ListKeys',
      'IncompleteSignatureException',
      nobody,
    ],
    'a wrong signature': [
      () => ask('ListKeys', {}, { secretAccessKey: 'not the secret access key of alice' }),
      'ListKeys',
      'InvalidSignatureException',
      nobody,
    ],
    'an access key nobody has': [
      () => ask('ListKeys', {}, { accessKeyId: 'AKIANOBODYNOBODYNOBO' }),
      'ListKeys',
      'UnrecognizedClientException',
      nobody,
    ],
    'an unknown operation': [() => ask('Explode', {}), 'Unknown', 'UnknownOperationException', nobody],
    'an operation that is not there yet': [() => ask('Sign', {}), 'Sign', 'UnsupportedOperationException', person],
    'a body that is not JSON': [() => ask('ListKeys', '{"Limit":'), 'Unknown', 'SerializationException', nobody],
    'a member of another type': [() => ask('ListKeys', { Limit: 'a' }), 'ListKeys', 'SerializationException', person],
    'a member out of bounds': [() => ask('ListKeys', { Limit: 0 }), 'ListKeys', 'ValidationException', person],
    'a key that is not there': [
      () => ask('DescribeKey', { KeyId: '00000000-0000-0000-0000-000000000000' }),
      'DescribeKey',
      'NotFoundException',
      person,
    ],
    "a stranger's key": [
      () => ask('DescribeKey', { KeyId: key.Arn }, { person: bob }),
      'DescribeKey',
      'AccessDeniedException',
      {
        ...person,
        arn: 'arn:aws:iam::444455556666:user/bob',
        accountId: '444455556666',
        userName: 'bob',
        accessKeyId: bob.accessKeyId,
      },
    ],
    'a disabled key': [
      () => ask('Encrypt', { KeyId: disabled.KeyId, ...plain }),
      'Encrypt',
      'DisabledException',
      person,
    ],
    'a key pending deletion': [
      () => ask('Encrypt', { KeyId: dying.KeyId, ...plain }),
      'Encrypt',
      'KMSInvalidStateException',
      person,
    ],
    'a dry run': [
      () => ask('Encrypt', { KeyId: key.KeyId, ...plain, DryRun: true }),
      'Encrypt',
      'DryRunOperationException',
      person,
    ],
    'a wrong context': [
      () => ask('Decrypt', { CiphertextBlob: blob, EncryptionContext: { tenant: 'b' } }),
      'Decrypt',
      'InvalidCiphertextException',
      person,
    ],
    'a body that is too large': [
      () => ask('ListKeys', 'x'.repeat(1_048_577)),
      'Unknown',
      'RequestEntityTooLarge',
      nobody,
    ],
    'another path': [() => ask('ListKeys', {}, { path: '/elsewhere' }), 'Unknown', 'UnknownOperationException', nobody],
    'another method': [() => ask('ListKeys', {}, { method: 'PUT' }), 'Unknown', 'UnknownOperationException', nobody],
    'a failure of the house': [
      async () => {
        const { vault } = open.house.world
        const unbroken = vault.open.bind(vault)
        vault.open = () => Promise.reject(new Error('the disk is gone'))
        try {
          return await ask('Encrypt', { KeyId: key.KeyId, ...plain })
        } finally {
          vault.open = unbroken
        }
      },
      'Encrypt',
      'KMSInternalException',
      person,
    ],
  }

  test.each(Object.keys(requests))('%s', async (name) => {
    const [act, eventName, errorCode, userIdentity] = requests[name]!
    const { heard, records } = await recorded(act)
    expect(records).toHaveLength(1)
    expect({
      eventName: records[0]!.eventName,
      errorCode: records[0]!.errorCode,
      errorMessage: records[0]!.errorMessage,
      requestID: records[0]!.requestID,
      userIdentity: records[0]!['userIdentity'],
    }).toEqual({
      eventName,
      errorCode,
      errorMessage: heard.message,
      requestID: heard.headers['x-amzn-requestid'],
      userIdentity,
    })
    expect(heard.code).toBe(errorCode)
  })

  test('a hundred at once are a hundred records', async () => {
    const before = recordsIn(open.data).length
    const heard = await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        index % 2 === 0 ? ask('Encrypt', { KeyId: key.KeyId, ...plain }) : ask('DescribeKey', { KeyId: 'nothing' }),
      ),
    )
    const records = recordsIn(open.data).slice(before)
    expect(records).toHaveLength(100)
    expect(new Set(records.map(({ requestID }) => requestID))).toEqual(
      new Set(heard.map(({ headers }) => headers['x-amzn-requestid'])),
    )
    expect(records.filter(({ errorCode }) => errorCode === 'NotFoundException')).toHaveLength(50)
  })

  test('GetCallerIdentity is a record of STS', async () => {
    const { heard, records } = await recorded(() =>
      ask('', 'Action=GetCallerIdentity&Version=2011-06-15', {
        service: 'sts',
        headers: { 'content-type': 'application/x-www-form-urlencoded', 'user-agent': 'a test/1.0' },
      }),
    )
    expect(records).toEqual([
      record(heard, 'GetCallerIdentity', { eventSource: 'sts.amazonaws.com', requestParameters: {} }),
    ])
  })

  test('each region and account has its own stream, and who nobody is has one too', async () => {
    await answered('ListKeys', {}, { region: 'eu-west-1' })
    const streams = new Set(factsIn(open.data).map(({ stream }) => stream))
    for (const owner of [
      'us-east-1.111122223333',
      'eu-west-1.111122223333',
      'us-east-1.444455556666',
      'us-east-1.unidentified',
    ])
      expect(streams).toContain(`trail-${owner}.2026-06-01`)
  })
})

describe('what a record says', () => {
  let key: Metadata
  let other: Metadata
  beforeAll(async () => {
    key = await newKey()
    other = await newKey()
  })
  const context = { Purpose: 'backup', tenant: 'Ä' }

  test('Encrypt: the context as it came, no plaintext, no token, no answer', async () => {
    const grant = await ask('CreateGrant', {
      KeyId: key.KeyId,
      GranteePrincipal: arnOf(alice),
      Operations: ['Encrypt'],
    })
    const { GrantToken } = JSON.parse(grant.body) as { GrantToken: string }
    const { records, wanted } = await put(
      'Encrypt',
      { KeyId: key.KeyId, Plaintext: 'cGxhaW4=', EncryptionContext: context, GrantTokens: [GrantToken] },
      {
        requestParameters: { keyId: key.KeyId, encryptionContext: context, encryptionAlgorithm: 'SYMMETRIC_DEFAULT' },
        resources: [resource(key.Arn)],
      },
    )
    expect(records).toEqual(wanted)
  })

  test('Decrypt: the algorithm always, the material that opened it', async () => {
    const CiphertextBlob = await encrypted(key.KeyId, context)
    const { records, wanted } = await put(
      'Decrypt',
      { CiphertextBlob, EncryptionContext: context },
      {
        requestParameters: { encryptionContext: context, encryptionAlgorithm: 'SYMMETRIC_DEFAULT' },
        additionalEventData: { keyMaterialId: key.CurrentKeyMaterialId },
        resources: [resource(key.Arn)],
      },
    )
    expect(records).toEqual(wanted)
  })

  test.each(['GenerateDataKey', 'GenerateDataKeyWithoutPlaintext'])(
    '%s: read-only, the material',
    async (operation) => {
      const { records, wanted } = await put(
        operation,
        { KeyId: key.Arn, KeySpec: 'AES_256', EncryptionContext: context },
        {
          requestParameters: { keyId: key.Arn, keySpec: 'AES_256', encryptionContext: context },
          additionalEventData: { keyMaterialId: key.CurrentKeyMaterialId },
          resources: [resource(key.Arn)],
        },
      )
      expect(records).toEqual(wanted)
    },
  )

  test('GenerateRandom: no key', async () => {
    const { records, wanted } = await put(
      'GenerateRandom',
      { NumberOfBytes: 32 },
      { requestParameters: { numberOfBytes: 32 } },
    )
    expect(records).toEqual(wanted)
  })

  test('ReEncrypt: the source first, then the destination', async () => {
    const CiphertextBlob = await encrypted(key.KeyId, context)
    const { records, wanted } = await put(
      'ReEncrypt',
      { CiphertextBlob, SourceEncryptionContext: context, DestinationKeyId: other.KeyId },
      {
        requestParameters: {
          sourceEncryptionContext: context,
          destinationKeyId: other.KeyId,
          sourceEncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
          destinationEncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
        },
        resources: [resource(key.Arn), resource(other.Arn)],
      },
    )
    expect(records).toEqual(wanted)
  })

  test('a ReEncrypt that is refused names what it came to know', async () => {
    const CiphertextBlob = await encrypted(key.KeyId, context)
    const { records } = await recorded(() => ask('ReEncrypt', { CiphertextBlob, DestinationKeyId: other.KeyId }))
    expect(records.map(({ errorCode, resources }) => [errorCode, resources])).toEqual([
      ['InvalidCiphertextException', [resource(key.Arn), resource(other.Arn)]],
    ])
  })

  test('CreateKey: what it was made with, and the metadata with its date as US text', async () => {
    const { heard, records } = await recorded(() =>
      ask('CreateKey', { Description: 'for the trail', Tags: [{ TagKey: 'team', TagValue: 'red' }] }, asTest),
    )
    const { KeyMetadata: made } = JSON.parse(heard.body) as { KeyMetadata: Metadata }
    expect(records).toEqual([
      record(heard, 'CreateKey', {
        readOnly: false,
        requestParameters: {
          description: 'for the trail',
          keyUsage: 'ENCRYPT_DECRYPT',
          keySpec: 'SYMMETRIC_DEFAULT',
          customerMasterKeySpec: 'SYMMETRIC_DEFAULT',
          origin: 'AWS_KMS',
          bypassPolicyLockoutSafetyCheck: false,
          tags: [{ tagKey: 'team', tagValue: 'red' }],
          multiRegion: false,
        },
        responseElements: {
          keyMetadata: {
            AWSAccountId: '111122223333',
            keyId: made.KeyId,
            arn: made.Arn,
            creationDate: 'Jun 1, 2026, 12:00:00 PM',
            enabled: true,
            description: 'for the trail',
            keyUsage: 'ENCRYPT_DECRYPT',
            keyState: 'Enabled',
            origin: 'AWS_KMS',
            keyManager: 'CUSTOMER',
            customerMasterKeySpec: 'SYMMETRIC_DEFAULT',
            keySpec: 'SYMMETRIC_DEFAULT',
            encryptionAlgorithms: ['SYMMETRIC_DEFAULT'],
            multiRegion: false,
            currentKeyMaterialId: made.CurrentKeyMaterialId,
          },
        },
        resources: [resource(made.Arn)],
      }),
    ])
  })

  test('ScheduleKeyDeletion: when it will be gone', async () => {
    const { KeyId, Arn } = await newKey()
    const { records, wanted } = await put(
      'ScheduleKeyDeletion',
      { KeyId, PendingWindowInDays: 7 },
      {
        readOnly: false,
        requestParameters: { keyId: KeyId, pendingWindowInDays: 7 },
        responseElements: {
          keyId: Arn,
          deletionDate: 'Jun 8, 2026, 12:00:00 PM',
          keyState: 'PendingDeletion',
          pendingWindowInDays: 7,
        },
        resources: [resource(Arn)],
      },
    )
    expect(records).toEqual(wanted)
  })

  test('a change without an answer of its own shows its key', async () => {
    const changes: [string, object, object][] = [
      ['TagResource', { Tags: [{ TagKey: 'team', TagValue: 'red' }] }, { tags: [{ tagKey: 'team', tagValue: 'red' }] }],
      ['UntagResource', { TagKeys: ['team'] }, { tagKeys: ['team'] }],
      ['UpdateKeyDescription', { Description: 'new' }, { description: 'new' }],
      ['EnableKeyRotation', { RotationPeriodInDays: 90 }, { rotationPeriodInDays: 90 }],
      ['DisableKey', {}, {}],
    ]
    for (const [operation, input, parameters] of changes) {
      const { records, wanted } = await put(
        operation,
        { KeyId: other.KeyId, ...input },
        {
          readOnly: false,
          requestParameters: { keyId: other.KeyId, ...parameters },
          responseElements: { keyId: other.Arn },
          resources: [resource(other.Arn)],
        },
      )
      expect(records).toEqual(wanted)
    }
  })

  test('GetKeyPolicy and DescribeKey: nothing of the answer', async () => {
    for (const operation of ['GetKeyPolicy', 'DescribeKey']) {
      const { records, wanted } = await put(
        operation,
        { KeyId: key.KeyId },
        { requestParameters: { keyId: key.KeyId }, resources: [resource(key.Arn)] },
      )
      expect(records).toEqual(wanted)
    }
  })

  test('a refusal keeps who asked for what, and why not', async () => {
    const { heard, records } = await recorded(() =>
      ask('DescribeKey', { KeyId: key.Arn }, { person: bob, headers: { 'user-agent': 'a test/1.0' } }),
    )
    expect(records).toEqual([
      record(heard, 'DescribeKey', {
        userIdentity: {
          ...person,
          arn: 'arn:aws:iam::444455556666:user/bob',
          accountId: '444455556666',
          accessKeyId: bob.accessKeyId,
          userName: 'bob',
        },
        errorCode: 'AccessDeniedException',
        errorMessage: heard.message,
        requestParameters: { keyId: key.Arn },
        resources: [resource(key.Arn)],
        recipientAccountId: '444455556666',
      }),
    ])
  })

  test('what nobody vouched for is not written down', async () => {
    const { heard, records } = await recorded(() =>
      ask(
        'Encrypt',
        { KeyId: key.KeyId, Plaintext: 'cGxhaW4=', EncryptionContext: { forged: 'yes' } },
        { secretAccessKey: 'not the secret access key of alice', headers: { 'user-agent': 'a test/1.0' } },
      ),
    )
    const { recipientAccountId, ...anonymous } = record(heard, 'Encrypt', {
      userIdentity: { type: 'Unknown' },
      errorCode: 'InvalidSignatureException',
      errorMessage: heard.message,
    })
    expect(recipientAccountId).toBe('111122223333')
    expect(records).toEqual([anonymous])
  })

  test('the user agent and the error message end at one kilobyte, large parameters give way to their size', async () => {
    const long = await recorded(() =>
      ask('DescribeKey', { KeyId: 'x'.repeat(2048) }, { headers: { 'user-agent': 'y'.repeat(3000) } }),
    )
    expect(long.records.map(({ errorMessage, userAgent }) => [errorMessage, userAgent])).toEqual([
      [`Invalid keyId '${'x'.repeat(1024 - "Invalid keyId '".length)}`, 'y'.repeat(1024)],
    ])
    const EncryptionContext = Object.fromEntries(
      Array.from({ length: 10_000 }, (_, index) => [`name-${index}`, 'value']),
    )
    const large = await recorded(() => ask('Encrypt', { KeyId: key.KeyId, Plaintext: 'cGxhaW4=', EncryptionContext }))
    expect(large.heard.status).toBe(200)
    expect(large.records.map(({ requestParameters }) => requestParameters)).toEqual([
      { omitted: true, originalSize: expect.any(Number) as number, reason: 'field exceeds 100 KB' },
    ])
  })
})

describe('no answer without its record', () => {
  /** Many turns of the event loop: time for an answer to come, if it were on its way. */
  const aWhile = async () => {
    for (let turn = 0; turn < 2000; turn++) await new Promise((resolve) => setImmediate(resolve))
  }

  test('the answer waits for the record', async () => {
    const { KeyId } = await newKey()
    const { trail } = open.house.world
    const unhindered = trail.record.bind(trail)
    const gate = Promise.withResolvers<void>()
    trail.record = async (stream, fact) => {
      await gate.promise
      return unhindered(stream, fact)
    }
    try {
      let heard: Heard | undefined
      const asking = ask('DescribeKey', { KeyId }).then((answer) => (heard = answer))
      await aWhile()
      expect(heard).toBeUndefined()
      gate.resolve()
      expect((await asking).status).toBe(200)
    } finally {
      trail.record = unhindered
    }
  })

  test('while the ledger cannot be written nothing is answered but a failure', async () => {
    const blob = await encrypted((await newKey()).KeyId)
    const before = factsIn(open.data)
    // A real obstacle: another writer holds the file. SQLite waits ten seconds for it and then gives up.
    using other = new DatabaseSync(`${open.data}/ledger.db`)
    other.exec('BEGIN IMMEDIATE')
    const { status, body } = await ask('Decrypt', { CiphertextBlob: blob })
    other.exec('ROLLBACK')
    expect([status, body]).toEqual([500, '{"__type":"KMSInternalException"}'])
    expect(factsIn(open.data)).toEqual(before)
    expect((await ask('Decrypt', { CiphertextBlob: blob })).status).toBe(200)
  })

  test('a change that cannot be written has not happened, and its failure is on the trail', async () => {
    const { KeyId } = await newKey()
    const { log } = open.house
    const append = log.append.bind(log)
    log.append = (stream, expected, facts) =>
      stream.startsWith('trail-') ? append(stream, expected, facts) : Promise.reject(new Error('the disk is full'))
    const changes: [string, object][] = [
      ['DisableKey', { KeyId }],
      ['RotateKeyOnDemand', { KeyId }],
      ['CreateAlias', { TargetKeyId: KeyId, AliasName: 'alias/unwritten' }],
      ['CreateKey', {}],
    ]
    const before = factsIn(open.data)
    try {
      for (const [operation, input] of changes) {
        const { status, body } = await ask(operation, input)
        expect([operation, status, body]).toEqual([operation, 500, '{"__type":"KMSInternalException"}'])
      }
    } finally {
      log.append = append
    }
    const since = factsIn(open.data).slice(before.length)
    expect(since.map(({ data }) => [(data as TrailRecord).eventName, (data as TrailRecord).errorCode])).toEqual(
      changes.map(([operation]) => [operation, 'KMSInternalException']),
    )
    const { KeyMetadata } = await answered<{ KeyMetadata: { KeyState: string } }>('DescribeKey', { KeyId })
    expect(KeyMetadata.KeyState).toBe('Enabled')
    expect((await ask('DisableKey', { KeyId })).status).toBe(200)
  })

  test('a ledger that is gone for good is the end of all answers', async () => {
    await using lost = await leapingHouse()
    const askLost = asker(
      () => lost.house.url,
      () => lost.clock.now(),
    )
    const made = JSON.parse((await askLost('CreateKey', {})).body) as { KeyMetadata: Metadata }
    const { KeyId } = made.KeyMetadata
    const { CiphertextBlob } = JSON.parse((await askLost('Encrypt', { KeyId, Plaintext: 'cGxhaW4=' })).body) as {
      CiphertextBlob: string
    }
    await lost.house.log[Symbol.asyncDispose]()
    for (const heard of [
      await askLost('Decrypt', { CiphertextBlob }),
      await askLost('GenerateDataKey', { KeyId, NumberOfBytes: 16 }),
      await askLost('DescribeKey', { KeyId: 'nothing' }),
    ])
      expect([heard.status, heard.body]).toEqual([500, '{"__type":"KMSInternalException"}'])
  }, 15_000)
})

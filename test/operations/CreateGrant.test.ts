import {
  type CreateGrantCommandInput,
  DecryptCommand,
  DescribeKeyCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  ListGrantsCommand,
  RevokeGrantCommand,
} from '@aws-sdk/client-kms'
import { beforeAll, describe, expect, test } from 'vitest'
import { grant, grantsOn, rootOf } from '../support/grants.ts'
import { type Person, alice, arnOf, bob } from '../support/house.ts'
import { idOf, leave, newcomer } from '../support/people.ts'
import {
  arnOfKey,
  authorizationRoom,
  doesNotExist,
  freshKey,
  isDisabled,
  isPendingDeletion,
  kms,
  lastChange,
  openHouse,
  refused,
  serializationRoom,
  stateRoom,
  unknownKey,
  validationRoom,
} from '../support/rooms.ts'

const house = openHouse()
const input = (KeyId: string) => ({ KeyId, GranteePrincipal: arnOf(alice), Operations: ['Encrypt'] })

let people = 0
const somebody = (...policies: readonly object[]) => newcomer(house(), `somebody${people++}`, policies)
const create = (KeyId: string, more: Partial<CreateGrantCommandInput> = {}, person: Person = alice) =>
  grant(house(), KeyId, more, person)
/** The refusal, after which nothing new stands in the ledger. */
const refusedCreate = async (more: Partial<CreateGrantCommandInput>, person?: Person, keyId?: string) => {
  const KeyId = keyId ?? (await freshKey(house()))
  const before = await lastChange(house())
  const refusal = await refused(create(KeyId, more, person))
  expect(await lastChange(house(), before)).toBe(before)
  return refusal
}
const encrypt = async (KeyId: string, person: Person, EncryptionContext?: Record<string, string>) =>
  (await kms(house(), person).send(
    new EncryptCommand({ KeyId: arnOfKey(KeyId), Plaintext: Buffer.from('x'), EncryptionContext }),
  ))!.CiphertextBlob!
const denied = { name: 'AccessDeniedException', status: 400 }
const validation = (message: string) => ({ name: 'ValidationException', message, status: 400 })

describe('CreateGrant', () => {
  describe('serialization', () => {
    serializationRoom(house, 'CreateGrant', input)
  })

  describe('validation', () => {
    validationRoom(house, 'CreateGrant', input)

    const SourceArn = 'arn:aws:s3:::111122223333:bucket'.replace(':::', ':us-east-1:')
    const service = { GranteePrincipal: undefined, GranteeServicePrincipal: 's3.us-east-1.amazonaws.com' }
    const oneGrantee = 'You must specify either the GranteePrincipal or the GranteeServicePrincipal, but not both.'
    const halfAService = 'A grant to a service principal must have a SourceArn constraint and a retiring principal.'
    test.each<[string, Partial<CreateGrantCommandInput>, string]>([
      ['without a grantee', { GranteePrincipal: undefined }, oneGrantee],
      ['with two', { GranteeServicePrincipal: 's3.us-east-1.amazonaws.com' }, oneGrantee],
      ['to a service on behalf of nobody', { ...service, RetiringPrincipal: rootOf(alice) }, halfAService],
      ['to a service that nobody retires', { ...service, Constraints: { SourceArn } }, halfAService],
      ['for nothing', { Operations: [] }, 'Grants must contain at least one operation.'],
      [
        'that grants nothing but grants',
        { Operations: ['CreateGrant'] },
        'Grants must not contain only the CreateGrant operation.',
      ],
      [
        'for nine pairs',
        {
          Constraints: { EncryptionContextEquals: Object.fromEntries(Array.from('abcdefghi', (name) => [name, '1'])) },
        },
        'An encryption context constraint can have at most 8 pairs.',
      ],
      [
        'for a value of 385 characters',
        { Constraints: { EncryptionContextSubset: { a: 'x'.repeat(385) } } },
        'The values of an encryption context constraint can have at most 384 characters.',
      ],
    ])('a grant %s is refused', async (_, more, message) => {
      expect(await refusedCreate(more)).toEqual(validation(message))
    })
    test.each(['Sign', 'Verify', 'GenerateMac', 'GetPublicKey', 'DeriveSharedSecret', 'Encapsulate'] as const)(
      'a key that encrypts cannot be granted for %s',
      async (operation) => {
        const KeyId = await freshKey(house())
        expect(await refusedCreate({ Operations: ['Encrypt', operation] }, alice, KeyId)).toEqual(
          validation(`${operation} is not valid for ${arnOfKey(KeyId)}.`),
        )
      },
    )

    const nobody = [
      'arn:aws:iam::111122223333:user/nobody',
      'arn:aws:iam::111122223333:role/nothing',
      'arn:aws:iam::111122223333:group/admins',
      'arn:aws:sts::111122223333:assumed-role/nothing/session',
      'arn:aws:iam::999999999999:root',
      '999999999999',
      'alice',
      'AIDAAAAAAAAAAAAAAAAAA',
    ]
    test.each(nobody)('%s is nobody to grant anything to, or to retire it', async (name) => {
      const invalid = {
        name: 'InvalidArnException',
        message: `ARN does not refer to a valid principal: ${name}`,
        status: 400,
      }
      expect(await refusedCreate({ GranteePrincipal: name })).toEqual(invalid)
      expect(await refusedCreate({ RetiringPrincipal: name })).toEqual(invalid)
    })

    test('an alias is not taken for a key here', async () => {
      expect(await refusedCreate({}, alice, 'alias/app')).toEqual({
        name: 'InvalidArnException',
        message: 'Key Aliases are not supported for this operation.',
        status: 400,
      })
    })
  })

  describe('authorization', () => {
    authorizationRoom(house, 'CreateGrant', input)

    test('who may nothing may not grant either', async () => {
      expect(await refusedCreate({}, await somebody())).toMatchObject(denied)
    })
    test('who may by policy may grant more than they may themselves', async () => {
      const [maker, grantee] = [
        await somebody({ Effect: 'Allow', Action: 'kms:CreateGrant', Resource: '*' }),
        await somebody(),
      ]
      const KeyId = await freshKey(house())
      expect(await refused(encrypt(KeyId, maker))).toMatchObject(denied)
      await create(KeyId, { GranteePrincipal: arnOf(grantee) }, maker)
      await encrypt(KeyId, grantee)
    })

    describe('by a grant', () => {
      let KeyId: string
      let holder: Person
      beforeAll(async () => {
        KeyId = await freshKey(house())
        holder = await somebody()
        await create(KeyId, {
          GranteePrincipal: arnOf(holder),
          Operations: ['CreateGrant', 'Encrypt', 'Decrypt'],
          Constraints: { EncryptionContextSubset: { tenant: '7' } },
        })
      })
      const within = { EncryptionContextSubset: { tenant: '7' } }

      test('one may pass on what one has, or less of it', async () => {
        const grantee = await somebody()
        await create(
          KeyId,
          {
            GranteePrincipal: arnOf(grantee),
            Operations: ['Encrypt'],
            Constraints: { EncryptionContextEquals: { tenant: '7', part: 'a' } },
          },
          holder,
        )
        await encrypt(KeyId, grantee, { part: 'a', tenant: '7' })
        expect(await refused(encrypt(KeyId, grantee, { tenant: '7' }))).toMatchObject(denied)
        expect(await refused(encrypt(KeyId, grantee))).toMatchObject(denied)
      })
      test.each<[string, Partial<CreateGrantCommandInput>]>([
        ['another operation', { Operations: ['Encrypt', 'DescribeKey'], Constraints: within }],
        ['no constraint', { Operations: ['Encrypt'] }],
        ['another constraint', { Operations: ['Encrypt'], Constraints: { EncryptionContextSubset: { tenant: '8' } } }],
        ['a looser constraint', { Operations: ['Encrypt'], Constraints: { EncryptionContextSubset: {} } }],
      ])('but not %s', async (_, more) => {
        expect(await refusedCreate(more, holder, KeyId)).toMatchObject(denied)
      })
      test('nor may one see, retire or revoke', async () => {
        const client = kms(house(), holder)
        expect(await refused(client.send(new ListGrantsCommand({ KeyId })))).toMatchObject(denied)
        const [GrantId] = await grantsOn(house(), KeyId)
        expect(await refused(client.send(new RevokeGrantCommand({ KeyId, GrantId })))).toMatchObject(denied)
      })
    })
  })

  describe('state', () => {
    stateRoom(house, 'CreateGrant', input, {
      Enabled: 'ok',
      Disabled: isDisabled,
      PendingDeletion: isPendingDeletion,
      deleted: doesNotExist,
      unknown: doesNotExist,
    })
  })

  describe('function', () => {
    test('answers the id of the grant and a token, and from then on the grantee may', async () => {
      const grantee = await somebody()
      const KeyId = await freshKey(house())
      expect(await refused(encrypt(KeyId, grantee))).toMatchObject(denied)
      const made = await create(KeyId, { GranteePrincipal: arnOf(grantee), Operations: ['Encrypt', 'DescribeKey'] })
      expect(made).toEqual({
        GrantId: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
        GrantToken: expect.stringMatching(/^[\w+/=-]{20,8192}$/) as string,
      })
      const CiphertextBlob = await encrypt(KeyId, grantee)
      const client = kms(house(), grantee)
      expect((await client.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata!.KeyId).toBe(KeyId)
      for (const command of [new DecryptCommand({ CiphertextBlob }), new DecryptCommand({ CiphertextBlob, KeyId })])
        expect(await refused(client.send(command))).toMatchObject(denied)
    })

    test('a constraint holds for every use, and for DescribeKey there is none to hold', async () => {
      const grantee = await somebody()
      const KeyId = await freshKey(house())
      await create(KeyId, {
        GranteePrincipal: arnOf(grantee),
        Operations: ['Encrypt', 'Decrypt', 'GenerateDataKey', 'DescribeKey'],
        Constraints: { EncryptionContextSubset: { tenant: '7' } },
      })
      const client = kms(house(), grantee)
      await client.send(new DescribeKeyCommand({ KeyId }))
      // Names without their case, unlike those of the context that a ciphertext was made in.
      await encrypt(KeyId, grantee, { Tenant: '7' })
      const EncryptionContext = { tenant: '7', more: 'is fine' }
      const CiphertextBlob = await encrypt(KeyId, grantee, EncryptionContext)
      await client.send(new DecryptCommand({ CiphertextBlob, EncryptionContext }))
      await client.send(new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256', EncryptionContext }))
      for (const other of [undefined, {}, { tenant: '8' }, { tenants: '7' }]) {
        expect(await refused(encrypt(KeyId, grantee, other))).toMatchObject(denied)
        const decrypt = new DecryptCommand({ CiphertextBlob, EncryptionContext: other })
        expect(await refused(client.send(decrypt))).toMatchObject(denied)
      }
    })

    test('a grant reaches into another account', async () => {
      const KeyId = await freshKey(house())
      expect(await refused(encrypt(KeyId, bob))).toMatchObject(denied)
      await create(KeyId, { GranteePrincipal: arnOf(bob) })
      await encrypt(KeyId, bob)
    })
    test('a grant to an account is one to whom that account lets', async () => {
      const powerless = await newcomer(house(), 'powerless', [], bob)
      for (const name of [rootOf(bob), bob.account]) {
        const KeyId = await freshKey(house())
        await create(KeyId, { GranteePrincipal: name })
        await encrypt(KeyId, bob)
        expect(await refused(encrypt(KeyId, powerless))).toMatchObject(denied)
        const { Grants } = await kms(house()).send(new ListGrantsCommand({ KeyId }))
        expect(Grants!.map(({ GranteePrincipal }) => GranteePrincipal)).toEqual([rootOf(bob)])
      }
    })

    test('who comes later under the name of the grantee has nothing of the grant', async () => {
      const grantee = await somebody()
      const KeyId = await freshKey(house())
      await create(KeyId, { GranteePrincipal: arnOf(grantee) })
      const id = idOf(house(), grantee)
      await leave(house(), grantee)
      const namesake = await newcomer(house(), grantee.name)
      expect(idOf(house(), namesake)).not.toBe(id)
      expect(await refused(encrypt(KeyId, namesake))).toMatchObject(denied)
      const { Grants } = await kms(house()).send(new ListGrantsCommand({ KeyId }))
      expect(Grants!.map(({ GranteePrincipal }) => GranteePrincipal)).toEqual([id])
    })

    test('with a name, asking again gives the same grant under another token; without, another grant', async () => {
      const KeyId = await freshKey(house())
      const named = {
        Name: 'app:1/a_b-c',
        Operations: ['Encrypt', 'Decrypt'],
      } satisfies Partial<CreateGrantCommandInput>
      const first = await create(KeyId, named)
      const before = await lastChange(house())
      const again = await create(KeyId, { ...named, Operations: ['Decrypt', 'Encrypt'] })
      expect(await lastChange(house(), before)).toBe(before)
      expect(again.GrantId).toBe(first.GrantId)
      expect(again.GrantToken).not.toBe(first.GrantToken)
      const others = [
        await create(KeyId, { ...named, Operations: ['Encrypt'] }),
        await create(KeyId, { ...named, Name: 'other' }),
        await create(KeyId, { Operations: ['Encrypt', 'Decrypt'] }),
        await create(KeyId, { Operations: ['Encrypt', 'Decrypt'] }),
        await create(await freshKey(house()), named),
      ]
      expect(new Set([first, ...others].map(({ GrantId }) => GrantId)).size).toBe(6)
    })
    test('of many who ask for one name at once all get one grant', async () => {
      const KeyId = await freshKey(house())
      const made = await Promise.all(Array.from({ length: 8 }, () => create(KeyId, { Name: 'one' })))
      expect(new Set(made.map(({ GrantId }) => GrantId)).size).toBe(1)
      expect(await grantsOn(house(), KeyId)).toEqual([made[0]!.GrantId])
    })

    test('a dry run makes nothing and tells what would have been', async () => {
      expect(await refusedCreate({ DryRun: true })).toEqual({
        name: 'DryRunOperationException',
        message: 'The request would have succeeded, but the DryRun option is set.',
        status: 400,
      })
      expect(await refusedCreate({ DryRun: true, Operations: ['Sign'] })).toMatchObject({ name: 'ValidationException' })
    })

    test('the trail has the terms and the id, and never the token', async () => {
      const KeyId = await freshKey(house())
      const { log } = house().house
      const at = await log.head()
      const { GrantId, GrantToken } = await create(KeyId, {
        Name: 'told',
        RetiringPrincipal: rootOf(alice),
        Constraints: { EncryptionContextSubset: { Department: 'IT' } },
      })
      const [record] = (await log.all({ after: at, categories: ['trail'], limit: 10 })).map(
        ({ data }) => data as object,
      )
      expect(record).toMatchObject({
        eventName: 'CreateGrant',
        readOnly: false,
        requestParameters: {
          keyId: KeyId,
          name: 'told',
          granteePrincipal: arnOf(alice),
          retiringPrincipal: rootOf(alice),
          operations: ['Encrypt'],
          constraints: { encryptionContextSubset: { Department: 'IT' } },
        },
        responseElements: { grantId: GrantId },
        resources: [{ accountId: alice.account, type: 'AWS::KMS::Key', ARN: arnOfKey(KeyId) }],
      })
      const everything = await log.all({ after: at, categories: ['trail', 'grants', 'key'], limit: 10 })
      expect(JSON.stringify(everything)).not.toContain(GrantToken)
      expect(everything.find(({ type }) => type === 'GrantCreated')).toMatchObject({
        stream: `grants-us-east-1.${alice.account}.${KeyId}`,
        metadata: { actor: arnOf(alice) },
        data: { grantId: GrantId, name: 'told', granteeId: idOf(house(), alice), issuingAccount: alice.account },
      })
    })

    test('the grant is there after a restart', async () => {
      const grantee = await somebody()
      const KeyId = await freshKey(house())
      const { GrantId } = await create(KeyId, { GranteePrincipal: arnOf(grantee), Name: 'lasting' })
      await house().restart()
      await encrypt(KeyId, grantee)
      expect((await create(KeyId, { GranteePrincipal: arnOf(grantee), Name: 'lasting' })).GrantId).toBe(GrantId)
      expect(await grantsOn(house(), KeyId)).toEqual([GrantId])
    })

    describe('the token', () => {
      test('may come along with every use of the key, by whoever', async () => {
        const KeyId = await freshKey(house())
        const { GrantToken } = await create(KeyId)
        const encrypting = new EncryptCommand({ KeyId, Plaintext: Buffer.from('x'), GrantTokens: [GrantToken] })
        const { CiphertextBlob } = await kms(house()).send(encrypting)
        const decrypting = new DecryptCommand({ CiphertextBlob, GrantTokens: [GrantToken, GrantToken] })
        expect((await kms(house()).send(decrypting)).KeyId).toBe(arnOfKey(KeyId))
        const { GrantId } = await create(KeyId, { GrantTokens: [GrantToken] })
        expect(await grantsOn(house(), KeyId)).toContain(GrantId)
      })
      test('gives nobody a right that the grant does not give', async () => {
        const KeyId = await freshKey(house())
        const { GrantToken } = await create(KeyId)
        const encrypting = new EncryptCommand({ KeyId, Plaintext: Buffer.from('x'), GrantTokens: [GrantToken] })
        expect(await refused(kms(house(), await somebody()).send(encrypting))).toMatchObject(denied)
      })
      test('is refused if it is not genuine', async () => {
        const KeyId = await freshKey(house())
        const { GrantToken } = await create(KeyId)
        const altered = `${GrantToken.slice(0, 20)}${GrantToken[20] === 'A' ? 'B' : 'A'}${GrantToken.slice(21)}`
        const invalid = { name: 'InvalidGrantTokenException', message: 'The grant token is not valid.', status: 400 }
        for (const token of ['AAAA', 'nonsense!', unknownKey(), altered]) {
          const GrantTokens = [GrantToken, token]
          expect(await refusedCreate({ GrantTokens }, alice, KeyId)).toEqual(invalid)
          const client = kms(house())
          expect(await refused(client.send(new DescribeKeyCommand({ KeyId, GrantTokens })))).toEqual(invalid)
          const encrypting = new EncryptCommand({ KeyId, Plaintext: Buffer.from('x'), GrantTokens })
          expect(await refused(client.send(encrypting))).toEqual(invalid)
        }
      })
    })
  })
})

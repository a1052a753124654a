import { CreateKeyCommand, GetKeyPolicyCommand, PutKeyPolicyCommand } from '@aws-sdk/client-kms'
import { describe, expect, test } from 'vitest'
import { answer, namesRoom } from '../support/crypto-rooms.ts'
import { alice, arnOf, bob } from '../support/house.ts'
import { idOf, leave, newcomer } from '../support/people.ts'
import {
  arnOfKey,
  authorizationRoom,
  bobsKey,
  doesNotExist,
  freshKey,
  kms,
  openHouse,
  raw,
  refused,
  serializationRoom,
  stateRoom,
  trailOf,
  validationRoom,
} from '../support/rooms.ts'

const house = openHouse()
const input = (KeyId: string) => ({ KeyId })
/** Spelled and spaced as AWS does. */
const defaultPolicy = (account: string) => `{
  "Version" : "2012-10-17",
  "Id" : "key-default-1",
  "Statement" : [ {
    "Sid" : "Enable IAM User Permissions",
    "Effect" : "Allow",
    "Principal" : {
      "AWS" : "arn:aws:iam::${account}:root"
    },
    "Action" : "kms:*",
    "Resource" : "*"
  } ]
}`
const own = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: '*', Action: 'kms:*', Resource: '*' }],
})

describe('GetKeyPolicy', () => {
  describe('serialization', () => {
    serializationRoom(house, 'GetKeyPolicy', input)
  })
  describe('validation', () => {
    validationRoom(house, 'GetKeyPolicy', input)
    namesRoom(house, 'GetKeyPolicy', input)

    test.each(['other', 'Default', 'default_'])(
      'a policy named %s is not found: there is only default',
      async (PolicyName) => {
        const send = new GetKeyPolicyCommand({ KeyId: await freshKey(house()), PolicyName })
        expect((await refused(kms(house()).send(send))).name).toBe('NotFoundException')
      },
    )
  })
  describe('authorization', () => {
    authorizationRoom(house, 'GetKeyPolicy', input)
  })
  describe('state', () => {
    stateRoom(house, 'GetKeyPolicy', input, {
      Enabled: 'ok',
      Disabled: 'ok',
      PendingDeletion: 'ok',
      deleted: doesNotExist,
      unknown: doesNotExist,
    })
  })

  describe('function', () => {
    test("a key that came without a policy has the default one of its account's", async () => {
      const KeyId = await freshKey(house())
      const { status, json } = await raw(house(), { operation: 'GetKeyPolicy', body: { KeyId } })
      expect({ status, json }).toEqual({
        status: 200,
        json: { Policy: defaultPolicy('111122223333'), PolicyName: 'default' },
      })
      const bobs = kms(house(), bob).send(new GetKeyPolicyCommand({ KeyId: await bobsKey(house()) }))
      expect(await answer(bobs)).toEqual({ Policy: defaultPolicy('444455556666'), PolicyName: 'default' })
    })

    test('the policy that the key was made with comes back byte for byte', async () => {
      const client = kms(house())
      const text = own.replaceAll('":', '" :\n ').replace('"Statement"', '"Id":"\u00c5\u00ff","Statement"')
      const { KeyMetadata } = await client.send(new CreateKeyCommand({ Policy: text }))
      const send = new GetKeyPolicyCommand({ KeyId: KeyMetadata!.KeyId, PolicyName: 'default' })
      expect(await answer(client.send(send))).toEqual({ Policy: text, PolicyName: 'default' })
    })

    test('the policy that was put last is the one, by key id and by ARN, before and after a restart', async () => {
      const KeyId = await freshKey(house())
      await kms(house()).send(new PutKeyPolicyCommand({ KeyId, Policy: own.replace('kms:*', 'kms:P*') }))
      await kms(house()).send(new PutKeyPolicyCommand({ KeyId, Policy: own }))
      const expected = { Policy: own, PolicyName: 'default' }
      const asked = (name: string) => answer(kms(house()).send(new GetKeyPolicyCommand({ KeyId: name })))
      expect(await asked(KeyId)).toEqual(expected)
      expect(await asked(arnOfKey(KeyId))).toEqual(expected)
      await house().restart()
      expect(await asked(KeyId)).toEqual(expected)
    })

    describe('who is gone is called by the unique id', () => {
      const root = `{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::${alice.account}:root"},"Action":"kms:*","Resource":"*"}`
      const about = (principal: string, arn: string) => `{
        "Version": "2012-10-17",  "Statement": [ ${root}, {"Sid":"${arn}","Effect":"Deny",${principal},
        "Action":"kms:Encrypt","Resource":"*","Condition":{"ArnEquals":{"aws:PrincipalArn":["${arn}"],"Principal":"${arn}"}}} ] }\n`

      test.each<[string, (name: string, arn: string) => string]>([
        ['not in a Sid or Condition', (name, arn) => about(`"Principal":{"AWS":${name}}`, arn)],
        ['also in a list', (name, arn) => about(`"Principal":{"AWS":[${name},"${alice.account}" ,${name}]}`, arn)],
        ['also in NotPrincipal', (name, arn) => about(`"NotPrincipal":{"AWS":${name}}`, arn)],
        [
          'also in a statement that is no list',
          (name, arn) =>
            `{"Id":"${arn}","Statement":{"Effect":"Allow","NotPrincipal":{"AWS":${name}},"Action":"kms:*","Resource":"*"}}`,
        ],
      ])('%s', async (_, text) => {
        const KeyId = await freshKey(house())
        const leaver = await newcomer(house(), 'leaver')
        const [arn, id] = [arnOf(leaver), idOf(house(), leaver)]
        const shown = async () => (await kms(house()).send(new GetKeyPolicyCommand({ KeyId }))).Policy
        const given = text(`"${arn.replaceAll('/', '\\/')}"`, arn)
        await kms(house()).send(new PutKeyPolicyCommand({ KeyId, Policy: given }))
        expect(await shown()).toBe(given)
        await leave(house(), leaver)
        expect(await shown()).toBe(text(`"${id}"`, arn))
        const namesake = await newcomer(house(), 'leaver')
        expect(await shown()).toBe(text(`"${id}"`, arn))
        await leave(house(), namesake)
      })
    })

    test('the trail has it as reading, without the policy', async () => {
      const KeyId = await freshKey(house())
      const { $metadata } = await kms(house()).send(new GetKeyPolicyCommand({ KeyId, PolicyName: 'default' }))
      const record = await trailOf(house(), $metadata.requestId!)
      expect(record).toMatchObject({
        eventName: 'GetKeyPolicy',
        readOnly: true,
        requestParameters: { keyId: KeyId, policyName: 'default' },
        responseElements: null,
        resources: [{ ARN: arnOfKey(KeyId) }],
      })
      expect(JSON.stringify(record)).not.toContain('key-default-1')
    })
  })
})

import {
  DecryptCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  EncryptCommand,
} from '@aws-sdk/client-kms'
import { describe, expect, test } from 'vitest'
import { alice } from '../support/house.ts'
import {
  arnOfKey,
  authorizationRoom,
  doesNotExist,
  freshKey,
  isPendingDeletion,
  kms,
  openHouse,
  refused,
  serializationRoom,
  stateRoom,
  validationRoom,
} from '../support/rooms.ts'

const house = openHouse()
const input = (KeyId: string) => ({ KeyId })

const state = async (KeyId: string) => {
  const { KeyMetadata } = await kms(house()).send(new DescribeKeyCommand({ KeyId }))
  return { KeyState: KeyMetadata?.KeyState, Enabled: KeyMetadata?.Enabled }
}

describe('DisableKey', () => {
  describe('serialization', () => {
    serializationRoom(house, 'DisableKey', input)
  })
  describe('validation', () => {
    validationRoom(house, 'DisableKey', input)

    test('an alias is not taken for a key here', async () => {
      expect(await refused(kms(house()).send(new DisableKeyCommand({ KeyId: 'alias/app' })))).toEqual({
        name: 'InvalidArnException',
        message: 'Key Aliases are not supported for this operation.',
        status: 400,
      })
    })
  })
  describe('authorization', () => {
    authorizationRoom(house, 'DisableKey', input)
  })
  describe('state', () => {
    stateRoom(house, 'DisableKey', input, {
      Enabled: 'ok',
      Disabled: 'ok',
      PendingDeletion: isPendingDeletion,
      deleted: doesNotExist,
      unknown: doesNotExist,
    })
  })

  describe('function', () => {
    test('a disabled key encrypts and decrypts nothing until it is enabled again', async () => {
      const client = kms(house())
      const KeyId = await freshKey(house())
      const encrypt = () => client.send(new EncryptCommand({ KeyId, Plaintext: Buffer.from('held') }))
      const { CiphertextBlob } = await encrypt()
      await client.send(new DisableKeyCommand({ KeyId: arnOfKey(KeyId) }))
      const disabled = { name: 'DisabledException', message: `${arnOfKey(KeyId)} is disabled.`, status: 400 }
      expect(await state(KeyId)).toEqual({ KeyState: 'Disabled', Enabled: false })
      expect(await refused(encrypt())).toEqual(disabled)
      expect(await refused(client.send(new DecryptCommand({ CiphertextBlob })))).toEqual(disabled)
      await client.send(new EnableKeyCommand({ KeyId }))
      const { Plaintext } = await client.send(new DecryptCommand({ CiphertextBlob }))
      expect(Buffer.from(Plaintext!).toString()).toBe('held')
    })

    test('disabling twice is one event', async () => {
      const client = kms(house())
      const KeyId = await freshKey(house())
      await client.send(new DisableKeyCommand({ KeyId }))
      await client.send(new DisableKeyCommand({ KeyId }))
      const events = await house().house.log.read(`key-us-east-1.${alice.account}.${KeyId}`)
      expect(events.map(({ type }) => type)).toEqual(['KeyCreated', 'KeyDisabled'])
    })

    test('the key is disabled after a restart', async () => {
      const KeyId = await freshKey(house())
      await kms(house()).send(new DisableKeyCommand({ KeyId }))
      await house().restart()
      expect(await state(KeyId)).toEqual({ KeyState: 'Disabled', Enabled: false })
    })
  })
})

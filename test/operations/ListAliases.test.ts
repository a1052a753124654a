import {
  type AliasListEntry,
  CreateAliasCommand,
  CreateKeyCommand,
  ListAliasesCommand,
  ListKeysCommand,
} from '@aws-sdk/client-kms'
import { beforeAll, describe, expect, test } from 'vitest'
import { alice, bob } from '../support/house.ts'
import {
  arnOfKey,
  authorizationRoom,
  bobsKey,
  doesNotExist,
  freshKey,
  intoState,
  kms,
  openHouse,
  refused,
  serializationRoom,
  stateRoom,
  unknownKey,
  validationRoom,
} from '../support/rooms.ts'

const house = openHouse()
const input = (KeyId: string) => ({ KeyId })

const europe = (person = alice) => kms(house(), person, 'eu-west-1')
const create = (AliasName: string, TargetKeyId: string, client = kms(house())) =>
  client.send(new CreateAliasCommand({ AliasName, TargetKeyId }))

/** All pages of so many aliases each, in Europe, which the rooms leave alone. */
const pages = async (Limit?: number, KeyId?: string) => {
  const found: AliasListEntry[][] = []
  let Marker: string | undefined
  do {
    const { Aliases, NextMarker, Truncated } = await europe().send(new ListAliasesCommand({ Limit, Marker, KeyId }))
    expect(Truncated).toBe(NextMarker !== undefined)
    found.push(Aliases!)
    Marker = NextMarker
  } while (Marker !== undefined)
  return found
}
const names = (aliases: readonly AliasListEntry[]) => aliases.map(({ AliasName }) => AliasName)

describe('ListAliases', () => {
  describe('serialization', () => {
    serializationRoom(house, 'ListAliases', input)
  })

  describe('validation', () => {
    validationRoom(house, 'ListAliases', input)

    test('an alias is not taken for a key here', async () => {
      expect(await refused(kms(house()).send(new ListAliasesCommand({ KeyId: 'alias/app' })))).toEqual({
        name: 'InvalidArnException',
        message: 'Key Aliases are not supported for this operation.',
        status: 400,
      })
    })
  })

  describe('authorization', () => {
    authorizationRoom(house, 'ListAliases', input)

    test('nobody sees the aliases of another account', async () => {
      const AliasName = `alias/${unknownKey()}`
      await create(AliasName, await bobsKey(house()), kms(house(), bob))
      const seen = async (person: typeof alice) =>
        names((await kms(house(), person).send(new ListAliasesCommand({ Limit: 100 }))).Aliases!)
      expect(await seen(bob)).toEqual([AliasName])
      expect(await seen(alice)).not.toContain(AliasName)
    })
  })

  describe('state', () => {
    stateRoom(house, 'ListAliases', input, {
      Enabled: 'ok',
      Disabled: 'ok',
      PendingDeletion: 'ok',
      deleted: doesNotExist,
      unknown: doesNotExist,
    })

    test('aliases are listed with keys of every state, and no longer when the key is deleted', async () => {
      const [disabled, pending, deleted] = await Promise.all(Array.from({ length: 3 }, () => freshKey(house())))
      await create('alias/state/disabled', disabled!)
      await create('alias/state/pending', pending!)
      await create('alias/state/deleted', deleted!)
      await intoState(house(), deleted!, 'deleted')
      await intoState(house(), disabled!, 'Disabled')
      await intoState(house(), pending!, 'PendingDeletion')
      const { Aliases } = await kms(house()).send(new ListAliasesCommand({ Limit: 100 }))
      expect(names(Aliases!).filter((name) => name!.startsWith('alias/state/'))).toEqual([
        'alias/state/disabled',
        'alias/state/pending',
      ])
    })
  })

  describe('function', () => {
    let busy: string
    let quiet: string
    let all: string[]
    beforeAll(async () => {
      const key = async () => (await europe().send(new CreateKeyCommand({}))).KeyMetadata!.KeyId!
      busy = await key()
      quiet = await key()
      const other = await key()
      const ofBusy = Array.from({ length: 50 }, (_, n) => `alias/busy/${n}`)
      const ofOther = Array.from({ length: 2 }, (_, n) => `alias/other_${n}`)
      await Promise.all([
        ...ofBusy.map((name) => create(name, busy, europe())),
        ...ofOther.map((name) => create(name, other, europe())),
      ])
      all = [...ofBusy, ...ofOther]
    })

    test('tells of every alias its name, ARN, key and times', async () => {
      const AliasName = `alias/${unknownKey()}`
      const KeyId = await freshKey(house())
      await create(AliasName, KeyId)
      const { Aliases } = await kms(house()).send(new ListAliasesCommand({ KeyId }))
      const now = new Date(house().clock.now())
      expect(Aliases).toEqual([
        {
          AliasName,
          AliasArn: `arn:aws:kms:us-east-1:111122223333:${AliasName}`,
          TargetKeyId: KeyId,
          CreationDate: now,
          LastUpdatedDate: now,
        },
      ])
    })

    test('lists all aliases of the account and region, each once', async () => {
      expect((await pages(100)).flat()).toHaveLength(52)
      expect(new Set(names((await pages(100)).flat()))).toEqual(new Set(all))
    })

    test('with a KeyId, id or ARN, lists those of that key', async () => {
      expect(new Set(names((await pages(100, busy)).flat()))).toEqual(
        new Set(all.filter((name) => name.includes('busy'))),
      )
      expect(await pages(100, arnOfKey(busy, alice, 'eu-west-1'))).toEqual(await pages(100, busy))
      expect(await pages(100, quiet)).toEqual([[]])
    })

    test('a page has fifty aliases unless asked otherwise', async () => {
      const sizes = (found: AliasListEntry[][]) => found.map(({ length }) => length)
      expect(sizes(await pages())).toEqual([50, 2])
      expect(sizes(await pages(100))).toEqual([52])
      expect(sizes(await pages(undefined, busy))).toEqual([50])
      expect(sizes(await pages(20, busy))).toEqual([20, 20, 10])
    })

    test('pages of any size tell the same aliases in the same order', async () => {
      const whole = (await pages(100)).flat()
      expect((await pages(7)).flat()).toEqual(whole)
      await house().restart()
      expect((await pages(30)).flat()).toEqual(whole)
    })

    test('a marker that is none, or of another list, is an InvalidMarkerException', async () => {
      const invalid = { name: 'InvalidMarkerException', status: 400 }
      expect(await refused(europe().send(new ListAliasesCommand({ Marker: 'no marker' })))).toMatchObject(invalid)
      const { NextMarker } = await europe().send(new ListKeysCommand({ Limit: 1 }))
      expect(await refused(europe().send(new ListAliasesCommand({ Marker: NextMarker })))).toMatchObject(invalid)
      const { NextMarker: ofAll } = await europe().send(new ListAliasesCommand({ Limit: 1 }))
      const { KeyMetadata } = await europe().send(new CreateKeyCommand({}))
      const ofKey = new ListAliasesCommand({ KeyId: KeyMetadata!.KeyId, Marker: ofAll })
      expect(await refused(europe().send(ofKey))).toMatchObject(invalid)
    })

    test('where there is none the list is empty', async () => {
      const { Aliases, Truncated, NextMarker } = await europe(bob).send(new ListAliasesCommand({}))
      expect({ Aliases, Truncated, NextMarker }).toEqual({ Aliases: [], Truncated: false, NextMarker: undefined })
    })
  })
})

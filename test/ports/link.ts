import { type Link, type LinkActions, LinkDown, Refusal } from '@keyledger/messaging'
import { describe, expect, test } from 'vitest'

export interface LinkedRegions extends AsyncDisposable {
  /** As `us-east-1` has it; the actions are answered for `eu-west-1`. */
  readonly link: Link
}

const here = 'us-east-1'
const there = 'eu-west-1'

/** What every link keeps of its contract. */
export const linkConformance = (name: string, open: (actions: LinkActions) => Promise<LinkedRegions>): void => {
  describe(`the link between regions: ${name}`, () => {
    test('carries a message there and the answer back, and says who asks whom', async () => {
      await using regions = await open({ Say: (message, between) => Promise.resolve({ message, between }) })
      const message = { text: 'grüß dich', list: [1, null, { deep: true }] }
      expect(await regions.link.ask(here, there, 'Say', message)).toEqual({
        message,
        between: { from: here, to: there },
      })
    })

    test('carries nothing but JSON', async () => {
      await using regions = await open({ Say: (message) => Promise.resolve(message) })
      expect(await regions.link.ask(here, there, 'Say', { gone: undefined, when: new Date(0) })).toEqual({
        when: '1970-01-01T00:00:00.000Z',
      })
    })

    test('brings a refusal back as the same refusal', async () => {
      await using regions = await open({ Say: () => Promise.reject(new Refusal('NotHere', 'there is no such key')) })
      const asking = regions.link.ask(here, there, 'Say', {})
      await expect(asking).rejects.toThrow(Refusal)
      await expect(asking).rejects.toMatchObject({ code: 'NotHere', message: 'there is no such key' })
    })

    test('refuses an action that there is not, by whatever name', async () => {
      await using regions = await open({ Say: () => Promise.resolve() })
      for (const action of ['Other', 'constructor', 'toString'])
        await expect(regions.link.ask(here, there, action, {})).rejects.toMatchObject({ code: 'UnknownAction' })
    })

    test('is down towards a region that it does not know', async () => {
      await using regions = await open({ Say: () => Promise.resolve() })
      await expect(regions.link.ask(here, 'ap-south-1', 'Say', {})).rejects.toThrow(LinkDown)
    })

    test('asks nothing once its signal has aborted', async () => {
      let asked = 0
      await using regions = await open({ Say: () => Promise.resolve(asked++) })
      const why = new Error('closing')
      await expect(regions.link.ask(here, there, 'Say', {}, AbortSignal.abort(why))).rejects.toBe(why)
      expect(asked).toBe(0)
    })

    test('keeps questions apart that are asked at the same time', async () => {
      await using regions = await open({
        Say: async (message) => {
          await new Promise((resolve) => setTimeout(resolve, 20 - (message as number)))
          return message
        },
      })
      const numbers = Array.from({ length: 20 }, (_, index) => index)
      expect(await Promise.all(numbers.map((number) => regions.link.ask(here, there, 'Say', number)))).toEqual(numbers)
    })
  })
}

import { type Link, LinkDown, Refusal } from '@keyledger/messaging'
import { describe, expect, it } from 'vitest'
import { cutOff } from './cut-off.ts'

/** A link whose questions wait until the test answers them. */
const open = () => {
  let now = 0
  const asked: { to: string; answer: PromiseWithResolvers<unknown> }[] = []
  const link: Link = {
    ask: (_, to) => {
      const answer = Promise.withResolvers<unknown>()
      asked.push({ to, answer })
      return answer.promise
    },
  }
  const guarded = cutOff(link, () => now)
  const ask = (to: string) =>
    guarded.ask('eu-west-1', to, 'ShareKey', null).then(
      () => 'answered',
      (error: Error) => error.message,
    )
  return { ask, asked, pass: (ms: number) => void (now += ms) }
}

describe('a region that does not answer', () => {
  it('is asked by one at a time, a second apart, until it answers', async () => {
    const { ask, asked, pass } = open()
    const first = [ask('us-east-1'), ask('us-east-1')]
    for (const { answer } of asked) answer.reject(new LinkDown('nobody there'))
    expect(await Promise.all(first)).toEqual(['nobody there', 'nobody there'])
    expect(await ask('us-east-1')).toBe('us-east-1 did not answer just now')
    pass(1000)
    const probe = ask('us-east-1')
    expect(await ask('us-east-1')).toBe('us-east-1 did not answer just now')
    expect(asked).toHaveLength(3)
    asked[2]!.answer.resolve(null)
    expect(await probe).toBe('answered')
    const all = [ask('us-east-1'), ask('us-east-1')]
    expect(asked).toHaveLength(5)
    for (const { answer } of asked) answer.resolve(null)
    expect(await Promise.all(all)).toEqual(['answered', 'answered'])
  })

  it('is left alone by whoever asks another, and one that refuses is there', async () => {
    const { ask, asked } = open()
    const down = ask('us-east-1')
    asked[0]!.answer.reject(new LinkDown('nobody there'))
    await down
    const refused = ask('ap-south-1')
    asked[1]!.answer.reject(new Refusal('No', 'not so'))
    expect(await refused).toBe('not so')
    const other = ask('ap-south-1')
    asked[2]!.answer.resolve(null)
    expect(await other).toBe('answered')
  })

  it('is asked again when the one who asked had to stop', async () => {
    const { ask, asked, pass } = open()
    const down = ask('us-east-1')
    asked[0]!.answer.reject(new LinkDown('nobody there'))
    await down
    pass(1000)
    const stopped = ask('us-east-1')
    asked[1]!.answer.reject(new Error('closing'))
    expect(await stopped).toBe('closing')
    const again = ask('us-east-1')
    asked[2]!.answer.resolve(null)
    expect(await again).toBe('answered')
  })
})

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { inCompany } from './company.ts'

const names = ['a', 'b', 'c'] as const
type Fate = 'passes' | 'waits' | 'throws' | 'rejects'

/** Three steps that write down who took them, and do to each request what is its fate there. */
const walkers = (fateOf: (request: string, step: string) => Fate = () => 'passes') => {
  const taken: string[] = []
  const lead = inCompany<string>(
    names.map((name) => [
      name,
      (request) => {
        taken.push(`${name}${request}`)
        const fate = fateOf(request, name)
        const failure = new Error(`${request} failed at ${name}`)
        if (fate === 'throws') throw failure
        if (fate === 'rejects') return Promise.reject(failure)
        return fate === 'waits' ? new Promise<void>((resolve) => void setImmediate(resolve)) : undefined
      },
    ]),
  )
  return { lead, taken }
}

describe('requests in company', () => {
  it('take each step one after the other when they come in one turn', async () => {
    const { lead, taken } = walkers()
    expect(await Promise.all([lead('1'), lead('2'), lead('3')])).toEqual(['1', '2', '3'])
    expect(taken.join(' ')).toBe('a1 a2 a3 b1 b2 b3 c1 c2 c3')
  })

  it('do not wait for those that come in another turn', async () => {
    const { lead, taken } = walkers()
    await lead('1')
    await lead('2')
    expect(taken.join(' ')).toBe('a1 b1 c1 a2 b2 c2')
  })

  it('go on without the one that has to wait', async () => {
    const { lead, taken } = walkers((request, step) => (request === '2' && step === 'a' ? 'waits' : 'passes'))
    await Promise.all([lead('1'), lead('2'), lead('3')])
    expect(taken.join(' ')).toBe('a1 a2 a3 b1 b3 c1 c3 b2 c2')
  })

  it('go on together when they waited for the same thing', async () => {
    let come = (): void => {}
    const same = new Promise<void>((resolve) => (come = resolve))
    const taken: string[] = []
    const lead = inCompany<string>([
      ['waits', () => same],
      ['a', (request) => void taken.push(`a${request}`)],
      ['b', (request) => void taken.push(`b${request}`)],
    ])
    const all = Promise.all([lead('1'), lead('2')])
    come()
    await all
    expect(taken.join(' ')).toBe('a1 a2 b1 b2')
  })

  it('each take every step once, in order, up to where they fail, whatever happens to the others', async () => {
    const fate = fc.constantFrom<Fate>('passes', 'passes', 'waits', 'throws', 'rejects')
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fate, fate, fate), { maxLength: 8 }), async (fates) => {
        const { lead, taken } = walkers((request, step) => fates[Number(request)]![names.indexOf(step as 'a')]!)
        const ends = await Promise.allSettled(fates.map((_, request) => lead(String(request))))
        fates.forEach((own, request) => {
          const failing = own.findIndex((one) => one === 'throws' || one === 'rejects')
          const steps = failing < 0 ? names : names.slice(0, failing + 1)
          expect(taken.filter((step) => step.slice(1) === String(request))).toEqual(steps.map((s) => `${s}${request}`))
          expect(ends[request]).toEqual(
            failing < 0
              ? { status: 'fulfilled', value: String(request) }
              : { status: 'rejected', reason: new Error(`${request} failed at ${names[failing]}`) },
          )
        })
      }),
    )
  })

  it('let others have their turn when their steps take long, and lose nobody by it', async () => {
    let time = 0
    const taken: string[] = []
    const slow = (request: string) => {
      time += 15
      taken.push(`a${request}`)
    }
    const lead = inCompany<string>(
      [
        ['a', slow],
        ['b', (request) => void taken.push(`b${request}`)],
      ],
      () => time,
    )
    const turn = () => {
      taken.push('|')
      if (taken.length < 20) setImmediate(turn)
    }
    setImmediate(turn)
    // Three companies in one turn have no more of it than one.
    const led = ['1', '2', '3', '4', '5'].map(
      (request) =>
        new Promise((resolve) => {
          setImmediate(() => resolve(lead(request)))
        }),
    )
    expect(await Promise.all(led)).toHaveLength(5)
    // Two steps of 15 ms are more than 20: nobody begins a third before others had a turn.
    const turns = taken.join('').split('|')
    expect(Math.max(...turns.map((steps) => steps.split('a').length - 1))).toBe(2)
    expect(taken.join('').replaceAll('|', '')).toMatch(/^(?=.*b1)(?=.*b2)(?=.*b3)(?=.*b4)(?=.*b5).{20}$/)
  })

  it('have their time in a step told under its name, and what they waited for the others under none', async () => {
    const marks: (string | undefined)[] = []
    await inCompany<string>(names.map((name) => [name, () => {}]))('1', (stage) => marks.push(stage))
    expect(marks).toEqual([undefined, 'a', undefined, 'b', undefined, 'c'])
  })
})

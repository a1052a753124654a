/* oxlint-disable vitest/valid-title, vitest/expect-expect -- titles and bodies are handed to `test` by `it` */
import { hash } from 'node:crypto'
import { type EventLog, type Expected, type Fact, type Recorded, WrongRevision } from '@keyledger/ledger'
import * as fc from 'fast-check'
import { afterAll, afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'

/** One place where an adapter keeps a log: opened once or, after it was closed, again. */
export interface Store {
  open(onFault: (fault: unknown) => void): Promise<EventLog>
  /** All bytes it keeps at rest. */
  bytes(): Promise<Buffer>
  remove(): Promise<void>
}

/** What an adapter does not promise, and why. */
export interface Deviation {
  readonly reason: string
  readonly tests: readonly string[]
}

const names = new Map<string, string>()
/** The UUID that stands for a name here. */
const uuid = (name: string): string => {
  const digits = hash('sha256', name, 'hex')
  const id = `${digits.slice(0, 8)}-${digits.slice(8, 12)}-4${digits.slice(13, 16)}-8${digits.slice(17, 20)}-${digits.slice(20, 32)}`
  names.set(id, name)
  return id
}
const fact = (name: string, data: unknown = { of: name }): Fact => ({
  id: uuid(name),
  type: 'Happened',
  version: 1,
  time: '2026-01-02T03:04:05.678Z',
  metadata: { actor: 'arn:aws:iam::111122223333:user/a', requestId: 'r', region: 'eu-west-1', account: '111122223333' },
  data,
})
/** The names of facts, by their ids. */
const ids = (events: readonly { readonly id: string }[]) => events.map(({ id }) => names.get(id)!)
const outcome = (promise: Promise<unknown>) =>
  promise.then(
    () => 'appended',
    (error: unknown) => (error instanceof WrongRevision ? error.actual : String(error)),
  )

/** The contract of the port EventLog: what every adapter must pass, except for the deviations it declares. */
export const eventLog = (name: string, store: () => Promise<Store>, skip: readonly Deviation[] = []): void => {
  const titles = new Set<string>()
  const it = (title: string, body: () => Promise<void>) => {
    titles.add(title)
    const deviation = skip.find(({ tests }) => tests.includes(title))
    test(deviation ? `${title} (${deviation.reason})` : title, { skip: deviation !== undefined }, body)
  }

  describe(name, () => {
    let kept: Store
    let log: EventLog
    let faults: unknown[]
    beforeEach(async () => {
      faults = []
      kept = await store()
      log = await kept.open((fault) => faults.push(fault))
    })
    afterEach(async () => {
      await log[Symbol.asyncDispose]()
      await kept.remove()
    })
    const reopen = async () => {
      await log[Symbol.asyncDispose]()
      log = await kept.open((fault) => faults.push(fault))
    }
    const heard = (...categories: string[]) => {
      const events: Recorded[] = []
      const feed = log.subscribe(categories, (some) => void events.push(...some))
      onTestFinished(() => feed[Symbol.dispose]())
      return events
    }
    const everything = (categories: readonly string[], after = 0) => log.all({ after, categories, limit: 10_000 })

    describe('a stream', () => {
      it('that is not there reads as nothing', async () => {
        expect([await log.read('key-none'), await log.streams('')]).toEqual([[], []])
      })

      it('numbers its facts from 0 and gives them back as they were, with their places', async () => {
        const facts = [fact('a'), fact('b', { deep: [null, 1.5, 'ü\u2028\u{1f511}\u0000', { '': '' }] })]
        const { revision, position } = await log.append('key-1', 'none', facts)
        const read = await log.read('key-1')
        expect({ revision, read }).toEqual({
          revision: 1,
          read: facts.map((one, index) => ({
            ...one,
            stream: 'key-1',
            revision: index,
            position: read[index]!.position,
          })),
        })
        expect([read[0]!.position < position, read[1]!.position]).toEqual([true, position])
      })

      it('gives back whatever JSON can carry', async () => {
        const metadata = { actor: fc.string(), requestId: fc.string(), region: fc.string(), account: fc.string() }
        const any = fc.record({
          type: fc.string({ minLength: 1, maxLength: 30 }).filter((type) => /^[^$\0]/.test(type)),
          version: fc.nat(),
          time: fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
          metadata: fc.option(fc.record(metadata), { nil: undefined }),
          data: fc.jsonValue(),
        })
        let made = 0
        await fc.assert(
          fc.asyncProperty(fc.array(any, { minLength: 1, maxLength: 5 }), async (authored) => {
            const stream = `key-${made++}`
            const facts = authored.map((one, index) => ({ id: uuid(`${stream}.${index}`), ...one }))
            await log.append(stream, 'none', facts as Fact[])
            const read = (await log.read(stream)).map(({ id, type, version, time, metadata, data }) => ({
              id,
              type,
              version,
              time,
              data,
              ...(metadata && { metadata }),
            }))
            expect(read).toEqual(JSON.parse(JSON.stringify(facts)))
          }),
          { numRuns: 50 },
        )
      })

      it('keeps names that objects have of themselves', async () => {
        const data = JSON.parse('{"__proto__":{"a":1},"constructor":2,"toString":null}') as object
        await log.append('key-1', 'none', [fact('a', data)])
        expect(JSON.stringify((await log.read('key-1'))[0]!.data)).toBe(JSON.stringify(data))
      })

      it('is read from a revision on, so many at most', async () => {
        for (const id of ['a', 'b', 'c']) await log.append('key-1', 'any', [fact(id), fact(`${id}'`)])
        const read = async (from?: number, limit?: number) => ids(await log.read('key-1', from, limit))
        expect([await read(3), await read(1, 3), await read(0, 0), await read(6), await read(5, 9)]).toEqual([
          ["b'", 'c', "c'"],
          ["a'", 'b', "b'"],
          [],
          [],
          ["c'"],
        ])
      })

      it('is listed by the beginning of its name', async () => {
        for (const stream of ['key-b', 'key-a', 'keys-a', 'alias-a']) await log.append(stream, 'any', [fact(stream)])
        expect([await log.streams('key-'), await log.streams(''), await log.streams('key-a/')]).toEqual([
          ['key-a', 'key-b'],
          ['alias-a', 'key-a', 'key-b', 'keys-a'],
          [],
        ])
      })
    })

    describe('an append', () => {
      it('expects no stream, a revision, or nothing, and is refused with the revision there is', async () => {
        const expecting = (expected: Expected, id: string) => outcome(log.append('key-1', expected, [fact(id)]))
        expect([
          await expecting(0, 'a'),
          await expecting('none', 'b'),
          await expecting('none', 'c'),
          await expecting(0, 'd'),
          await expecting('any', 'e'),
          await expecting(1, 'f'),
          await expecting(3, 'g'),
        ]).toEqual(['none', 'appended', 0, 'appended', 'appended', 2, 2])
        expect(ids(await log.read('key-1'))).toEqual(['b', 'd', 'e'])
      })

      it('that is refused leaves nothing behind', async () => {
        await log.append('key-1', 'none', [fact('a')])
        await outcome(log.append('key-1', 5, [fact('b')]))
        await outcome(log.append('key-2', 0, [fact('c')]))
        expect([ids(await everything(['key'])), await log.streams('')]).toEqual([['a'], ['key-1']])
      })

      it('wins alone when several expect the same at the same time', async () => {
        const rivals = Array.from({ length: 20 }, (_, index) =>
          outcome(log.append('key-1', 'none', [fact(`${index}`)])),
        )
        const outcomes = await Promise.all(rivals)
        expect(outcomes.filter((each) => each === 'appended')).toHaveLength(1)
        expect(ids(await log.read('key-1'))).toEqual([`${outcomes.indexOf('appended')}`])
      })

      it('keeps its facts together when others append to the same stream at the same time', async () => {
        await Promise.all(
          Array.from({ length: 50 }, (_, index) => log.append('key-1', 'any', [fact(`${index}`), fact(`${index}'`)])),
        )
        const read = ids(await log.read('key-1'))
        expect(read).toHaveLength(100)
        for (let index = 0; index < 100; index += 2) expect(read[index + 1]).toBe(`${read[index]}'`)
      })

      it('answers the revision of its own last fact, and a position up to which that has been seen', async () => {
        const answers = await Promise.all(
          ['a', 'b', 'c'].map((id) => log.append('key-1', 'any', [fact(id), fact(`${id}'`)])),
        )
        const read = await log.read('key-1')
        const own = ["a'", "b'", "c'"].map((name) => read.find(({ id }) => id === uuid(name))!)
        expect(answers.map(({ revision }) => revision)).toEqual(own.map(({ revision }) => revision))
        const head = await log.head()
        for (const [index, { position }] of answers.entries())
          expect(own[index]!.position <= position && position <= head).toBe(true)
      })

      it('of nothing, or of what JSON cannot carry, is refused and disturbs no other', async () => {
        const circle: { self?: unknown } = {}
        circle.self = circle
        const appends = [[fact('a')], [], [fact('b'), fact('c', circle)], [fact('d')]].map((facts) =>
          outcome(log.append('key-1', 'any', facts)),
        )
        const outcomes = await Promise.all(appends)
        expect([outcomes[0], outcomes[3], ids(await log.read('key-1'))]).toEqual(['appended', 'appended', ['a', 'd']])
        expect([outcomes[1], outcomes[2]]).toEqual([
          expect.stringContaining('RangeError'),
          expect.stringContaining('TypeError'),
        ])
      })
    })

    describe('an append again', () => {
      it('of the same facts at the same place succeeds, answers as the first did and adds nothing', async () => {
        const facts = [fact('a'), fact('b')]
        const events = heard('key')
        const first = await log.append('key-1', 'none', facts)
        await log.append('key-1', 1, [fact('c')])
        const again = await log.append('key-1', 'none', facts)
        expect([again, ids(await log.read('key-1')), ids(events)]).toEqual([first, ['a', 'b', 'c'], ['a', 'b', 'c']])
      })

      it('succeeds also for some of the facts that were appended together', async () => {
        await log.append('key-1', 'any', [fact('a'), fact('b'), fact('c')])
        const [, b] = await log.read('key-1')
        const again = await log.append('key-1', 'none', [fact('a'), fact('b')])
        expect([again, ids(await log.read('key-1'))]).toEqual([{ revision: 1, position: b!.position }, ['a', 'b', 'c']])
      })

      it('succeeds after the log was opened anew, too', async () => {
        await log.append('key-1', 'none', [fact('a')])
        const first = await log.append('key-1', 0, [fact('b')])
        await reopen()
        expect(await log.append('key-1', 0, [fact('b')])).toEqual(first)
      })

      it('of other facts, in another order, of more facts or at another place is refused', async () => {
        await log.append('key-1', 'none', [fact('a'), fact('b')])
        const attempts: [Expected, string[]][] = [
          ['none', ['a', 'c']],
          ['none', ['b', 'a']],
          ['none', ['a', 'b', 'c']],
          [0, ['a']],
          [2, ['b']],
        ]
        for (const [expected, some] of attempts)
          expect(
            await outcome(
              log.append(
                'key-1',
                expected,
                some.map((id) => fact(id)),
              ),
            ),
          ).toBe(1)
      })
    })

    describe('the order of all facts', () => {
      it('grows with every append, across streams, and is read by category after a position', async () => {
        const a = await log.append('key-1', 'any', [fact('a')])
        const b = await log.append('alias-1', 'any', [fact('b')])
        const c = await log.append('trail-1', 'any', [fact('c')])
        const d = await log.append('key-2-x', 'any', [fact('d'), fact('e')])
        expect([a, b, c, d].map(({ position }) => position)).toEqual(
          [a, b, c, d].map(({ position }) => position).toSorted((x, y) => x - y),
        )
        const [within] = await log.read('key-2-x')
        const of = async (after: number, ...categories: string[]) => ids(await everything(categories, after))
        expect([
          await of(0, 'key'),
          await of(0, 'key', 'alias'),
          await of(0, 'trail'),
          await of(0, 'trail', 'alias', 'key'),
          await of(a.position, 'trail', 'key'),
          await of(within!.position, 'key'),
          await of(d.position, 'key', 'alias', 'trail'),
          await of(0, 'ke', 'keys', 'account'),
          await of(0),
        ]).toEqual([
          ['a', 'd', 'e'],
          ['a', 'b', 'd', 'e'],
          ['c'],
          ['a', 'b', 'c', 'd', 'e'],
          ['c', 'd', 'e'],
          ['e'],
          [],
          [],
          [],
        ])
      })

      it('has a head, which is the position of the last fact', async () => {
        const empty = await log.head()
        await log.append('key-1', 'any', [fact('a')])
        const { position } = await log.append('trail-1', 'any', [fact('b'), fact('c')])
        const head = await log.head()
        await reopen()
        expect([empty, head, await log.head()]).toEqual([0, position, position])
      })

      it('goes on where it was when the log is opened anew, and so do the streams', async () => {
        const before = await log.append('key-1', 'any', [fact('a'), fact('b')])
        await reopen()
        const after = await log.append('key-1', 1, [fact('c')])
        expect([after.position > before.position, after.revision, ids(await log.read('key-1'))]).toEqual([
          true,
          2,
          ['a', 'b', 'c'],
        ])
      })

      it('and every stream read, from anywhere, as whatever was appended together says', async () => {
        const streams = ['trail-1', 'trail-2', 'key-1', 'alias-1']
        const append = fc.record({
          stream: fc.constantFrom(...streams),
          count: fc.integer({ min: 1, max: 3 }),
          wait: fc.integer({ min: 0, max: 3 }).map((one) => one === 0),
        })
        const live = heard('trail', 'key', 'alias')
        const scenario = async (appends: { stream: string; count: number; wait: boolean }[], limit: number) => {
          const start = await log.head()
          live.length = 0
          const underWay: Promise<unknown>[] = []
          for (const { stream, count, wait } of appends) {
            const facts = Array.from({ length: count }, (_, place) => fact(`${start}.${underWay.length}.${place}`))
            underWay.push(log.append(stream, 'any', facts))
            if (wait) await Promise.all(underWay)
          }
          await Promise.all(underWay)
          const positions = live.map(({ position }) => position)
          expect(positions).toEqual(positions.toSorted((x, y) => x - y))
          expect(positions).toHaveLength(appends.reduce((sum, { count }) => sum + count, 0))
          for (let from = 0; from <= positions.length; from++) {
            const after = from === 0 ? start : positions[from - 1]!
            for (const categories of [['trail'], ['key', 'alias'], ['trail', 'alias']]) {
              const wanted = ({ position, stream }: Recorded) =>
                position > after && categories.includes(stream.slice(0, stream.indexOf('-')))
              const page = await log.all({ after, categories, limit })
              expect(page).toEqual(live.filter(wanted).slice(0, limit))
            }
            for (const stream of streams) {
              const own = live.filter((event) => event.stream === stream)
              const first = own[0]?.revision ?? Infinity
              expect(await log.read(stream, first + from, limit)).toEqual(own.slice(from, from + limit))
            }
          }
        }
        const appends = fc.array(append, { maxLength: 20 })
        await fc.assert(fc.asyncProperty(appends, fc.integer({ min: 1, max: 12 }), scenario), { numRuns: 15 })
      })
    })

    describe('a listener', () => {
      it('hears of every fact of its categories once, in order, before the append is answered', async () => {
        const events = heard('key', 'trail')
        const appends = Array.from({ length: 100 }, (_, index) => {
          const id = `${index}`
          const [stream, expected] = (
            [
              [`key-${index}`, 'none'],
              ['trail-1', 'any'],
              ['alias-1', 'any'],
              ['trail-2', 'any'],
            ] as const
          )[index % 4]!
          return log.append(stream, expected, [fact(id)]).then(() => ids(events).includes(id))
        })
        const heardBefore = await Promise.all(appends)
        expect(heardBefore).toEqual(appends.map((_, index) => index % 4 !== 2))
        expect(events).toEqual(await everything(['key', 'trail']))
      })

      it('hears nothing of what came before it, was refused, or comes after it left', async () => {
        await log.append('key-1', 'none', [fact('a')])
        const events: Recorded[] = []
        const feed = log.subscribe(['key'], (some) => void events.push(...some))
        await outcome(log.append('key-1', 'none', [fact('b')]))
        await log.append('key-1', 0, [fact('c')])
        feed[Symbol.dispose]()
        await log.append('key-1', 1, [fact('d')])
        expect(ids(events)).toEqual(['c'])
      })

      it('that throws is reported, and harms neither the append, nor other listeners, nor what it hears later', async () => {
        const calls: string[][] = []
        log.subscribe(['key'], (events) => {
          calls.push(ids(events))
          throw new Error('cannot listen')
        })
        const other = heard('key')
        await log.append('key-1', 'any', [fact('a')])
        await log.append('key-1', 'any', [fact('b')])
        expect([calls, ids(other), faults.map(String)]).toEqual([
          [['a'], ['b']],
          ['a', 'b'],
          ['Error: cannot listen', 'Error: cannot listen'],
        ])
      })

      it('has heard all there is once the log is fresh, and then it is so for a while', async () => {
        const events = heard('key')
        await log.append('key-1', 'any', [fact('a')])
        await log.fresh()
        expect([ids(events), log.fresh()]).toEqual([['a'], undefined])
      })

      it('may read what it hears', async () => {
        const read: Promise<readonly Recorded[]>[] = []
        log.subscribe(['key'], ([event]) => void read.push(log.read(event!.stream)))
        await log.append('key-1', 'any', [fact('a')])
        expect(ids(await read[0]!)).toEqual(['a'])
      })
    })

    describe('an erased stream', () => {
      const secret = 'a-name-to-be-forgotten'

      it('reads as if it had never been, and takes nothing with it', async () => {
        await log.append('key-1', 'any', [fact('a')])
        await log.append('key-2', 'any', [fact('b', { secret }), fact('c')])
        await log.append('key-3', 'any', [fact('d')])
        await log.erase('key-2')
        expect([await log.read('key-2'), await log.streams('')]).toEqual([[], ['key-1', 'key-3']])
        expect([ids(await log.read('key-1')), ids(await log.read('key-3'))]).toEqual([['a'], ['d']])
      })

      it('is passed over by whoever reads all facts', async () => {
        await log.append('key-1', 'any', [fact('a')])
        await log.append('key-2', 'any', [fact('b'), fact('c')])
        await log.append('key-3', 'any', [fact('d')])
        await log.erase('key-2')
        expect(ids(await everything(['key']))).toEqual(['a', 'd'])
      })

      it('stays closed, also when it is erased again and when the log is opened anew', async () => {
        await log.append('key-1', 'any', [fact('a')])
        await log.erase('key-1')
        await log.erase('key-1')
        const attempts = async () => {
          const expectations: Expected[] = ['any', 'none', 0]
          return Promise.all(expectations.map((expected) => outcome(log.append('key-1', expected, [fact('b')]))))
        }
        const now = await attempts()
        await reopen()
        expect([now, await attempts()]).toEqual([
          ['erased', 'erased', 'erased'],
          ['erased', 'erased', 'erased'],
        ])
      })

      it('that never was is still free to be', async () => {
        await log.erase('key-1')
        expect(await outcome(log.append('key-1', 'none', [fact('a')]))).toBe('appended')
      })

      it('leaves its positions to nobody', async () => {
        await log.append('key-1', 'any', [fact('a')])
        const { position } = await log.append('key-2', 'any', [fact('b')])
        await log.erase('key-2')
        await reopen()
        const next = await log.append('key-1', 'any', [fact('c')])
        expect(next.position).toBeGreaterThan(position)
      })

      it('leaves no byte of its facts', async () => {
        for (let index = 0; index < 50; index++)
          await log.append('key-1', 'any', [fact(`${index}`, { secret, padding: 'x'.repeat(index * 100) })])
        await log.append('key-2', 'any', [fact('z', 'kept')])
        const before = (await kept.bytes()).includes(secret)
        await log.erase('key-1')
        const after = await kept.bytes()
        expect([before, after.includes(secret), after.includes('kept')]).toEqual([true, false, true])
      })
    })

    afterAll(() => {
      expect(skip.flatMap(({ tests }) => tests).filter((title) => !titles.has(title))).toEqual([])
    })
  })
}

import { type KeyObject, generateKeyPairSync, randomUUID, sign, verify } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type LinkActions, type LinkPeer, LinkDown, httpLink, linkServer } from '@keyledger/messaging'
import { describe, expect, test } from 'vitest'
import { linkConformance } from './link.ts'

/** Somebody with a key of their own; identities are names of keys here, and the vault's in the house. */
const keys = new Map<string, { publicKey: KeyObject; privateKey: KeyObject }>()
const proofOf = (identity: string) => {
  const own = keys.get(identity) ?? generateKeyPairSync('ed25519')
  keys.set(identity, own)
  return {
    sign: (message: Uint8Array) => sign(null, message, own.privateKey),
    verify: (whose: string, message: Uint8Array, signature: Uint8Array) => {
      const key = keys.get(whose)
      return key !== undefined && verify(null, message, key.publicKey, signature)
    },
  }
}
const now = 1_700_000_000_000
const here = { region: 'us-east-1', identity: 'here', url: 'http://127.0.0.1:1' }
const there = { region: 'eu-west-1', identity: 'there' }

const open = async (actions: LinkActions, { time = now, peers = [here] as readonly LinkPeer[] } = {}) => {
  const faults: unknown[] = []
  const server = linkServer({
    ...proofOf('there'),
    peers,
    regions: [there.region],
    actions,
    now: () => time,
    onFault: (fault) => faults.push(fault),
  })
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 })
  const url = `http://127.0.0.1:${port}`
  const link = httpLink({ ...proofOf('here'), peers: [{ ...there, url }], now: () => now, id: randomUUID })
  return {
    link,
    url,
    faults,
    [Symbol.asyncDispose]: async () => {
      link[Symbol.dispose]()
      await server[Symbol.asyncDispose]()
    },
  }
}

linkConformance('http', (actions) => open(actions))

const say: LinkActions = { Say: (message) => Promise.resolve(message) }

/** A server in the middle: passes on what it likes, as it likes. */
const between = async (
  url: string,
  change: (request: { headers: Record<string, string>; body: string }) => void,
  answerChange: (answer: { headers: Record<string, string>; body: string }) => void = () => undefined,
) => {
  const seen: { headers: Record<string, string>; body: string }[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => (body += String(chunk)))
    request.on('end', () => {
      void (async () => {
        const own = Object.entries(request.headers).filter(([name]) => name.startsWith('x-'))
        const asked = { headers: Object.fromEntries(own) as Record<string, string>, body }
        change(asked)
        seen.push(asked)
        const answer = await fetch(`${url}/link`, { method: 'POST', headers: asked.headers, body: asked.body })
        const told = { headers: Object.fromEntries(answer.headers), body: await answer.text() }
        answerChange(told)
        const headers = Object.fromEntries(Object.entries(told.headers).filter(([name]) => name.startsWith('x-')))
        response.writeHead(answer.status, headers).end(told.body)
      })()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const link = httpLink({
    ...proofOf('here'),
    peers: [{ ...there, url: `http://127.0.0.1:${port}` }],
    now: () => now,
    id: randomUUID,
  })
  return {
    link,
    seen,
    [Symbol.asyncDispose]: async () => {
      link[Symbol.dispose]()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
const name = (part: string) => `x-keyledger-${part}`

describe('whoever stands between two regions', () => {
  test.each<[string, (request: { headers: Record<string, string>; body: string }) => void]>([
    ['the message', (asked) => (asked.body = '"another"')],
    ['the action', (asked) => (asked.headers[name('action')] = 'Do')],
    ['who asks', (asked) => (asked.headers[name('from')] = 'ap-south-1')],
    ['who is asked', (asked) => (asked.headers[name('to')] = 'ap-south-1')],
    ['the request', (asked) => (asked.headers[name('request')] = randomUUID())],
    ['the time', (asked) => (asked.headers[name('time')] = String(now + 1))],
    ['the signature', (asked) => (asked.headers[name('signature')] = 'A'.repeat(86))],
    ['anything away', (asked) => void delete asked.headers[name('signature')]],
  ])('cannot change %s', async (_, change) => {
    let acted = 0
    const count = () => Promise.resolve(acted++)
    await using regions = await open({ Say: count, Do: count })
    await using middle = await between(regions.url, change)
    await expect(middle.link.ask(here.region, there.region, 'Say', 'this')).rejects.toThrow(LinkDown)
    expect(acted).toBe(0)
  })

  test('cannot change the answer, answer in the region’s place, or give an answer of before', async () => {
    await using regions = await open(say)
    let old: { headers: Record<string, string>; body: string } | undefined
    const changes: ((answer: { headers: Record<string, string>; body: string }) => void)[] = [
      (answer) => {
        old = structuredClone(answer)
        answer.body = '{"answer":"mine"}'
      },
      (answer) => void delete answer.headers[name('signature')],
      (answer) => Object.assign(answer, old),
    ]
    for (const change of changes) {
      await using middle = await between(regions.url, () => undefined, change)
      await expect(middle.link.ask(here.region, there.region, 'Say', 'this')).rejects.toThrow(LinkDown)
    }
  })

  test('cannot ask again what was asked before', async () => {
    let acted = 0
    await using regions = await open({ Say: () => Promise.resolve(acted++) })
    await using middle = await between(regions.url, () => undefined)
    await middle.link.ask(here.region, there.region, 'Say', 'once')
    const [{ headers, body }] = middle.seen as [{ headers: Record<string, string>; body: string }]
    expect((await fetch(`${regions.url}/link`, { method: 'POST', headers, body })).status).toBe(409)
    expect(acted).toBe(1)
  })
})

describe('a region', () => {
  test('answers no stranger, and not a peer that signs with another key', async () => {
    await using regions = await open(say, { peers: [] })
    await expect(regions.link.ask(here.region, there.region, 'Say', 1)).rejects.toThrow('403')
    await using others = await open(say, { peers: [{ ...here, identity: 'somebody else' }] })
    await expect(others.link.ask(here.region, there.region, 'Say', 1)).rejects.toThrow('403')
  })

  test('answers no question that is more than five minutes old, or from the future', async () => {
    for (const time of [now - 300_001, now + 300_001]) {
      await using regions = await open(say, { time })
      await expect(regions.link.ask(here.region, there.region, 'Say', 1)).rejects.toThrow(LinkDown)
    }
    await using regions = await open(say, { time: now + 300_000 })
    expect(await regions.link.ask(here.region, there.region, 'Say', 1)).toBe(1)
  })

  test('takes no body beyond eight megabytes, and tells a stranger nothing of why anything failed', async () => {
    await using regions = await open({ Say: () => Promise.reject(new Error('secret of the house')) })
    await expect(regions.link.ask(here.region, there.region, 'Say', 'x'.repeat(8 * 1024 * 1024))).rejects.toThrow(
      LinkDown,
    )
    const asking = regions.link.ask(here.region, there.region, 'Say', 'x')
    await expect(asking).rejects.toThrow(LinkDown)
    await expect(asking).rejects.not.toThrow('secret of the house')
    expect(regions.faults.map(String)).toEqual(['Error: secret of the house'])
    for (const [method, path] of [
      ['GET', '/link'],
      ['POST', '/'],
    ] as const)
      expect((await fetch(`${regions.url}${path}`, { method })).status).toBe(404)
  })

  test('that does not answer in time is down', async () => {
    const silent = createServer(() => undefined)
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`
    const peers = [{ ...there, url }]
    using link = httpLink({ ...proofOf('here'), peers, now: () => now, id: randomUUID, patience: 50 })
    await expect(link.ask(here.region, there.region, 'Say', 1)).rejects.toThrow('did not answer within 50 ms')
    silent.closeAllConnections()
    await new Promise((resolve) => silent.close(resolve))
  })
})

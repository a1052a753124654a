import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Later } from '@keyledger/messaging'
import { expect, test } from 'vitest'
import { traces } from './traces.ts'

interface Collected {
  readonly name: string
  readonly kind: number
  readonly status: { readonly code?: number }
  readonly attributes: readonly { readonly key: string; readonly value: { readonly stringValue?: string } }[]
}

/** An OTLP collector that keeps the spans it is sent. */
const collector = async () => {
  const spans: Collected[] = []
  const http = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { resourceSpans } = JSON.parse(Buffer.concat(chunks).toString()) as {
        resourceSpans: { scopeSpans: { spans: Collected[] }[] }[]
      }
      spans.push(...resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)))
      response.setHeader('content-type', 'application/json').end('{}')
    })
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  return {
    spans,
    endpoint: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => http.close(() => resolve())),
  }
}

const named = (name: string) => ({ id: `${name} 1`, name, at: 0, data: undefined })
const failing = (error: Error) => async () => {
  throw error
}

test('each run of a job is a span; one that failed says how, one that was put off has not failed', async () => {
  await using at = await collector()
  {
    await using watch = traces({ endpoint: `${at.endpoint}/`, about: { 'service.name': 'keyledger' } })
    await watch.job!(named('DeleteKey'), () => Promise.resolve())
    await expect(watch.job!(named('DestroyKey'), failing(new TypeError('disk')))).rejects.toThrow('disk')
    await expect(watch.job!(named('ShareKey'), failing(new Later('cut off')))).rejects.toThrow('cut off')
  }
  const told = at.spans.map(({ name, status, attributes }) => [
    name,
    status.code ?? 0,
    attributes.map(({ key, value }) => [key, value.stringValue]),
  ])
  expect(told).toEqual([
    ['job.DeleteKey', 0, []],
    ['job.DestroyKey', 2, [['error.type', 'TypeError']]],
    ['job.ShareKey', 0, [['error.type', 'Later']]],
  ])
})

test('a collector that is away harms nobody', async () => {
  const { endpoint } = await (async () => {
    await using gone = await collector()
    return gone
  })()
  const watch = traces({ endpoint, about: {} })
  await watch.job!(named('DeleteKey'), () => Promise.resolve())
  await expect(watch[Symbol.asyncDispose]()).resolves.toBeUndefined()
})

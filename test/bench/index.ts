import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { StageMean } from '@keyledger/wire'
import { signedBytes } from '../support/sign.ts'
import { type Load, type Server, load, median, pinning, serve } from './processes.ts'
import { bench } from './settings.ts'

/**
 * `npm run bench`: signed requests with a durable trail, beside a bare node:http echo of the same bodies in the same
 * run. The requests are signed beforehand and each is verified in full every time.
 */
const { connections, seconds, rounds, region, user, keys, keyId } = bench
const folder = await mkdtemp(join(tmpdir(), 'keyledger-bench-'))

const bodies: Record<string, (index: number) => object> = {
  Encrypt: (index) => ({
    KeyId: keyId(index % keys),
    Plaintext: Buffer.from(`a message of some length ${index}`).toString('base64'),
    EncryptionContext: { tenant: `tenant-${index % 7}`, purpose: 'bench' },
  }),
  GenerateDataKey: (index) => ({
    KeyId: keyId(index % keys),
    KeySpec: 'AES_256',
    EncryptionContext: { tenant: `tenant-${index % 7}`, purpose: 'bench' },
  }),
}

/** The headers that the SDK for JavaScript sends and signs. */
const sdkHeaders = {
  'amz-sdk-invocation-id': 'f8a04e2a-6b8c-4d43-b0a2-6c7f6a2e53aa',
  'amz-sdk-request': 'attempt=1; max=3',
  'x-amz-user-agent': 'aws-sdk-js/3.1164.0',
}
const unsignedHeaders = { 'user-agent': 'aws-sdk-js/3.1164.0 ua/2.1 os/linux lang/js md/nodejs api/kms#3.1164.0' }

// Signed anew for each round: a signature is good for five minutes.
const requestsFor = async (operation: string, port: number): Promise<string> => {
  const list = Array.from({ length: 512 }, (_, index) =>
    signedBytes({
      host: `127.0.0.1:${port}`,
      target: `TrentService.${operation}`,
      body: JSON.stringify(bodies[operation]!(index)),
      headers: sdkHeaders,
      unsigned: unsignedHeaders,
      region,
      accessKeyId: user.accessKeyId,
      secretAccessKey: user.secretAccessKey,
      time: Date.now(),
    }).toString('base64'),
  )
  const file = join(folder, `${operation}-${port}.json`)
  await writeFile(file, JSON.stringify(list))
  return file
}

const round = async (server: Server, operation: string): Promise<Load> =>
  load(server.port, connections, seconds, await requestsFor(operation, server.port))

const results = new Map<string, Load[]>()
const note = (name: string, result: Load) => results.set(name, [...(results.get(name) ?? []), result])

try {
  {
    await using house = await serve('server.ts', join(folder, 'a'))
    await using echo = await serve('echo.ts')
    for (let i = 0; i < rounds; i++)
      for (const operation of Object.keys(bodies)) {
        note('echo', await round(echo, operation))
        note(operation, await round(house, operation))
      }
  }
  const of = (name: string, figure: (result: Load) => number) => median(results.get(name)!.map(figure))
  const echo = of('echo', (result) => result.perSecond)
  console.log(`${connections} connections, ${rounds} rounds of ${seconds} s, medians; ${pinning}\n`)
  console.log('                     requests/s   of echo   p50 ms   p99 ms   max ms')
  for (const name of results.keys()) {
    const figures = [
      of(name, (result) => result.perSecond)
        .toFixed(0)
        .padStart(10),
      (of(name, (result) => result.perSecond) / echo).toFixed(2).padStart(9),
      ...(['p50', 'p99', 'max'] as const).map((figure) =>
        of(name, (r) => r[figure])
          .toFixed(2)
          .padStart(8),
      ),
    ]
    console.log(`${name.padEnd(20)} ${figures.join(' ')}`)
  }

  await using staged = await serve('server.ts', join(folder, 'b'), 'stages')
  console.log('\nmicroseconds a stage (a stage that awaits counts the wait; 1 connection, then 64)\n')
  const table = new Map<string, string[]>()
  for (const count of [1, connections]) {
    await staged.ask('stages')
    await load(staged.port, count, seconds, await requestsFor('Encrypt', staged.port))
    for (const { stage, microseconds } of await staged.ask<StageMean[]>('stages'))
      table.set(stage, [...(table.get(stage) ?? []), microseconds.toFixed(1).padStart(10)])
  }
  for (const [stage, figures] of table) console.log(`${stage.padEnd(20)} ${figures.join(' ')}`)
} finally {
  await rm(folder, { recursive: true, force: true })
}

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { Agent } from 'node:https'
import { connect as dial, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ConnectionOptions, type TLSSocket, connect } from 'node:tls'
import { CreateKeyCommand, DecryptCommand, EncryptCommand, KMSClient } from '@aws-sdk/client-kms'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { certificate } from '../support/certificate.ts'
import { type HouseProcess, credentialsIn, houseProcess } from '../support/process.ts'
import { exchangeBytes, recordsIn } from '../support/raw.ts'
import { signedBytes } from '../support/sign.ts'

/** KEYLEDGER_TLS_CERT and KEYLEDGER_TLS_KEY: the same house over https, TLS 1.2 and newer, hybrid key agreement offered. */
const root = mkdtempSync(join(tmpdir(), 'keyledger-tls-'))
const data = join(root, 'data')
const { cert, key } = certificate(Date.now())
let house: HouseProcess
let host: string
let port: number

beforeAll(async () => {
  writeFileSync(join(root, 'cert.pem'), cert)
  writeFileSync(join(root, 'key.pem'), key)
  house = await houseProcess(data, {
    KEYLEDGER_TLS_CERT: join(root, 'cert.pem'),
    KEYLEDGER_TLS_KEY: join(root, 'key.pem'),
  })
  host = new URL(house.url).host
  port = Number(new URL(house.url).port)
})
afterAll(async () => {
  house.child.kill('SIGKILL')
  await house.ended
  rmSync(root, { recursive: true, force: true })
})

const client = (agent: Agent) =>
  new KMSClient({
    endpoint: house.url,
    region: 'us-east-1',
    credentials: credentialsIn(data),
    maxAttempts: 1,
    requestHandler: { httpsAgent: agent },
  })

/** A TLS connection of the house's that is through its handshake; rejects with the error that ended it. */
const connected = (options: ConnectionOptions): Promise<TLSSocket> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, ca: cert, ...options }, () => resolve(socket))
    socket.once('error', reject)
  })

/** One request over a connection of these options, and the record it left. */
const recorded = async (options: ConnectionOptions) => {
  const socket = await connected(options)
  const answer = new Promise<string>((resolve) => socket.once('data', (chunk) => resolve(String(chunk))))
  socket.write(
    signedBytes({ ...credentialsIn(data), host, target: 'TrentService.ListKeys', body: '{}', time: Date.now() }),
  )
  expect(await answer).toMatch(/^HTTP\/1.1 200 /)
  const group = (socket.getEphemeralKeyInfo() as { name?: string }).name
  socket.destroy()
  return { group, tlsDetails: recordsIn(data).at(-1)!['tlsDetails'] }
}

test('the SDK works over https once it trusts the certificate, and not before', async () => {
  expect(house.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/)
  const kms = client(new Agent({ ca: cert }))
  const { KeyId } = (await kms.send(new CreateKeyCommand({}))).KeyMetadata!
  const { CiphertextBlob } = await kms.send(new EncryptCommand({ KeyId, Plaintext: Buffer.from('over TLS') }))
  const { Plaintext } = await kms.send(new DecryptCommand({ CiphertextBlob }))
  expect(Buffer.from(Plaintext!).toString()).toBe('over TLS')
  kms.destroy()
  const wary = client(new Agent())
  await expect(wary.send(new CreateKeyCommand({}))).rejects.toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
  wary.destroy()
})

test('a client that offers it gets the hybrid key agreement, and the trail tells of the connection', async () => {
  expect(await recorded({ ecdhCurve: 'X25519MLKEM768' })).toEqual({
    group: 'X25519MLKEM768',
    tlsDetails: {
      tlsVersion: 'TLSv1.3',
      cipherSuite: 'TLS_AES_256_GCM_SHA384',
      clientProvidedHostHeader: host,
    },
  })
  // Also where the client would rather have another one first.
  expect((await recorded({ ecdhCurve: 'X25519MLKEM768:X25519' })).group).toBe('X25519MLKEM768')
})

test('an older client gets TLS 1.2 with forward secrecy', async () => {
  const { tlsDetails } = await recorded({ maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' })
  expect(tlsDetails).toEqual({
    tlsVersion: 'TLSv1.2',
    cipherSuite: 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256',
    clientProvidedHostHeader: host,
  })
})

test.each(['TLSv1', 'TLSv1.1'] as const)('%s is refused by the house', async (version) => {
  const old = { minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' } as const
  await expect(connected(old)).rejects.toMatchObject({ code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION' })
})

test('plain HTTP, garbage and handshakes that never end disturb nobody, nor the closing', async () => {
  const garbage = [
    'POST / HTTP/1.1\r\nhost: a\r\n\r\n',
    Buffer.alloc(1000, 7),
    Buffer.from('16030100050100000100', 'hex'),
  ]
  for (const bytes of garbage.slice(0, 2)) expect(await exchangeBytes(house.url, bytes)).not.toContain('200 OK')
  const silent: Socket[] = []
  for (let count = 0; count < 50; count++) {
    const socket = dial(port, '127.0.0.1')
    socket.on('error', () => undefined)
    if (count % 2 === 0) socket.write(garbage[2]!)
    silent.push(socket)
  }
  const kms = client(new Agent({ ca: cert }))
  expect((await kms.send(new CreateKeyCommand({}))).KeyMetadata!.Enabled).toBe(true)
  kms.destroy()
  house.child.kill('SIGINT')
  expect(await house.ended).toBe(0)
  for (const socket of silent) socket.destroy()
  expect(house.output()).not.toMatch(/Error|error:/)
})

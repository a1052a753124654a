import { type KeyObject, createPublicKey, generateKeyPairSync, sign } from 'node:crypto'

/** A self-signed certificate for localhost and 127.0.0.1, as PEM; put together by hand, as node can read X.509 but not make it. */
export interface Certificate {
  readonly cert: string
  readonly key: string
}

/** One element of DER (X.690): tag, length, contents. */
const der = (tag: number, ...parts: readonly Uint8Array[]): Buffer => {
  const contents = Buffer.concat(parts)
  const { length } = contents
  const lengths = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...lengths]), contents])
}
const sequence = (...parts: readonly Uint8Array[]) => der(0x30, ...parts)
const oid = (hex: string) => der(0x06, Buffer.from(hex, 'hex'))
const integer = (...bytes: readonly number[]) => der(0x02, Buffer.from(bytes))
const utcTime = (time: Date) =>
  der(
    0x17,
    Buffer.from(
      time
        .toISOString()
        .replaceAll(/[-:T]|\.\d{3}/g, '')
        .slice(2),
    ),
  )

const ecdsaWithSha256 = sequence(oid('2a8648ce3d040302'))
const commonName = sequence(der(0x31, sequence(oid('550403'), der(0x0c, Buffer.from('localhost')))))
const alternativeNames = sequence(
  oid('551d11'),
  der(0x04, sequence(der(0x82, Buffer.from('localhost')), der(0x87, Buffer.of(127, 0, 0, 1)))),
)
const day = 24 * 3600_000

const pem = (kind: string, bytes: Buffer) =>
  `-----BEGIN ${kind}-----\n${bytes.toString('base64').replaceAll(/(.{64})/g, '$1\n')}\n-----END ${kind}-----\n`

/** RFC 5280, 4.1: good from yesterday to tomorrow. */
const signedCertificate = (privateKey: KeyObject, now: number): Buffer => {
  const validity = sequence(utcTime(new Date(now - day)), utcTime(new Date(now + day)))
  const publicKey = createPublicKey(privateKey).export({ type: 'spki', format: 'der' })
  const version = der(0xa0, integer(2))
  const extensions = der(0xa3, sequence(alternativeNames))
  const body = sequence(version, integer(1), ecdsaWithSha256, commonName, validity, commonName, publicKey, extensions)
  return sequence(body, ecdsaWithSha256, der(0x03, Buffer.of(0), sign('sha256', body, privateKey)))
}

export const certificate = (now: number): Certificate => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return {
    cert: pem('CERTIFICATE', signedCertificate(privateKey, now)),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type CryptoKey, type JWK, type JWTPayload, SignJWT, exportJWK, generateKeyPair } from 'jose'

/** A small OpenID Connect issuer on loopback: real keys, real signatures, and a count of who asked for its key set. */
export interface TestIssuer extends AsyncDisposable {
  readonly url: string
  readonly jwksUrl: string
  /** How often the key set was asked for. */
  readonly asked: () => number
  /** What the issuer answers instead of its key set; undefined for the key set again. */
  answers(status: number, body?: string): void
  recovers(): void
  /** A new key; those before stay in the key set unless `alone`. */
  rotate(kid: string, options?: { readonly alg?: string; readonly alone?: boolean }): Promise<void>
  /** A token of the newest key. */
  token(claims: JWTPayload, header?: { readonly kid?: string | undefined }): Promise<string>
  readonly publicKey: () => JWK
}

export const testIssuer = async (): Promise<TestIssuer> => {
  let keys: { kid: string; alg: string; privateKey: CryptoKey; jwk: JWK }[] = []
  let asked = 0
  let instead: { status: number; body: string } | undefined
  const server = createServer((_, response) => {
    asked++
    const body = instead?.body ?? JSON.stringify({ keys: keys.map(({ jwk }) => jwk) })
    response.writeHead(instead?.status ?? 200, { 'content-type': 'application/json', location: '/elsewhere' }).end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const issuer: TestIssuer = {
    url,
    jwksUrl: `${url}/keys`,
    asked: () => asked,
    answers: (status, body = '') => {
      instead = { status, body }
    },
    recovers: () => {
      instead = undefined
    },
    rotate: async (kid, { alg = 'RS256', alone = false } = {}) => {
      const { privateKey, publicKey } = await generateKeyPair(alg)
      const jwk = { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' }
      keys = [...(alone ? [] : keys), { kid, alg, privateKey, jwk }]
    },
    token: (claims, header = {}) => {
      const { kid, alg, privateKey } = keys.at(-1)!
      const named = 'kid' in header ? header.kid : kid
      return new SignJWT({ iss: url, ...claims })
        .setProtectedHeader({ alg, typ: 'JWT', ...(named !== undefined && { kid: named }) })
        .sign(privateKey)
    },
    publicKey: () => keys.at(-1)!.jwk,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  await issuer.rotate('first')
  return issuer
}

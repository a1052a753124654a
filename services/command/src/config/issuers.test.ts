import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ConfigFault, config } from '../config.ts'

let folder: string
let path: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyledger-'))
  path = join(folder, 'issuers.json')
  writeFileSync(join(folder, 'keys.json'), '{"keys":[]}')
})
afterAll(() => rmSync(folder, { recursive: true }))

const one = { issuer: 'https://id.example.com/tenant', audiences: ['keyledger'], jwks: 'https://id.example.com/keys' }
const read = (content: unknown) => {
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return config({ KEYLEDGER_OIDC_ISSUERS: path }).issuers
}
const refusal = (act: () => unknown): string => {
  try {
    act()
  } catch (error) {
    if (error instanceof ConfigFault) return error.message
    throw error
  }
  throw new Error('the setting was taken')
}

describe('KEYLEDGER_OIDC_ISSUERS', () => {
  test('names nobody when it is absent', () => {
    expect(config({}).issuers).toEqual([])
  })

  test('names issuers, and key sets by URL or by file beside it', () => {
    const local = { ...one, issuer: 'http://127.0.0.1:4000', jwks: 'http://localhost:4000/keys' }
    const filed = { ...one, issuer: 'https://other.example.com/', jwks: 'keys.json' }
    expect(read([one, local, filed])).toEqual([one, local, { ...filed, jwks: join(folder, 'keys.json') }])
  })

  test.each<[string, unknown, string]>([
    ['no JSON', '{', ' is not a JSON file'],
    ['no list', {}, ': the file Invalid input: expected array, received object'],
    ['a member too many', [{ ...one, secret: 'x' }], ': 0 Unrecognized key: "secret"'],
    ['no audience', [{ ...one, audiences: [] }], ': 0.audiences is empty'],
    ['an empty audience', [{ ...one, audiences: [''] }], ': 0.audiences.0 is not 1 to 255 printable characters'],
    ['an issuer twice', [one, { ...one, issuer: `${one.issuer}/` }], ': the file names an issuer twice'],
    ['an issuer with a query', [{ ...one, issuer: `${one.issuer}?a=b` }], ': 0.issuer has a query'],
    ['a key set that is not there', [{ ...one, jwks: 'none.json' }], ': 0.jwks names a file that is not there'],
  ])('is refused in one line when there is %s', (_, content, words) => {
    expect(refusal(() => read(content))).toBe(`KEYLEDGER_OIDC_ISSUERS${words}`)
  })

  test.each([
    'http://id.example.com/keys',
    'http://127.0.0.1.example.com/keys',
    'https://user@id.example.com/keys',
    'ftp://id.example.com/keys',
    'file:///etc/keys.json',
    'https://',
  ])('is refused for keys from %s', (jwks) => {
    const words = 'is neither an https URL nor an http one of this very machine'
    expect(refusal(() => read([{ ...one, jwks }]))).toBe(`KEYLEDGER_OIDC_ISSUERS: 0.jwks ${words}`)
    expect(refusal(() => read([{ ...one, issuer: jwks }]))).toBe(`KEYLEDGER_OIDC_ISSUERS: 0.issuer ${words}`)
  })

  test('is refused when the file is not there', () => {
    expect(refusal(() => config({ KEYLEDGER_OIDC_ISSUERS: join(folder, 'none') }))).toBe(
      'KEYLEDGER_OIDC_ISSUERS names a file that is not there',
    )
  })
})

import { existsSync, readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { z } from 'zod'
import { type Issuer, providerName } from '../oidc.ts'
import { ConfigFault } from './fault.ts'

const setting = 'KEYLEDGER_OIDC_ISSUERS'
const loopback = new Set(['localhost', '127.0.0.1', '[::1]'])

/** Keys that came over plain HTTP from elsewhere would be whoever's sat in between. */
const isSafe = (text: string): boolean => {
  if (!URL.canParse(text)) return false
  const { protocol, hostname, username, hash } = new URL(text)
  if (username !== '' || hash !== '') return false
  return protocol === 'https:' || (protocol === 'http:' && loopback.has(hostname))
}
const unsafe = 'is neither an https URL nor an http one of this very machine'

const file = z
  .array(
    z.strictObject({
      issuer: z
        .string()
        .max(255)
        .refine(isSafe, unsafe)
        .refine((text) => !text.includes('?'), 'has a query'),
      audiences: z
        .array(z.string().regex(/^[\x21-\x7e]{1,255}$/, 'is not 1 to 255 printable characters'))
        .min(1, 'is empty')
        .max(100),
      jwks: z.string().min(1, 'is empty'),
    }),
  )
  .refine((all) => new Set(all.map(({ issuer }) => providerName(issuer))).size === all.length, 'names an issuer twice')

/** The issuers in a file; a ConfigFault says which place in it is wrong. Key sets that are files are named from its folder. */
export const issuersFile = (path: string): readonly Issuer[] => {
  let json: unknown
  try {
    json = JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    throw new ConfigFault(`${setting} is not a JSON file`)
  }
  const parsed = file.safeParse(json)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!
    throw new ConfigFault(`${setting}: ${issue.path.join('.') || 'the file'} ${issue.message}`)
  }
  return parsed.data.map(({ issuer, audiences, jwks }, index) => {
    if (/^[a-z][a-z0-9+.-]*:\/\//i.test(jwks)) {
      if (!isSafe(jwks)) throw new ConfigFault(`${setting}: ${index}.jwks ${unsafe}`)
      return { issuer, audiences, jwks }
    }
    const keys = resolve(dirname(path), jwks)
    if (!existsSync(keys)) throw new ConfigFault(`${setting}: ${index}.jwks names a file that is not there`)
    return { issuer, audiences, jwks: keys }
  })
}

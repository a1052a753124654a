import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { z } from 'zod'
import { ConfigFault } from './fault.ts'
import { region } from './variables.ts'

/** Another region: where it is, and who it must prove to be. */
export interface Peer {
  readonly region: string
  readonly url: string
  /** Its Ed25519 public key, 32 bytes in base64url, as `npm run identity` prints it there. */
  readonly identity: string
}

const isPublicKey = (text: string) => /^[\w-]{43}$/.test(text) && Buffer.from(text, 'base64url').length === 32

const peersFile = z
  .array(
    z.strictObject({
      region,
      url: z.url({ protocol: /^https?$/, error: 'is not an http(s) URL' }).transform((text) => text.replace(/\/$/, '')),
      identity: z.string(),
    }),
  )
  .refine((peers) => new Set(peers.map((peer) => peer.region)).size === peers.length, 'names a region twice')

/** The peers in a file; a {@link ConfigFault} says which place in it is wrong. */
export const peersOf = (path: string, own: readonly string[]): readonly Peer[] => {
  const wrong = (why: string) => new ConfigFault(`KEYLEDGER_PEERS${why}`)
  let json: unknown
  try {
    json = JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    throw wrong(' is not a JSON file')
  }
  const parsed = peersFile.safeParse(json)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!
    throw wrong(`: ${issue.path.join('.') || 'the file'} ${issue.message}`)
  }
  const identityIn = (given: string, index: number): string => {
    if (!given.startsWith('file:')) return given
    try {
      return readFileSync(resolve(dirname(path), given.slice('file:'.length)), 'utf8').trim()
    } catch {
      throw wrong(`: ${index}.identity names a file that is not there`)
    }
  }
  return parsed.data.map((peer, index) => {
    if (own.includes(peer.region)) throw wrong(`: ${index}.region is served here (KEYLEDGER_REGIONS)`)
    const identity = identityIn(peer.identity, index)
    if (!isPublicKey(identity))
      throw wrong(`: ${index}.identity is not 32 bytes in base64url, as npm run identity prints them there`)
    return { ...peer, identity }
  })
}

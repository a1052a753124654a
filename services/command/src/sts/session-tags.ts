import type { SessionClaims } from '@keyledger/iam'
import { list, string, structure } from '@keyledger/wire'
import { stsFault } from './fault.ts'

const characters = '[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]'
const key = () => string({ min: 1, max: 128, pattern: `${characters}+` })

/** The members of AssumeRole that tag a session. */
export const tagFields = {
  Tags: list(structure({ Key: key(), Value: string({ min: 0, max: 256, pattern: `${characters}*` }) }), {
    max: 50,
  }).optional(),
  TransitiveTagKeys: list(key(), { max: 50 }).optional(),
}

interface Wanted {
  readonly Tags?: readonly { readonly Key: string; readonly Value: string }[] | undefined
  readonly TransitiveTagKeys?: readonly string[] | undefined
}
type Tagged = Pick<SessionClaims, 'tags' | 'transitiveTagKeys'>

const folded = (keys: readonly string[]): ReadonlySet<string> => new Set(keys.map((one) => one.toLowerCase()))

/**
 * The tags of a new session: those that were asked for, and those that the caller's own session passes on, which nobody
 * can replace (IAM user guide, "Pass session tags in AWS STS").
 */
export const sessionTags = ({ Tags = [], TransitiveTagKeys = [] }: Wanted, from: Tagged | undefined): Tagged => {
  const keys = Tags.map(({ Key }) => Key)
  const wanted = folded(keys)
  if (wanted.size < keys.length) throw stsFault('duplicateTags')
  if (keys.some((one) => /^aws:/i.test(one))) throw stsFault('reservedTag')
  if (TransitiveTagKeys.some((one) => !wanted.has(one.toLowerCase()))) throw stsFault('transitiveUnknown')
  const inherited = from?.transitiveTagKeys ?? []
  if (inherited.some((one) => wanted.has(one.toLowerCase()))) throw stsFault('transitiveConflict')
  // Named as the tags are, so that the two need not be compared without case again.
  const passedOn = folded(TransitiveTagKeys)
  return {
    tags: Object.fromEntries([
      ...inherited.map((one) => [one, from!.tags[one]!] as const),
      ...Tags.map(({ Key, Value }) => [Key, Value] as const),
    ]),
    transitiveTagKeys: [...inherited, ...keys.filter((one) => passedOn.has(one.toLowerCase()))],
  }
}

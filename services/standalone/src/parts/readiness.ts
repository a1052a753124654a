import { inWords, scrubbed } from '../telemetry/words.ts'
import { within } from './patience.ts'

/** What is missing before this process can do its work, in words for the operator. */
export interface Missing {
  readonly part: string
  readonly why: string
}

/** Says what of a part is missing now; undefined when nothing is. */
export type Look = () => string | undefined | Promise<string | undefined>

export interface Readiness {
  /** Puts a part on the list, or another look in its place. */
  need(part: string, look: Look): void
  missing(): Promise<readonly Missing[]>
}

/** The list of what must be there; each part is put on it before it is opened, so that a start that waits says on what. */
export const readiness = (): Readiness => {
  const parts = new Map<string, Look>()
  return {
    need: (part, look) => void parts.set(part, look),
    missing: async () => {
      const looks = [...parts].map(async ([part, look]) => {
        const why = await within(async () => look()).catch((error: unknown) => scrubbed(inWords(error)))
        return why === undefined ? [] : [{ part, why }]
      })
      return (await Promise.all(looks)).flat()
    },
  }
}

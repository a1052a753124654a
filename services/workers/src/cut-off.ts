import { type Link, LinkDown } from '@keyledger/messaging'

/** How long a region is left alone that did not answer, milliseconds: no longer than a job's first pause. */
const pause = 1000

interface Down {
  until: number
  probing: boolean
}

/**
 * A link that remembers which regions do not answer. Ten thousand keys have something to tell a region that is cut off, and each
 * would wait for the end of its patience, in the place of jobs that could be done: so one asks, and the others hear at once that
 * there is no answer.
 */
export const cutOff = (link: Link, now: () => number): Link => {
  const down = new Map<string, Down>()
  return {
    ask: async (from, to, ...question) => {
      const known = down.get(to)
      if (known && (known.probing || now() < known.until)) throw new LinkDown(`${to} did not answer just now`)
      if (known) known.probing = true
      try {
        const answer = await link.ask(from, to, ...question)
        down.delete(to)
        return answer
      } catch (error) {
        // Whoever refuses is there. One who was told to stop asking learned nothing.
        if (error instanceof LinkDown) down.set(to, { until: now() + pause, probing: false })
        else if (known) known.probing = false
        throw error
      }
    },
  }
}

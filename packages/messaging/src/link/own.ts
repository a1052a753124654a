import { type Link, type LinkActions, LinkDown, acted } from './index.ts'

const copied = (value: unknown): unknown => (value === undefined ? undefined : JSON.parse(JSON.stringify(value)))

/** The link between regions that one house serves: they are asked here, and what goes over it is JSON all the same. */
export const ownLink = ({ regions, actions }: { regions: readonly string[]; actions: LinkActions }): Link => ({
  ask: async (from, to, action, message, signal) => {
    signal?.throwIfAborted()
    for (const region of [from, to]) if (!regions.includes(region)) throw new LinkDown(`${region} is not served here`)
    return copied(await acted(actions, action, copied(message), { from, to }))
  },
})

/** Asks the regions of this house here, and the others by `far`. */
export const links = (regions: readonly string[], own: Link, far: Link): Link => ({
  ask: (from, to, ...rest) => (regions.includes(to) ? own : far).ask(from, to, ...rest),
})

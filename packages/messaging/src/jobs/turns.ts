/** Runs what has the same name one after the other, what has none or another at the same time. */
export const turns = () => {
  const last = new Map<string, Promise<unknown>>()
  return async <T>(name: string | undefined, act: () => Promise<T>): Promise<T> => {
    if (name === undefined) return act()
    const before = last.get(name)
    const acting = before ? before.then(act) : act()
    const over = acting.then(nothing, nothing)
    last.set(name, over)
    try {
      return await acting
    } finally {
      if (last.get(name) === over) last.delete(name)
    }
  }
}

const nothing = () => undefined

/**
 * Puts off what is asked for until the event loop has read from every socket that has something, and then does all of it in one
 * go, in order. What comes at the same time then takes each step together: the code of a step is in the processor's cache
 * from the second request on.
 */
export const turns = (): ((act: () => void) => void) => {
  let acts: (() => void)[] = []
  const go = (): void => {
    const all = acts
    acts = []
    for (const act of all) act()
  }
  return (act) => {
    if (acts.push(act) === 1) setImmediate(go)
  }
}

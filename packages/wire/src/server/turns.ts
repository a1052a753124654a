/** More company than this warms no cache any better, and would make the first of a crowd wait for the last. */
const company = 64

/**
 * Puts off what is asked for until the event loop has read from every socket that has something, and then does it in one go,
 * in order. What comes at the same time then takes each step together: the code of a step is in the processor's cache
 * from the second request on.
 */
export const turns = (): ((act: () => void) => void) => {
  const acts: (() => void)[] = []
  let asked = 0
  const go = (): void => {
    asked -= company
    for (const act of acts.splice(0, company)) act()
  }
  return (act) => {
    // All of a crowd's turns come before the next look at the sockets: nobody's end is heard before what he said.
    if (acts.push(act) <= asked) return
    asked += company
    setImmediate(go)
  }
}

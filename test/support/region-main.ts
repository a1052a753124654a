import { randomUUID } from 'node:crypto'
import { createInterface } from 'node:readline'
import { config } from '@keyledger/command'
import type { Clock } from '@keyledger/messaging'
import { house } from '@keyledger/standalone'

/**
 * The program that `npm start` runs, with a clock that can be moved: `node region-main.ts OFFSET`, milliseconds ahead of the
 * system's; every line on standard input is another offset. Prints where it is, as `npm start` does.
 */
let offset = Number(process.argv[2] ?? 0)
const now = () => Date.now() + offset

/** Whoever waits looks at the clock again every so often, milliseconds: it may have leapt. */
const glance = 50
const clock: Clock = {
  now,
  at: async (time, signal) => {
    for (;;) {
      signal.throwIfAborted()
      const wait = time - now()
      if (wait <= 0) return
      await new Promise<void>((resolve, reject) => {
        const aborted = () => {
          clearTimeout(timer)
          reject(signal.reason as Error)
        }
        const timer = setTimeout(
          () => {
            signal.removeEventListener('abort', aborted)
            resolve()
          },
          Math.min(wait, glance),
        )
        signal.addEventListener('abort', aborted, { once: true })
      })
    }
  },
}

const settings = config(process.env)
const open = await house({
  ...settings,
  clock,
  id: randomUUID,
  passphrase: () => Promise.reject(new Error('this region has no passphrase')),
  onFault: (fault) => console.error(fault instanceof Error ? (fault.stack ?? fault.message) : fault),
})
console.log(`keyledger ready at ${open.url}`)
createInterface({ input: process.stdin }).on('line', (line) => {
  offset = Number(line)
  console.log(`offset ${offset}`)
})

import type { Config } from '@keyledger/command'
import { greeting } from '../greeting.ts'
import { type Log, readyLine } from './log.ts'
import { inWords, scrubbed } from './words.ts'

/** For a person at a terminal: a greeting, and one line on stderr for what goes wrong. */
export const humanLog = (settings: Config): Log => ({
  ready: (open) => {
    console.log(greeting(settings, open))
    console.log(readyLine(open))
  },
  say: (message) => console.log(message),
  fault: (fault) => console.error(`keyledger: ${scrubbed(inWords(fault))}`),
  fatal: (fault) => console.error('keyledger:', typeof fault === 'string' ? scrubbed(fault) : fault),
  answered: undefined,
})

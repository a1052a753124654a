import type { Level } from '@keyledger/command'
import { type DestinationStream, pino } from 'pino'
import { version } from '../version.ts'
import { inWords } from './words.ts'
import { type Log, readyLine } from './log.ts'
import { redacted } from './redacted.ts'

interface Options {
  readonly level: Level
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** In every line: which process of which region speaks. */
  readonly about: object
  /** Default: standard output. */
  readonly to?: DestinationStream
}

/** One JSON object a line, through pino. This module is loaded only where it is wanted. */
export const jsonLog = ({ level, now, about, to }: Options): Log => {
  const lines = pino(
    {
      level,
      base: about,
      timestamp: () => `,"time":"${new Date(now()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }), log: (line) => redacted(line) as Record<string, unknown> },
      // Errors are told by `redacted`, which knows what of them may be told.
      serializers: { err: (told: unknown) => told },
    },
    to ?? pino.destination({ dest: 1, sync: true }),
  )
  return {
    ready: (open) => {
      const { url, admin, link, accounts, keyFileBeside } = open
      lines.info({ version, url: url || undefined, admin, link, accounts, keyFileBeside }, readyLine(open))
    },
    say: (message, more = {}) => lines.info(more, message),
    fault: (fault, more = {}) => lines.error({ ...more, err: fault }, inWords(redacted(inWords(fault)))),
    fatal: (fault) => lines.fatal({ err: fault }, inWords(redacted(inWords(fault)))),
    answered: lines.isLevelEnabled('debug')
      ? ({ requestId, remoteAddress, slots }, status, began, ended) =>
          lines.debug(
            {
              requestId,
              source: slots.eventSource,
              operation: slots.row ? slots.eventName : undefined,
              region: slots.region,
              actor: slots.call?.principal.arn,
              from: remoteAddress,
              status,
              code: slots.error?.code,
              milliseconds: Math.round((ended - began) * 1000) / 1000,
            },
            'request',
          )
      : undefined,
  }
}

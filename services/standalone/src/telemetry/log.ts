import type { House } from '../options.ts'
import type { Watch } from './watch.ts'

/** What a house tells: in words for people, or one JSON object a line for programs. */
export interface Log {
  /** That the house stands, and where. */
  ready(open: House): void
  /** What an operator should know and need not act on. */
  say(message: string, about?: object): void
  /** What went wrong. */
  fault(fault: unknown, about?: object): void
  /** Why the process ends. */
  fatal(fault: unknown): void
  /** Each request, at level debug; undefined where that is not logged. */
  readonly answered: Watch['answered'] | undefined
}

/** How every log says that the house stands: whoever started it may wait for this. */
export const readyLine = ({ url, services }: House): string =>
  url ? `keyledger ready at ${url}` : `keyledger ready as ${services.join()}`

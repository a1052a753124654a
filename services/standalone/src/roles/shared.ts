import type { Counted } from '../metrics/index.ts'
import type { Settings } from '../options.ts'
import type { Foundations } from '../parts/foundations.ts'
import type { Readiness } from '../parts/readiness.ts'
import type { Watching } from '../telemetry/watching.ts'

/** What each role of a process is given; what it opens closes with `parts`. */
export interface Shared {
  readonly settings: Settings
  readonly ground: Foundations
  readonly ready: Readiness
  /** Only where somebody can ask for it. */
  readonly counts: Counted | undefined
  readonly watch: Watching
  readonly parts: AsyncDisposableStack
}

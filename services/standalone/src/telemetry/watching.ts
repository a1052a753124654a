import type { Slots } from '@keyledger/command'
import type { Job } from '@keyledger/messaging'
import type { Meter } from '@keyledger/wire'
import type { Counted } from '../metrics/index.ts'
import type { Settings } from '../options.ts'

/** A run of a job, and what is put around it. */
export type Around = (job: Job, run: () => Promise<void>) => Promise<void>

export interface Watching {
  /** Undefined where nobody watches: then a request pays nothing. */
  readonly meter: Meter<Slots> | undefined
  readonly job: Around
  /** Told of what goes wrong in one of the services. */
  faults(service: string): Settings['onFault']
}

/** Puts together who watches: the counts of this process, and what the program that opened the house brought along. */
export const watching = ({ watch, onFault }: Settings, counted: Counted | undefined): Watching => {
  const answered = watch?.answered
  const meter: Meter<Slots> = {
    began: () => {
      counted?.began()
      return performance.now()
    },
    ended: (x, status, began) => {
      const ended = performance.now()
      counted?.answered(x, (ended - began) / 1000)
      answered?.(x, status, began, ended)
    },
  }
  const around = [counted?.job, watch?.job].filter((each) => each !== undefined)
  return {
    meter: counted || answered ? meter : undefined,
    job: (job, run) => around.reduce<() => Promise<void>>((inner, outer) => () => outer(job, inner), run)(),
    faults: (service) => (fault, about) => {
      counted?.fault(service)
      onFault(fault, { service, ...about })
    },
  }
}

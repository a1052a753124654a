import { Later, LinkDown } from '@keyledger/messaging'
import type { World } from './world.ts'

/** Asks another region for this one. Where nobody answers the job has not failed: it is put off for as long as that takes. */
export const asked = async (
  { link }: World,
  from: string,
  to: string,
  action: string,
  message: unknown,
  signal: AbortSignal,
): Promise<unknown> => {
  try {
    return await link.ask(from, to, action, message, signal)
  } catch (error) {
    throw error instanceof LinkDown ? new Later(error.message, { cause: error }) : error
  }
}

import { door } from '@keyledger/command'
import { server } from '@keyledger/wire'
import { linkListener } from '../parts/link-listener.ts'
import type { Inhabited } from '../parts/world.ts'
import { blaming } from '../place.ts'
import { urlOf } from '../url.ts'
import type { Shared } from './shared.ts'

export interface Front {
  readonly url: string
  /** Where other regions reach this one. */
  readonly link: string | undefined
}

/** The front door: AWS KMS, STS and IAM on one port; and beside it the door for other regions, where there are any. */
export const commandRole = async (shared: Shared, inside: Inhabited): Promise<Front> => {
  const { settings, ground, ready, watch, parts } = shared
  const { clock, id, regions, tls, limits } = settings
  const { log } = ground
  const link = await linkListener(shared, inside)
  const stages = settings.stages ?? settings.watch?.stages
  const front = parts.use(
    server({
      door: door({ world: inside.world, regions, fresh: () => log.fresh(), onFault: watch.faults('command') }),
      now: () => clock.now(),
      requestId: id,
      ...(tls && { tls }),
      ...(stages && { stages }),
      ...(watch.meter && { meter: watch.meter }),
      ...(limits && { limits }),
    }),
  )
  const address = await blaming(`KEYLEDGER_HOST ${settings.host}, KEYLEDGER_PORT ${settings.port}`, () =>
    front.listen(settings),
  )
  ready.need('front door', () => undefined)
  return { url: urlOf(tls ? 'https' : 'http', address), link }
}

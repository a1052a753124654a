import { verifySignature } from '@keyledger/crypto'
import { linkServer } from '@keyledger/messaging'
import { blaming } from '../place.ts'
import type { Shared } from '../roles/shared.ts'
import { urlOf } from '../url.ts'
import type { Inhabited } from './world.ts'

/** Where the other regions reach this one, if they are to; answers the address. */
export const linkListener = async (
  { settings, ready, watch, parts }: Shared,
  { world, actions }: Inhabited,
): Promise<string | undefined> => {
  const { link, peers, regions, tls, clock } = settings
  if (!link) return undefined
  const server = parts.use(
    linkServer({
      peers,
      regions,
      actions,
      now: () => clock.now(),
      tls,
      sign: (message) => world.vault.sign(message),
      verify: verifySignature,
      onFault: watch.faults('link'),
    }),
  )
  const address = await blaming(`KEYLEDGER_LINK_HOST ${link.host}, KEYLEDGER_LINK_PORT ${link.port}`, () =>
    server.listen(link),
  )
  ready.need('link', () => undefined)
  return urlOf(tls ? 'https' : 'http', address)
}

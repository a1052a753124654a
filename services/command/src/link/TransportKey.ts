import type { LinkRow } from './index.ts'

/** The public key to which others seal what they send here. It is signed, and says itself how long it is good. */
export const TransportKey: LinkRow = (_, { to }, { vault }) => vault.transportKey(to)

import type { Vault } from '@keyledger/crypto'

/** What other regions sealed for this one opens no more, however quiet the link was since. */
export const RetireTransportKeys = ({ vault }: { readonly vault: Pick<Vault, 'retireTransportKeys'> }): Promise<void> =>
  vault.retireTransportKeys()

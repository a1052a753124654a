import { type Vault, verifySignature } from '@keyledger/crypto'
import type { Receipts } from '@keyledger/messaging'

const text = (id: string) => Buffer.from(`keyledger job done, 1\n${id}\n`)

/** What the processes on one vault say to each other by way of a queue that others may be able to write to. */
export const receipts = ({ identity, sign }: Pick<Vault, 'identity' | 'sign'>): Receipts => ({
  of: (id) => Buffer.from(sign(text(id))).toString('base64url'),
  good: (id, receipt) => verifySignature(identity, text(id), Buffer.from(receipt, 'base64url')),
})

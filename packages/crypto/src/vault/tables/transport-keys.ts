import type { DatabaseSync } from 'node:sqlite'
import type { Deletion } from '../erasing.ts'

/** A pair of the transport: its public half, and both private ones as the root key wraps them. */
export interface TransportRow {
  readonly publicKey: Uint8Array
  readonly wrapped: Uint8Array
  /** Epoch milliseconds. */
  readonly at: number
}

/** Transport keys: the newest is given away, those before it live on for what is still on its way. */
export const transportKeys = (db: DatabaseSync, deletion: (wraps: readonly Uint8Array[]) => Deletion) => {
  const newest = db.prepare('SELECT public_key AS publicKey, wrapped, at FROM transport_keys ORDER BY at DESC LIMIT 1')
  const named = db.prepare('SELECT public_key AS publicKey, wrapped, at FROM transport_keys WHERE name = ?')
  const insert = db.prepare('INSERT INTO transport_keys (name, public_key, wrapped, at) VALUES (?, ?, ?, ?)')
  const remove = db.prepare('DELETE FROM transport_keys WHERE at <= ? RETURNING wrapped')

  const present = () => newest.get() as unknown as TransportRow | undefined

  return {
    reads: {
      transportKey: (name: string) => named.get(name) as unknown as TransportRow | undefined,
      presentTransportKey: present,
    },
    writes: {
      /** Of several processes that find the present one too old (made at `old` or before) one brings the next; all are told it. */
      addTransportKey(name: string, row: TransportRow, old: number): TransportRow {
        const there = present()
        if (there && there.at > old) return there
        insert.run(name, row.publicKey, row.wrapped, row.at)
        return row
      },

      /** Takes away what was made at `until` or before; undefined where there is none. */
      retireTransportKeys(until: number): Deletion | undefined {
        const rows = remove.all(until) as unknown as { wrapped: Uint8Array }[]
        return rows.length === 0 ? undefined : deletion(rows.map(({ wrapped }) => wrapped))
      },
    },
  }
}

import { trailStream } from '@keyledger/keys'
import type { Exchange } from '@keyledger/wire'
import { loggedResponse } from './logged.ts'
import type { Call, Output, Row } from './operation.ts'
import { trailRecord } from './trail-record.ts'
import type { World } from './world.ts'

/** What the door learns about a request on its way, for the record. */
export interface Slots {
  /** That nothing was decided, as the ledger could not be read. */
  undecided: boolean
  eventSource: string
  eventName: string
  region: string
  row: Row
  call: Call
  parameters: object | null
  output: Output
  error: { readonly code: string; readonly message: string }
}

/** The stream of requests that nobody's valid signature vouched for. */
const nobody = 'unidentified'

/** Puts one request on the trail; resolves when the record is durable. */
export const recorder = (world: World, homeRegion: string) => {
  // Requests of one millisecond say the same time.
  let last = { time: -1, at: '' }
  const moment = (time: number): string => {
    if (time !== last.time) last = { time, at: new Date(time).toISOString() }
    return last.at
  }

  return (x: Exchange<Slots>): Promise<void> => {
    const { row, call, output, error, region = homeRegion, parameters = null } = x.slots
    const eventId = world.id()
    // Nobody signed, and nothing else vouched for anyone.
    const principal = call?.principal.accountId ? call.principal : undefined
    const at = moment(x.time)
    const record = trailRecord({
      at,
      eventId,
      requestId: x.requestId,
      eventSource: x.slots.eventSource ?? 'kms.amazonaws.com',
      eventName: x.slots.eventName ?? 'Unknown',
      region,
      readOnly: row?.readOnly ?? false,
      principal,
      sourceAddress: x.remoteAddress,
      userAgent: x.headers['user-agent'] ?? '-',
      error,
      parameters,
      response: output && row && !row.readOnly ? loggedResponse(output, call?.resources[0]) : null,
      keyMaterialId: typeof output?.['KeyMaterialId'] === 'string' ? output['KeyMaterialId'] : undefined,
      resources: call?.resources ?? [],
      tls: x.tls,
      host: x.headers.host,
    })
    const stream = trailStream(region, principal?.accountId ?? nobody, at.slice(0, 10))
    const durable = world.trail.record(stream, { id: eventId, type: 'ApiCall', version: 1, time: at, data: record })
    return x.mark ? durable.then(() => x.mark?.('trail')) : durable
  }
}

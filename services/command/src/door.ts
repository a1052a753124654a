import { Fault, key as keyAggregate } from '@keyledger/keys'
import {
  type Door,
  type Exchange,
  type Protocol,
  WireFault,
  jsonProtocol,
  queryProtocol,
  verifier,
  wireFault,
} from '@keyledger/wire'
import { authorize } from './authorize.ts'
import { awsOperations } from './aws-operations.ts'
import { ownKey } from './keys.ts'
import { kms } from './kms/index.ts'
import { loggedParameters } from './logged.ts'
import type { Call, Row } from './operation.ts'
import { type Slots, recorder } from './recorder.ts'
import { sts } from './sts/index.ts'
import { unsupported } from './unsupported.ts'
import type { World } from './world.ts'

/** One of AWS's services as it is spoken here. */
interface Service {
  readonly name: string
  readonly protocol: Protocol
  readonly rows: ReadonlyMap<string, Prepared>
}

/** A row with what can be known of it before the first request. */
interface Prepared extends Row {
  readonly logged: ReturnType<typeof loggedParameters>
}

const table = (rows: Readonly<Record<string, Row>>): ReadonlyMap<string, Prepared> =>
  new Map(Object.entries(rows).map(([name, row]) => [name, { ...row, logged: loggedParameters(row.input) }]))

const services = {
  kms: {
    name: 'kms',
    protocol: jsonProtocol({ prefix: 'TrentService' }),
    rows: table({ ...unsupported(awsOperations), ...kms }),
  },
  sts: {
    name: 'sts',
    protocol: queryProtocol({ namespace: 'https://sts.amazonaws.com/doc/2011-06-15/', apiVersion: '2011-06-15' }),
    rows: table(sts),
  },
} satisfies Record<string, Service>

/** Plaintexts and data keys: their bytes are of no more use once the answer is written (its text cannot be wiped). */
const wipe = (members: Readonly<Record<string, unknown>>): void => {
  for (const name in members) {
    const value = members[name]
    if (value instanceof Uint8Array) value.fill(0)
  }
}

/** A form is the query protocol's; everything else is taken for JSON, as AWS does. */
const serviceOf = ({ headers }: Exchange<Slots>): Service =>
  headers['content-type']?.startsWith('application/x-www-form-urlencoded') ? services.sts : services.kms

interface Options {
  readonly world: World
  /** The regions served here; the first is home to requests that name none. */
  readonly regions: readonly string[]
  /** Told of every failure that is not a refusal: the caller hears no more than that it was ours. */
  readonly onFault: (fault: unknown) => void
}

/**
 * What stands behind the server: every request walks parse, target, signature, shape, key, authorization, then its row.
 * The order is AWS's order of refusals; whatever refuses, the record says so before the answer does.
 */
export const door = ({ world, regions, onFault }: Options): Door<Slots> => {
  const verify = verifier({
    signingKey: (accessKeyId, scope) => world.vault.signingKey(accessKeyId, scope),
    now: world.now,
    regions,
    services: Object.keys(services),
  })

  const answer: Door<Slots>['answer'] = async (x) => {
    const { slots, mark } = x
    const service = serviceOf(x)
    slots.eventSource = `${service.name}.amazonaws.com`
    const json = service.protocol.input(x)
    const name = service.protocol.operation(x)
    const row = service.rows.get(name)
    if (!row) throw wireFault('unknownOperation')
    slots.eventName = name
    slots.row = row
    mark?.('parse')

    const verified = verify(x, service.name)
    const claim = verified instanceof Promise ? await verified : verified
    slots.region = claim.region
    const principal = world.identities.principal(claim.accessKeyId)
    if (!principal) throw wireFault('unrecognizedClient')
    const call: Call = {
      world,
      principal,
      region: claim.region,
      requestId: x.requestId,
      time: x.time,
      key: keyAggregate.initial,
      resources: [],
    }
    slots.call = call
    mark?.('signature')

    const input = row.input.parse(json)
    slots.parameters = row.logged(row.shown?.(input) ?? input, x.body.length)
    mark?.('shape')

    const { action, on, alias } = row.authorize
    if (on !== undefined) {
      call.key = await ownKey(call, action, input[on] as string, alias)
      authorize(call, action, call.key)
    }
    mark?.('authorize')

    const ran = row.run(input, call)
    slots.output = ran instanceof Promise ? await ran : ran
    mark?.('crypto')
    const answered = service.protocol.success(name, slots.output, x)
    wipe(input)
    wipe(slots.output)
    return answered
  }

  const refusal: Door<Slots>['refusal'] = (error, x) => {
    const known = error instanceof Fault || error instanceof WireFault
    const { code, status, message } = known ? error : { code: 'KMSInternalException', status: 500, message: '' }
    if (!known) onFault(error)
    x.slots.error = { code, message }
    delete x.slots.output
    return serviceOf(x).protocol.refusal({ code, status, message }, x)
  }

  return { answer, refusal, record: recorder(world, regions[0]!) }
}

import { IamFault } from '@keyledger/iam'
import { Fault, key as keyAggregate } from '@keyledger/keys'
import {
  type Claim,
  type Door,
  type Exchange,
  type Protocol,
  type Shape,
  WireFault,
  formShape,
  jsonProtocol,
  queryProtocol,
  verifier,
  wireFault,
} from '@keyledger/wire'
import { anonymous } from './anonymous.ts'
import { authorize, authorizeByIdentity } from './authorize.ts'
import { awsOperations } from './aws-operations.ts'
import { verifyGrantTokens } from './grants.ts'
import { namedKey } from './keys.ts'
import { iam } from './iam/index.ts'
import { kms } from './kms/index.ts'
import { loggedParameters } from './logged.ts'
import type { Call, Row } from './operation.ts'
import { type Slots, recorder } from './recorder.ts'
import { sessions } from './sessions.ts'
import { sts } from './sts/index.ts'
import { unsupported } from './unsupported.ts'
import type { World } from './world.ts'

/** One of AWS's services as it is spoken here. */
interface Service {
  readonly name: string
  readonly protocol: Protocol
  readonly rows: ReadonlyMap<string, Prepared>
  /** What AWS says there when the failure is its own. */
  readonly failure: string
}

/** A row with what can be known of it before the first request. */
interface Prepared extends Row {
  readonly logged: ReturnType<typeof loggedParameters>
}

const asItIs = (shape: Shape) => shape
const table = (rows: Readonly<Record<string, Row>>, read = asItIs): ReadonlyMap<string, Prepared> =>
  new Map(
    Object.entries(rows).map(([name, row]) => [
      name,
      { ...row, input: read(row.input), logged: loggedParameters(row.input) },
    ]),
  )

const services = {
  kms: {
    name: 'kms',
    protocol: jsonProtocol({ prefix: 'TrentService' }),
    rows: table({ ...unsupported(awsOperations), ...kms }),
    failure: 'KMSInternalException',
  },
  sts: {
    name: 'sts',
    protocol: queryProtocol({ namespace: 'https://sts.amazonaws.com/doc/2011-06-15/', apiVersion: '2011-06-15' }),
    rows: table(sts, formShape),
    failure: 'InternalFailure',
  },
  iam: {
    name: 'iam',
    protocol: queryProtocol({ namespace: 'https://iam.amazonaws.com/doc/2010-05-08/', apiVersion: '2010-05-08' }),
    rows: table(iam, formShape),
    failure: 'ServiceFailure',
  },
} satisfies Record<string, Service>

/** Plaintexts and data keys: their bytes are of no more use once the answer is written (its text cannot be wiped). */
const wipe = (members: Readonly<Record<string, unknown>>): void => {
  for (const name in members) {
    const value = members[name]
    if (value instanceof Uint8Array) value.fill(0)
  }
}

/** IAM has no region, STS may do without: their clients sign for this one, wherever the house is. */
const global = { iam: 'us-east-1', sts: 'us-east-1' }

const signedForIam = /\/iam\/aws4_request\b/
const versionOfIam = /(?:^|&)Version=2010-05-08(?:&|$)/
/**
 * A form is the query protocol's; everything else is taken for JSON, as AWS does. Of the services that take forms it is the
 * one that was signed for; what is not signed at all (STS takes some of that) says by its version whose it is.
 */
const serviceOf = ({ headers, body }: Exchange<Slots>): Service => {
  if (!headers['content-type']?.startsWith('application/x-www-form-urlencoded')) return services.kms
  const { authorization } = headers
  const isIam = authorization ? signedForIam.test(authorization) : versionOfIam.test(body.toString('latin1'))
  return isIam ? services.iam : services.sts
}

const noInput = {}
const nobody = { caller: anonymous, session: undefined }
type Strings = Readonly<Record<string, string>>

interface Options {
  readonly world: World
  /** The regions served here; the first is home to requests that name none. */
  readonly regions: readonly string[]
  /** The ledger's: undefined when what is remembered may be decided on. */
  readonly fresh: () => undefined | Promise<void>
  /** Told of every failure that is not a refusal: the caller hears no more than that it was ours. */
  readonly onFault: (fault: unknown, about: { readonly requestId: string; readonly operation: string }) => void
}

/**
 * What stands behind the server: every request walks parse, target, signature, shape, key, authorization, then its row.
 * The order is AWS's order of refusals; whatever refuses, the record says so before the answer does.
 */
export const door = ({ world, regions, fresh, onFault }: Options): Door<Slots> => {
  const { open, signingKey } = sessions(world)
  const verify = verifier({
    signingKey,
    now: world.now,
    regions,
    services: Object.keys(services),
    global,
  })

  /** Who is behind a good signature; a user or role that is gone since takes its access keys and sessions along. */
  const signer = ({ accessKeyId, sessionToken }: Claim): Pick<Call, 'caller' | 'session'> => {
    const session = sessionToken === undefined ? undefined : open(accessKeyId, sessionToken)
    const caller =
      sessionToken === undefined ? world.identities.caller(accessKeyId) : session && world.identities.session(session)
    if (!caller) throw wireFault('unrecognizedClient')
    return { caller, session }
  }

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

    // Who signed and what they may is remembered from the ledger's feed: nothing is decided on what may be out of date.
    const catchingUp = fresh()
    if (catchingUp) {
      slots.undecided = true
      await catchingUp
      slots.undecided = false
    }
    const verified = row.unsigned ? undefined : verify(x, service.name)
    const claim = verified instanceof Promise ? await verified : verified
    const region = (slots.region = claim?.region ?? regions[0]!)
    const { caller, session } = claim ? signer(claim) : nobody
    // Or whoever got hold of a session for minutes could make an access key that lasts (STS, GetSessionToken: none of IAM's
    // operations without a second factor, which nobody has here).
    if (service === services.iam && session?.of.kind === 'user') throw wireFault('unrecognizedClient')
    const call: Call = {
      world,
      principal: caller.principal,
      caller,
      session,
      region,
      requestId: x.requestId,
      time: x.time,
      sourceAddress: x.remoteAddress,
      secure: x.tls() !== undefined,
      userAgent: x.headers['user-agent'],
      input: noInput,
      key: keyAggregate.initial,
      foreign: undefined,
      decision: undefined,
      resources: [],
    }
    slots.call = call
    mark?.('signature')

    const input = row.input.parse(json)
    slots.parameters = row.logged(row.shown?.(input) ?? input, x.body.length)
    mark?.('shape')

    call.input = input
    verifyGrantTokens(call, input['GrantTokens'] as readonly string[] | undefined)
    const { action, on, itself, resource } = row.authorize
    if (on !== undefined) {
      call.key = await namedKey(call, row.authorize, input[on] as string)
      const granted = authorize(call, action, call.key, {
        encryptionContext: input['EncryptionContext'] as Strings | undefined,
      })
      if (granted) await granted
    } else if (!itself) authorizeByIdentity(call, action, resource?.(input, call))
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
    const known = error instanceof Fault || error instanceof IamFault || error instanceof WireFault
    const service = serviceOf(x)
    const { code, status, message } = known ? error : { code: service.failure, status: 500, message: '' }
    if (!known) onFault(error, { requestId: x.requestId, operation: x.slots.eventName ?? 'Unknown' })
    // What the caller is not told, the trail is.
    x.slots.error = { code, message: known && error.cause instanceof Fault ? error.cause.message : message }
    delete x.slots.output
    return service.protocol.refusal({ code, status, message }, x)
  }

  const recorded = recorder(world, regions[0]!)
  // A ledger that could not be read for a decision cannot be written to either: its own patience, once more for each of those who
  // wait, would only keep them from hearing that nothing was done.
  const record: Door<Slots>['record'] = (x) => (x.slots.undecided ? undefined : recorded(x))

  return { answer, refusal, record }
}

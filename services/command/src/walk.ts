import { key as keyAggregate } from '@keyledger/keys'
import { type Answer, type Claim, type Exchange, verifier, wireFault } from '@keyledger/wire'
import { anonymous } from './anonymous.ts'
import { authorize, authorizeByIdentity } from './authorize.ts'
import { inCompany } from './company.ts'
import { verifyGrantTokens } from './grants.ts'
import { namedKey } from './keys.ts'
import type { Call } from './operation.ts'
import type { Slots } from './recorder.ts'
import { type Prepared, type Service, serviceOf, services } from './services.ts'
import { sessions } from './sessions.ts'
import { when } from './when.ts'
import type { World } from './world.ts'

/** One request on its way; each step adds what the next ones need. */
interface Walker {
  readonly x: Exchange<Slots>
  readonly service: Service
  name: string
  row: Prepared
  json: Readonly<Record<string, unknown>>
  call: Call
  answer: Answer
}
type Step = (request: Walker) => void | Promise<void>

interface Options {
  readonly world: World
  /** The regions served here; the first is home to requests that name none. */
  readonly regions: readonly string[]
  /** The ledger's: undefined when what is remembered may be decided on. */
  readonly fresh: () => undefined | Promise<void>
}

/** IAM has no region, STS may do without: their clients sign for this one, wherever the house is. */
const global = { iam: 'us-east-1', sts: 'us-east-1' }
const noInput = {}
const nobody = { caller: anonymous, session: undefined }
type Strings = Readonly<Record<string, string>>

/** Plaintexts and data keys: their bytes are of no more use once the answer is written (its text cannot be wiped). */
const wipe = (members: Readonly<Record<string, unknown>>): void => {
  for (const name in members) {
    const value = members[name]
    if (value instanceof Uint8Array) value.fill(0)
  }
}

const parse: Step = (request) => {
  const { x, service } = request
  x.slots.eventSource = `${service.name}.amazonaws.com`
  request.json = service.protocol.input(x)
  request.name = service.protocol.operation(x)
  const row = service.rows.get(request.name)
  if (!row) throw wireFault('unknownOperation')
  x.slots.eventName = request.name
  x.slots.row = request.row = row
}

const shape: Step = ({ x, row, json, call }) => {
  const input = row.input.parse(json)
  x.slots.parameters = row.logged(row.shown?.(input) ?? input, x.body.length)
  call.input = input
}

const authorized: Step = ({ row, call }) => {
  const { input } = call
  verifyGrantTokens(call, input['GrantTokens'] as readonly string[] | undefined)
  const { action, on, itself, resource } = row.authorize
  if (on !== undefined)
    return when(namedKey(call, row.authorize, input[on] as string), (key) => {
      call.key = key
      return authorize(call, action, key, { encryptionContext: input['EncryptionContext'] as Strings | undefined })
    })
  if (!itself) authorizeByIdentity(call, action, resource?.(input, call))
  return undefined
}

const run: Step = ({ x, row, call }) =>
  when(row.run(call.input, call), (output) => {
    x.slots.output = output
  })

const encode: Step = (request) => {
  const { x, service, name, call } = request
  const output = x.slots.output!
  request.answer = service.protocol.success(name, output, x)
  wipe(call.input)
  wipe(output)
}

/**
 * What every request walks: parse, target, signature, shape, key, authorization, then its row. The order is AWS's order of
 * refusals. What the steps learn is in the exchange's slots, for the refusal and the record.
 */
export const walk = ({ world, regions, fresh }: Options): ((x: Exchange<Slots>) => Promise<Answer>) => {
  const { open, signingKey } = sessions(world)
  const verify = verifier({ signingKey, now: world.now, regions, services: Object.keys(services), global })

  /** Who signed and what they may is remembered from the ledger's feed: nothing is decided on what may be out of date. */
  const caughtUp: Step = ({ x }) => {
    const catchingUp = fresh()
    if (!catchingUp) return undefined
    x.slots.undecided = true
    return catchingUp.then(() => void (x.slots.undecided = false))
  }

  /** Who is behind a good signature; a user or role that is gone since takes its access keys and sessions along. */
  const signer = ({ accessKeyId, sessionToken }: Claim): Pick<Call, 'caller' | 'session'> => {
    const session = sessionToken === undefined ? undefined : open(accessKeyId, sessionToken)
    const caller =
      sessionToken === undefined ? world.identities.caller(accessKeyId) : session && world.identities.session(session)
    if (!caller) throw wireFault('unrecognizedClient')
    return { caller, session }
  }

  const identified = (request: Walker, claim: Claim | undefined): void => {
    const { x, service } = request
    const region = (x.slots.region = claim?.region ?? regions[0]!)
    const { caller, session } = claim ? signer(claim) : nobody
    // Or whoever got hold of a session for minutes could make an access key that lasts (STS, GetSessionToken: none of IAM's
    // operations without a second factor, which nobody has here).
    if (service === services.iam && session?.of.kind === 'user') throw wireFault('unrecognizedClient')
    x.slots.call = request.call = {
      world,
      principal: caller.principal,
      caller,
      session,
      region,
      requestId: x.requestId,
      time: x.time,
      sourceAddress: x.remoteAddress,
      secure: x.tls !== undefined,
      userAgent: x.headers['user-agent'],
      input: noInput,
      key: keyAggregate.initial,
      foreign: undefined,
      decision: undefined,
      resources: [],
    }
  }

  const signature: Step = (request) => {
    const { x, row, service } = request
    return when(row.unsigned ? undefined : verify(x, service.name), (claim) => identified(request, claim))
  }

  const lead = inCompany<Walker>([
    ['parse', parse],
    ['fresh', caughtUp],
    ['signature', signature],
    ['shape', shape],
    ['authorize', authorized],
    ['crypto', run],
    ['encode', encode],
  ])
  // Each step fills in what it is there for before any other asks for it.
  return (x) => lead({ x, service: serviceOf(x) } as Walker, x.mark).then(({ answer }) => answer)
}

export type { Answer, Door, Exchange, Mark, Tls } from './exchange.ts'
export { WireFault, wireFault, type Refusals } from './fault.ts'
export { jsonObject, jsonProtocol } from './json.ts'
export type { Protocol, Refusal } from './protocol.ts'
export { queryProtocol } from './query.ts'
export { formShape } from './query/form-shape.ts'
export { server, type Limits, type Server, type ServerOptions } from './server.ts'
export {
  blob,
  boolean,
  describe,
  enumeration,
  integer,
  list,
  map,
  shape,
  string,
  structure,
  timestamp,
  type Description,
  type FieldDescription,
  type Fields,
  type Input,
  type Shape,
} from './shape.ts'
export { verifier, type Claim, type Scope, type SigningKey, type VerifierOptions, type Verify } from './sigv4.ts'
export { stopwatch, type Meter, type StageMean, type Stages } from './stages.ts'

import { fault } from '@keyledger/keys'
import { type Row, operation } from './operation.ts'

/** Rows for operations that AWS has and this house does not have yet: signed for and recorded like any other, then refused. */
export const unsupported = (names: Iterable<string>): Readonly<Record<string, Row>> =>
  Object.fromEntries(
    [...names].map((name) => [
      name,
      operation({
        authorize: { action: `kms:${name}` },
        readOnly: false,
        input: {},
        run: () => {
          throw fault('notSupportedYet', name)
        },
      }),
    ]),
  )

import type { z } from 'zod'
import type { FieldDescription } from './shape/constraints.ts'
import { descriptionOf, structure, type Fields } from './shape/members.ts'
import { refusal } from './shape/wording.ts'

export { blob, boolean, enumeration, integer, list, map, string, structure, timestamp } from './shape/members.ts'
export type { Fields } from './shape/members.ts'
export type { Description, FieldDescription } from './shape/constraints.ts'

/** The input of one operation, compiled once. */
export interface Shape<F extends Fields = Fields> {
  readonly fields: F
  /**
   * The typed input. Members the shape does not know are ignored, null counts as absent. Throws a WireFault:
   * SerializationException where the JSON is of another type, else ValidationException with all violations in AWS's words.
   */
  parse(json: unknown): Input<F>
}
/** What `parse` gives. */
export type Input<F extends Fields> = z.output<z.ZodObject<F>>

export const shape = <const F extends Fields>(fields: F): Shape<F> => {
  const schema = structure(fields)
  const root = descriptionOf(schema)
  return {
    fields,
    parse: (json) => {
      const result = schema.safeParse(json)
      if (result.success) return result.data
      throw refusal(root, json, result.error.issues)
    },
  }
}

/** A shape in the form of AWS's models: constraints, enums and which members are required, by name. */
export const describe = ({ fields }: Shape): Readonly<Record<string, FieldDescription>> =>
  descriptionOf(structure(fields)).fields ?? {}

/** What a member may be, in the form of AWS's own models. */
export interface Description {
  readonly type: 'string' | 'number' | 'boolean' | 'timestamp' | 'blob' | 'list' | 'map' | 'structure'
  readonly min?: number
  readonly max?: number
  readonly pattern?: string
  readonly enum?: readonly string[]
  readonly sensitive?: true
  readonly member?: Description
  readonly key?: Description
  readonly value?: Description
  readonly fields?: Readonly<Record<string, FieldDescription>>
}
export interface FieldDescription extends Description {
  readonly required: boolean
}

/** One constraint and AWS's words for it. */
export interface Constraint {
  readonly text: string
  /** `size` is the value itself of a number, else its length: code points, decoded bytes or members. */
  readonly holds: (value: unknown, size: number) => boolean
}

/** AWS matches a pattern against the whole value. Patterns are the model's own: none of them can backtrack far. */
const wholly = (pattern: string): RegExp => new RegExp(`^(?:${pattern})$`, 'u')

/** A description's constraints, in the order in which AWS lists them. */
export const constraints = ({ type, min, max, pattern, enum: values }: Description): readonly Constraint[] => {
  const what = type === 'number' ? 'value' : 'length'
  const all: Constraint[] = []
  if (max !== undefined)
    all.push({ text: `Member must have ${what} less than or equal to ${max}`, holds: (_, size) => size <= max })
  if (min !== undefined)
    all.push({ text: `Member must have ${what} greater than or equal to ${min}`, holds: (_, size) => size >= min })
  if (pattern !== undefined) {
    const whole = wholly(pattern)
    const text = `Member must satisfy regular expression pattern: ${pattern}`
    all.push({ text, holds: (value) => whole.test(value as string) })
  }
  if (values !== undefined) {
    const text = `Member must satisfy enum value set: [${values.join(', ')}]`
    all.push({ text, holds: (value) => values.includes(value as string) })
  }
  return all
}

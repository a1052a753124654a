/**
 * The values of a condition key that is to have one, where the request has names that only their case tells apart. Whoever makes
 * the request must not choose which of them counts: a statement that allows holds if it does with every one, a statement that denies
 * if it does with any. A policy variable has no value then.
 */
export class Ambiguous {
  readonly values: readonly string[]
  constructor(values: readonly string[]) {
    this.values = values
  }
}

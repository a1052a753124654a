/**
 * The values of a condition key that is to have one, where the request has names that only their case tells apart. Whoever makes
 * the request must not choose which of them counts: a statement that allows holds if it does with every one, a statement that denies
 * if it does with any. With such a policy variable, nothing can be told of the text that it stands in.
 */
export class Ambiguous {
  /** More values than it would be told of: a statement that asks for them never allows, and always denies. */
  static readonly untold = new Ambiguous([])

  readonly values: readonly string[]
  constructor(values: readonly string[]) {
    this.values = values
  }
}

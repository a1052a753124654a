/**
 * The steps that one decision may take. Policies and requests are of the tenants' making and one thread decides for all
 * of them; what a policy costs is its length times the request's, and with variables the request's times itself. So what
 * may cost more than reading it once is paid for before it is done, in steps of at most some 10 ns: this many are a third
 * of a second or so, whatever the policy and the request. An ordinary decision takes some hundreds; a thousand patterns
 * against a context of 8 KB, some twenty millions.
 */
export const mostSteps = 2 ** 25

/** Thrown inside a decision that would take more. Whoever evaluates a policy refuses then: what is not known is not allowed. */
export class TooManySteps extends Error {
  constructor() {
    super('A decision takes too many steps')
    this.name = 'TooManySteps'
  }
}

// Evaluation never waits, so that there is one decision at a time, and no need to hand this to every test of it.
let left = mostSteps

export const beginDecision = (): void => {
  left = mostSteps
}

/** Once they are used up every further step is refused, until the next decision. Throws TooManySteps. */
export const spend = (steps: number): void => {
  left -= steps
  if (left < 0) throw new TooManySteps()
}

/** Steps to ask one test of many: a call that V8 cannot foresee. */
export const perTest = 4

/** How many the decision has taken so far. */
export const spent = (): number => mostSteps - left

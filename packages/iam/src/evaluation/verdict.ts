import type { Context } from '../evaluation.ts'
import { perTest, spend } from './effort.ts'

/** What a test finds; undefined where it cannot be told: an Allow then does not hold, a Deny does. */
export type Verdict = boolean | undefined

/** Of a text of the request: the value of a condition key, the ARN of a resource. */
export type TextTest = (text: string, context: Context) => Verdict

/** Whether one of the tests holds. */
export const some = (tests: readonly TextTest[]): TextTest => {
  if (tests.length === 1) return tests[0]!
  return (text, context) => {
    spend(tests.length * perTest)
    let otherwise: Verdict = false
    for (const test of tests) {
      const found = test(text, context)
      if (found) return true
      if (found === undefined) otherwise = undefined
    }
    return otherwise
  }
}

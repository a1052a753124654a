import { afterAll, beforeAll, expect } from 'vitest'

type House = AsyncDisposable & { readonly faults: readonly unknown[] }

/** One house for all tests of a file, opened before the first; nothing may have gone wrong behind the scenes at the end. */
export const opened = <H extends House>(open: () => Promise<H>): (() => H) => {
  let house: H | undefined
  beforeAll(async () => {
    house = await open()
  })
  afterAll(async () => {
    const faults = house?.faults
    await house?.[Symbol.asyncDispose]()
    expect(faults).toEqual([])
  })
  return () => {
    if (!house) throw new Error('the house opens before the first test')
    return house
  }
}

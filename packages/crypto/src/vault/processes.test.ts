import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { account, found, region, testFolder, testVault } from './support.ts'

const script = fileURLToPath(new URL('testing-process.ts', import.meta.url))
const run = promisify(execFile)

interface Told {
  readonly made: readonly { readonly keyId: string; readonly materialId: string }[]
  readonly destroyed: readonly { readonly materialId: string; readonly wraps: readonly string[] }[]
  readonly faults: readonly string[]
}

it('four processes on one vault lose nothing, and leave nothing of what they destroyed', async () => {
  using place = testFolder()
  const told = await Promise.all(
    ['a', 'b', 'c', 'd'].map(async (name) => {
      const { stdout } = await run(process.execPath, [script, place.path, name, '24'])
      return JSON.parse(stdout) as Told
    }),
  )
  expect(told.flatMap(({ faults }) => faults)).toEqual([])
  await using vault = await testVault(place.path)
  for (const { keyId, materialId } of told.flatMap(({ made }) => made)) {
    expect(await vault.locate(region, materialId)).toEqual({ region, account, keyId })
    using material = await vault.open(region, materialId)
    expect(material.materialId).toBe(materialId)
  }
  const destroyed = told.flatMap((one) => one.destroyed)
  expect(destroyed).toHaveLength(4 * 8)
  for (const { materialId } of destroyed) expect(await vault.locate(region, materialId)).toBeUndefined()
  const tags = destroyed.flatMap(({ wraps }) => wraps.map((wrap) => Buffer.from(wrap, 'hex').subarray(-16)))
  expect(tags.length).toBeGreaterThanOrEqual(2 * destroyed.length)
  expect(found(place.folder, tags)).toBe(0)
})

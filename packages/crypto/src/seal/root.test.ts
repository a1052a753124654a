import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import vector from '../../../../test/vectors/sealed-root-v1.json' with { type: 'json' }
import { SealFault } from '../fault.ts'
import { rootSeal } from './index.ts'
import type { Seal } from './index.ts'
import { passphraseSeal as fromPassphrase } from './passphrase.ts'
import { openRoot, rotateSeal } from './root.ts'
import { exposeRoot } from './root-key.ts'

const place = () => {
  const folder = mkdtempSync(join(tmpdir(), 'keyledger-'))
  const file = (name: string) => join(folder, name)
  const fileSeal = (name = 'root.key') => rootSeal(`file:${file(name)}`, { passphrase: () => '' })
  return { folder, file, fileSeal, [Symbol.dispose]: () => rmSync(folder, { recursive: true }) }
}
const passphraseSeal = (passphrase: string) => rootSeal('passphrase', { passphrase: () => passphrase })
/** Changing a seal is the same whatever its key cost, so it is tried with cheap ones. */
const cheapSeal = (passphrase: string) => fromPassphrase(() => passphrase, { memory: 64, passes: 1, parallelism: 1 })

const bytesOf = async (folder: string, seal: Seal) =>
  exposeRoot(await openRoot({ folder, seal, firstStart: false }))
    .export()
    .toString('hex')

/** What keeps the root key shut, in words; undefined if nothing does. */
const refusal = (folder: string, seal: Seal, firstStart = true): Promise<string | undefined> =>
  openRoot({ folder, seal, firstStart }).then(
    () => undefined,
    (error: unknown) => {
      if (error instanceof SealFault) return error.message
      throw error
    },
  )

const wrapsIn = (path: string) =>
  (JSON.parse(readFileSync(path, 'utf8')) as { wraps: { seal: string; params: object }[] }).wraps

describe('a sealed root that was written once', () => {
  it('opens for ever, with its key file and with its passphrase', async () => {
    using at = place()
    writeFileSync(at.file('root.json'), JSON.stringify(vector.rootFile))
    writeFileSync(at.file('root.key'), vector.keyFile)
    const byFile = await openRoot({ folder: at.folder, seal: at.fileSeal(), firstStart: false })
    expect(byFile.id).toBe(vector.rootFile.rootId)
    expect(await bytesOf(at.folder, passphraseSeal(vector.passphrase))).toBe(
      exposeRoot(byFile).export().toString('hex'),
    )
    expect(await bytesOf(at.folder, passphraseSeal(vector.passphrase.normalize('NFC')))).toHaveLength(64)
  })
})

describe('the root key', () => {
  it('is made at the first start, readable by its owner alone, and the same at the next', async () => {
    using at = place()
    const made = await openRoot({ folder: at.folder, seal: at.fileSeal(), firstStart: true })
    expect(readdirSync(at.folder).toSorted()).toEqual(['root.json', 'root.key'])
    for (const name of ['root.json', 'root.key']) expect(statSync(at.file(name)).mode & 0o777).toBe(0o600)
    expect(readFileSync(at.file('root.key'), 'utf8')).toMatch(/^#[^\n]*\n[0-9a-f]{64}\n$/)
    const again = await openRoot({ folder: at.folder, seal: at.fileSeal(), firstStart: true })
    expect(again.id).toBe(made.id)
    expect(exposeRoot(again).equals(exposeRoot(made))).toBe(true)
  })

  it('prints as [secret]', async () => {
    using at = place()
    const root = await openRoot({ folder: at.folder, seal: at.fileSeal(), firstStart: true })
    expect([String(root), JSON.stringify({ root })]).toEqual(['[secret]', '{"root":"[secret]"}'])
    expect(JSON.stringify(readFileSync(at.file('root.json'), 'utf8'))).not.toContain(
      exposeRoot(root).export().toString('base64').slice(0, 20),
    )
  })

  it('under a passphrase costs Argon2id, 64 MiB and 3 passes, with a salt of its own', async () => {
    using at = place()
    const seal = passphraseSeal('correct horse')
    const root = await openRoot({ folder: at.folder, seal, firstStart: true })
    const [wrap] = wrapsIn(at.file('root.json'))
    expect(wrap).toMatchObject({ seal: 'passphrase', params: { memory: 65536, passes: 3, parallelism: 1 } })
    expect(Buffer.from((wrap!.params as { salt: string }).salt, 'base64')).toHaveLength(16)
    expect(await bytesOf(at.folder, passphraseSeal('correct horse'))).toBe(exposeRoot(root).export().toString('hex'))
  })

  it('takes the key file that it finds, as `openssl rand -hex 32` makes it', async () => {
    using at = place()
    const text = `${'0123456789abcdef'.repeat(4)}\n`
    writeFileSync(at.file('root.key'), text)
    await openRoot({ folder: at.folder, seal: at.fileSeal(), firstStart: true })
    expect(readFileSync(at.file('root.key'), 'utf8')).toBe(text)
  })
})

describe('a root key that does not open', () => {
  const sealed = async (folder: string, seal: Seal) => {
    await openRoot({ folder, seal, firstStart: true })
    return readFileSync(join(folder, 'root.json'), 'utf8')
  }

  it('with a wrong passphrase names the seal, and changes nothing', async () => {
    using at = place()
    const before = await sealed(at.folder, cheapSeal('right'))
    expect(await refusal(at.folder, cheapSeal('wrong'))).toMatch(/^passphrase: this does not open the root key/)
    expect(await refusal(at.folder, passphraseSeal(''))).toMatch(/^passphrase: the passphrase is empty/)
    expect(readFileSync(at.file('root.json'), 'utf8')).toBe(before)
  })

  it('with another key file names both keys, and changes nothing', async () => {
    using at = place()
    const before = await sealed(at.folder, at.fileSeal())
    writeFileSync(at.file('other.key'), 'ab'.repeat(32))
    expect(await refusal(at.folder, at.fileSeal('other.key'))).toMatch(
      /^file:.*other.key: the file holds another key \([0-9a-f]{32}\) than the one that sealed \([0-9a-f]{32}\)/,
    )
    expect(readFileSync(at.file('root.json'), 'utf8')).toBe(before)
  })

  it('with the key file gone asks for it back, and makes no other', async () => {
    using at = place()
    await sealed(at.folder, at.fileSeal())
    rmSync(at.file('root.key'))
    expect(await refusal(at.folder, at.fileSeal())).toMatch(/root.key: the key file is missing; put it back/)
    expect(readdirSync(at.folder)).toEqual(['root.json'])
  })

  it.each(['', '# nothing\n', 'ab'.repeat(31), 'ab'.repeat(33), `${'ab'.repeat(31)}zz`])(
    'with a key file that reads %j says what it should hold',
    async (text) => {
      using at = place()
      await sealed(at.folder, at.fileSeal())
      writeFileSync(at.file('root.key'), text)
      expect(await refusal(at.folder, at.fileSeal())).toMatch(/does not hold 64 hex digits/)
    },
  )

  it('with another kind of seal says which one it needs', async () => {
    using at = place()
    await sealed(at.folder, at.fileSeal())
    expect(await refusal(at.folder, passphraseSeal('any'))).toBe(
      'passphrase: the root key is sealed by file; start with that, then rotate the seal',
    )
  })

  it('is never made anew where a vault needs the one that is missing, nor at any start but the first', async () => {
    using at = place()
    writeFileSync(at.file('vault.db'), 'anything')
    expect(await refusal(at.folder, at.fileSeal(), true)).toMatch(/root.json is missing/)
    rmSync(at.file('vault.db'))
    expect(await refusal(at.folder, at.fileSeal(), false)).toMatch(/root.json is missing/)
    expect(readdirSync(at.folder)).toEqual([])
  })

  it.each(['', 'null', '[]', '{"version":2,"rootId":"","wraps":[]}', '{"version":1,"rootId":"x","wraps":[{}]}'])(
    'with a root.json that reads %j says that it cannot be read',
    async (text) => {
      using at = place()
      writeFileSync(at.file('root.json'), text)
      expect(await refusal(at.folder, at.fileSeal())).toMatch(
        /this is not a sealed root key that this version can read/,
      )
      expect(readFileSync(at.file('root.json'), 'utf8')).toBe(text)
    },
  )

  it('with any byte of its wrap altered stays shut', async () => {
    using at = place()
    await sealed(at.folder, at.fileSeal())
    const file = JSON.parse(readFileSync(at.file('root.json'), 'utf8')) as { rootId: string; wraps: object[] }
    for (const altered of [
      { ...file, rootId: '00'.repeat(16) },
      { ...file, wraps: [{ ...file.wraps[0], nonce: Buffer.alloc(12).toString('base64') }] },
      { ...file, wraps: [{ ...file.wraps[0], wrapped: Buffer.alloc(48).toString('base64') }] },
      { ...file, wraps: [{ ...file.wraps[0], wrapped: '' }] },
    ]) {
      writeFileSync(at.file('root.json'), JSON.stringify(altered))
      expect(await refusal(at.folder, at.fileSeal())).toMatch(/does not open the root key/)
    }
  })

  it('does not spend what a damaged root.json asks for', async () => {
    using at = place()
    const before = await sealed(at.folder, cheapSeal('right'))
    writeFileSync(at.file('root.json'), before.replace('"memory": 64', '"memory": 999999999'))
    expect(await refusal(at.folder, passphraseSeal('right'))).toMatch(/asks for Argon2id with memory 999999999/)
  })
})

describe('the name of a seal', () => {
  it.each(['', 'file', 'file:', 'passphrase:x', 'pkcs11:x', 'constructor', '__proto__'])('is not %j', (name) => {
    expect(() => rootSeal(name, { passphrase: () => '' })).toThrow(SealFault)
  })

  it('may have colons in its path', () => {
    expect(rootSeal('file:/a:b', { passphrase: () => '' }).name).toBe('file:/a:b')
  })
})

describe('changing the seal', () => {
  const kinds: [string, (at: ReturnType<typeof place>) => Seal, (at: ReturnType<typeof place>) => Seal][] = [
    ['one file to another', (at) => at.fileSeal(), (at) => at.fileSeal('new.key')],
    ['a file to a passphrase', (at) => at.fileSeal(), () => cheapSeal('new')],
    ['a passphrase to a file', () => cheapSeal('old'), (at) => at.fileSeal('new.key')],
    ['one passphrase to another', () => cheapSeal('old'), () => cheapSeal('new')],
  ]

  it.each(kinds)('from %s keeps the root key and shuts the old seal out', async (_, from, to) => {
    using at = place()
    const root = await openRoot({ folder: at.folder, seal: from(at), firstStart: true })
    await rotateSeal(at.folder, from(at), to(at))
    expect(await bytesOf(at.folder, to(at))).toBe(exposeRoot(root).export().toString('hex'))
    expect(await refusal(at.folder, from(at))).toBeDefined()
    expect(wrapsIn(at.file('root.json'))).toHaveLength(1)
  })

  it.each(kinds)(
    'from %s leaves one of the two able to open, whatever step a crash is the last of',
    async (_, from, to) => {
      const opens = async (folder: string, seal: Seal, expected: string) => {
        try {
          return (await bytesOf(folder, seal)) === expected
        } catch (error) {
          if (error instanceof SealFault) return false
          throw error
        }
      }
      const seen: string[] = []
      for (let crash = 1; ; crash++) {
        using at = place()
        const root = await openRoot({ folder: at.folder, seal: from(at), firstStart: true })
        const expected = exposeRoot(root).export().toString('hex')
        let steps = 0
        const rotated = rotateSeal(at.folder, from(at), to(at), () => {
          if (++steps === crash) throw new Error('crash')
        })
        const crashed = await rotated.then(
          () => false,
          (error: Error) => error.message === 'crash',
        )
        if (!crashed) break
        const [old, young] = [await opens(at.folder, from(at), expected), await opens(at.folder, to(at), expected)]
        expect(old || young).toBe(true)
        seen.push(`${old ? 'old' : ''}${young ? 'new' : ''}`)
        // Doing it again, with the seal that still opens, comes to the end.
        if (old) await rotateSeal(at.folder, from(at), to(at))
        expect(await opens(at.folder, to(at), expected)).toBe(true)
      }
      // First the old, then both, then the new: in this order and no other.
      expect(seen.join(' ')).toMatch(/^(old )+(oldnew )+new( new)*$/)
    },
  )

  it('names the new key file only once it is on the disk', async () => {
    using at = place()
    await openRoot({ folder: at.folder, seal: at.fileSeal(), firstStart: true })
    const steps: string[] = []
    await rotateSeal(at.folder, at.fileSeal(), at.fileSeal('new.key'), (done) =>
      steps.push(done.replaceAll(`${at.folder}/`, '')),
    )
    expect(steps).toEqual([
      'wrote new.key.new',
      'synced new.key.new',
      'renamed to new.key',
      'synced the folder of new.key',
      'wrote root.json.new',
      'synced root.json.new',
      'renamed to root.json',
      'synced the folder of root.json',
      'wrote root.json.new',
      'synced root.json.new',
      'renamed to root.json',
      'synced the folder of root.json',
    ])
  })

  it('to the very same key is refused, and so is changing what is not there', async () => {
    using at = place()
    await expect(rotateSeal(at.folder, at.fileSeal(), at.fileSeal('new.key'))).rejects.toThrow(/root.json is missing/)
    await openRoot({ folder: at.folder, seal: at.fileSeal(), firstStart: true })
    await expect(rotateSeal(at.folder, at.fileSeal(), at.fileSeal())).rejects.toThrow(/already; name another/)
    await expect(rotateSeal(at.folder, cheapSeal('x'), at.fileSeal('new.key'))).rejects.toThrow(/sealed by file/)
    expect(await bytesOf(at.folder, at.fileSeal())).toHaveLength(64)
  })
})

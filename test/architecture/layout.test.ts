import { readFileSync, readdirSync, statSync } from 'node:fs'
import { basename, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))

const sources = (folder: string): string[] =>
  readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.name === 'node_modules') return []
    if (entry.isDirectory()) return sources(path)
    return path.endsWith('.ts') ? [path] : []
  })
const code = (folder: string) => sources(folder).filter((path) => !path.endsWith('.test.ts'))
const text = (path: string) => readFileSync(join(root, path), 'utf8')
const imports = (path: string): string[] =>
  [...text(path).matchAll(/^(?:import|export)\b[^'"]*?from '([^']+)'|^import '([^']+)'/gm)].map(
    (match) => (match[1] ?? match[2])!,
  )

/** Who may import what (beside their own files): the arrows of the house. */
const arrows: Record<string, RegExp> = {
  'packages/keys': /^immutable$/,
  'packages/iam': /^$/,
  'packages/sqlite': /^node:/,
  'packages/wire': /^(node:|zod$)/,
  'packages/messaging': /^(node:|bullmq$|ioredis$)/,
  'packages/ledger': /^(node:|@eventstore\/db-client(\/generated\/\w+\.js)?$|@keyledger\/sqlite$)/,
  'packages/crypto': /^(node:|@noble\/ciphers\/|@keyledger\/(keys|sqlite)$)/,
  'services/command': /^(node:|jose$|zod$|@keyledger\/(crypto|iam|keys|ledger|messaging|wire)$)/,
  'services/projections': /^(node:|@keyledger\/(keys|ledger|messaging)$)/,
  'services/workers': /^(node:|@keyledger\/(crypto|keys|ledger|messaging)$)/,
  'services/standalone': /^(node:|zod$|pino$|prom-client$|@opentelemetry\/|@keyledger\/)/,
}

describe('the arrows of the house', () => {
  test('every room has its arrows drawn', () => {
    const rooms = ['packages', 'services'].flatMap((folder) =>
      readdirSync(join(root, folder)).map((name) => `${folder}/${name}`),
    )
    expect(rooms.toSorted()).toEqual(Object.keys(arrows).toSorted())
  })

  test.each(Object.keys(arrows))('%s imports only what it may', (room) => {
    const foreign = code(`${room}/src`)
      .filter((path) => !path.includes('/testing'))
      .flatMap((path) => imports(path).map((name) => ({ path, name })))
      .filter(({ name }) => !name.startsWith('.') && !arrows[room]!.test(name))
    expect(foreign).toEqual([])
  })

  test('nothing reaches into another room past its index', () => {
    const reaching = [...code('packages'), ...code('services')].filter((path) => {
      const room = path.split('/').slice(0, 2).join('/')
      return imports(path).some((name) => {
        if (!name.startsWith('.')) return /^@keyledger\/[^/]+\//.test(name)
        return !relative(root, join(root, path, '..', name)).startsWith(`${room}/`)
      })
    })
    expect(reaching).toEqual([])
  })
})

describe('the habits of the house', () => {
  test('no module is longer than 300 lines', () => {
    const long = [...code('packages'), ...code('services')].filter((path) => text(path).split('\n').length > 300)
    expect(long).toEqual([])
  })

  test('time and chance come in from outside: Date.now() stands in main.ts alone', () => {
    const hidden = [...code('packages'), ...code('services')]
      .filter((path) => basename(path) !== 'main.ts')
      .filter((path) => /\bDate\.now\(\)|\bMath\.random\(\)|new Date\(\)/.test(text(path)))
    expect(hidden).toEqual([])
  })

  test('the environment is read in main programs alone and understood in config.ts alone', () => {
    const reading = [...code('packages'), ...code('services')].filter((path) => /process\.env\b/.test(text(path)))
    expect(reading.map((path) => basename(path)).toSorted()).toEqual([
      'identity.ts',
      'jobs.ts',
      'ledger.ts',
      'main.ts',
      'seal.ts',
    ])
    const naming = [...code('packages'), ...code('services')]
      .filter((path) => /environment\[|env\['KEYLEDGER/.test(text(path)))
      .map((path) => basename(path))
    expect(naming).toEqual([])
  })

  test('nothing is silenced, but with a reason in a test', () => {
    const silences = /@ts-ignore|@ts-nocheck|@ts-expect-error|(?:oxlint|eslint)-disable|\bas any\b|: any[,;)=\]]/
    const silenced = [...sources('packages'), ...sources('services'), ...sources('test')]
      .filter((path) => !path.startsWith('test/architecture'))
      .flatMap((path) =>
        text(path)
          .split('\n')
          .filter((line) => silences.test(line))
          // A type error that a test expects is what it tests; a lint rule may be put aside there with its reason.
          .filter((line) => !(/\.test\.ts$|^test\//.test(path) && /@ts-expect-error|-disable.* -- ./.test(line)))
          .map((line) => `${path}: ${line.trim()}`),
      )
    expect(silenced).toEqual([])
  })

  test('every script that package.json names is there', () => {
    const { scripts } = JSON.parse(text('package.json')) as { scripts: Record<string, string> }
    const files = Object.values(scripts).flatMap((line) => line.match(/\S+\.(?:ts|mjs)\b/g) ?? [])
    for (const file of files) expect(statSync(join(root, file)).isFile()).toBe(true)
  })
})

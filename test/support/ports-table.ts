import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** What vitest's JSON reporter writes, as far as it is read here. */
interface Results {
  readonly testResults: readonly {
    /** The file's path. */
    readonly name: string
    readonly assertionResults: readonly { readonly title: string; readonly status: string }[]
  }[]
}

const root = fileURLToPath(new URL('../..', import.meta.url))
const suite = /^([a-z-]+)\.([a-z0-9-]+)\.test\.ts$/

/** The README's table of the ports' suites, of what vitest said of `test/ports/<port>.<adapter>.test.ts`. */
export const portsTable = ({ testResults }: Results): string => {
  const rows = testResults
    .filter(({ name }) => name.includes('/test/ports/'))
    .map(({ name, assertionResults }) => {
      const [, port = basename(name), adapter = ''] = suite.exec(basename(name)) ?? []
      const count = (...wanted: string[]) => assertionResults.filter(({ status }) => wanted.includes(status)).length
      const [passed, failed] = [count('passed'), count('failed')]
      const skipped = assertionResults.filter(({ status }) => status !== 'passed' && status !== 'failed')
      return { port, adapter, passed, failed, skipped: skipped.map(({ title }) => title) }
    })
    .toSorted((a, b) => (`${a.port} ${a.adapter}` < `${b.port} ${b.adapter}` ? -1 : 1))
  const notes = rows.flatMap(({ port, adapter, skipped }) =>
    skipped.map((title) => `- ${port}, ${adapter}, skipped: ${title}`),
  )
  return [
    '| port | adapter | passed | failed | skipped |',
    '| --- | --- | ---: | ---: | ---: |',
    ...rows.map(
      ({ port, adapter, passed, failed, skipped }) =>
        `| ${port} | ${adapter} | ${passed} | ${failed} | ${skipped.length} |`,
    ),
    ...(notes.length > 0 ? ['', ...notes] : []),
  ].join('\n')
}

/** Runs the suites here and now. */
const run = (): Results => {
  const folder = mkdtempSync(join(tmpdir(), 'keyledger-ports-'))
  const file = join(folder, 'tests.json')
  try {
    const args = ['vitest', 'run', 'test/ports', '--reporter=json', `--outputFile=${file}`]
    const { error } = spawnSync(join(root, 'node_modules/.bin', args[0]!), args.slice(1), {
      cwd: root,
      stdio: 'ignore',
    })
    if (error) throw error
    return JSON.parse(readFileSync(file, 'utf8')) as Results
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** `node test/support/ports-table.ts [FILE]`: of the results in a file of vitest's JSON reporter, or of a run of its own. */
if (import.meta.main) {
  const [file] = process.argv.slice(2)
  const results = file === undefined ? run() : (JSON.parse(readFileSync(file, 'utf8')) as Results)
  console.log(portsTable(results))
  const failed = results.testResults.some(({ assertionResults }) =>
    assertionResults.some(({ status }) => status === 'failed'),
  )
  if (failed) process.exitCode = 1
}

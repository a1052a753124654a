// `npm run check`: formatting, lint with types, types. `npm run fix` mends what can be mended.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

const fix = process.argv.includes('--fix')
const rooms = ['packages', 'services']
  .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
  .concat('test')
  .filter((room) => existsSync(join(room, 'tsconfig.json')))

const steps = [
  ['prettier', fix ? '--write' : '--check', '--log-level', 'warn', '.'],
  ['oxlint', '--type-aware', '--deny-warnings', ...(fix ? ['--fix'] : [])],
  ...rooms.map((room) => ['tsc', '-p', room]),
]

const failed = steps.filter(([command, ...args]) => {
  const { status } = spawnSync(command, args, { stdio: 'inherit' })
  if (status !== 0) console.error(`failed: ${command} ${args.join(' ')}`)
  return status !== 0
})
console.log(`check: ${steps.length - failed.length} of ${steps.length} steps clean`)
process.exit(failed.length === 0 ? 0 : 1)

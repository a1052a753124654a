// Runs a command with the project's own tools on PATH: pnpm, the pinned dependencies, and Node 24 where the
// host's own Node is older. Everything comes from the npm registry, in the versions pinned here.
// Plain JavaScript for Node 20: this file runs before any of that is there.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync, copyFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const toolchain = join(root, '.cache', 'toolchain')
const oldestNode = 24

const fail = (why) => {
  process.stderr.write(`keyledger: ${why}\n`)
  process.exit(1)
}

const digest = (...files) => {
  const hash = createHash('sha256')
  for (const file of files) hash.update(readFileSync(file))
  return hash.digest('hex')
}

/** Runs `install` unless the stamp says that just this was installed before. */
const once = (stamp, wanted, what, install) => {
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return
  process.stderr.write(`keyledger: installing ${what} (once)\n`)
  const { status, error } = install()
  if (error || status !== 0) fail(`could not install ${what}: ${error?.message ?? `exit code ${status}`}`)
  mkdirSync(dirname(stamp), { recursive: true })
  writeFileSync(stamp, wanted)
}

// Installers talk to stderr: what a command prints on stdout stays its own.
const run = (command, args, options) => spawnSync(command, args, { stdio: ['ignore', 2, 2], ...options })

const manifest = join(root, 'scripts', 'toolchain', 'package.json')
once(join(toolchain, '.installed'), digest(manifest) + process.arch, 'pnpm and Node 24', () => {
  mkdirSync(toolchain, { recursive: true })
  copyFileSync(manifest, join(toolchain, 'package.json'))
  // Exact versions in the manifest pin it: a lock file would have to name the builds for every platform there is.
  const options = ['--no-package-lock', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  return run('npm', ['install', ...options], { cwd: toolchain })
})

const own = join(toolchain, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin')
const hostIsOld = Number(process.versions.node.split('.')[0]) < oldestNode
if (hostIsOld && !existsSync(own))
  fail(`Node ${oldestNode} or newer is needed here: this is ${process.version} on ${process.platform}-${process.arch}`)

const path = [
  ...(hostIsOld ? [own] : []),
  join(root, 'node_modules', '.bin'),
  join(toolchain, 'node_modules', '.bin'),
  process.env['PATH'] ?? '',
].join(delimiter)
const env = { ...process.env, PATH: path }

once(join(root, 'node_modules', '.installed'), digest(join(root, 'pnpm-lock.yaml')), 'the dependencies', () =>
  run('pnpm', ['install', '--frozen-lockfile', '--reporter=append-only'], { cwd: root, env: { ...env, CI: 'true' } }),
)

const [command, ...args] = process.argv.slice(2)
if (command) {
  const child = spawn(command, args, { stdio: 'inherit', env })
  // Whoever signals this process means the command. At a terminal Ctrl-C reaches both; hearing it twice is harmless.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('error', (error) => fail(`${command}: ${error.message}`))
  child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 0 : 1)))
}

import { DatabaseSync } from 'node:sqlite'
import { testVault } from './support.ts'

/**
 * One of several processes at work on one vault: `node testing-process.ts PATH NAME ROUNDS`. Makes keys, opens its own and those of
 * the others, destroys some, replaces the domain key; tells at the end what it made and what it destroyed.
 */
const [path = '', name = '', rounds = '1'] = process.argv.slice(2)
const region = 'us-east-1'
const account = '111122223333'

const vault = await testVault(path)
const looking = new DatabaseSync(path, { readOnly: true })
looking.exec('PRAGMA busy_timeout=10000')
const wrapsOf = looking.prepare(
  `SELECT hex(k.wrapped) AS wrap FROM keys k WHERE k.key_id = ?1
   UNION SELECT hex(m.wrapped) FROM materials m JOIN keys k ON k.id = m.key WHERE k.key_id = ?1`,
)

const made: { keyId: string; materialId: string }[] = []
const destroyed: { keyId: string; materialId: string; wraps: string[] }[] = []
const faults: string[] = []
for (let round = 0; round < Number(rounds); round++)
  try {
    const keyId = `${name}-${round}`
    const { materialId } = await vault.generate({ region, account, keyId })
    made.push({ keyId, materialId })
    for (const { materialId: other } of (await vault.made(0, Infinity)).slice(-5))
      // Somebody may have destroyed it since it was listed; whatever else is wrong is a fault.
      await Promise.resolve(vault.open(region, other)).then(
        (material) => material[Symbol.dispose](),
        (error: { reason?: string }) => {
          if (error.reason !== 'unknown') throw error
        },
      )
    if (round % 3 === 2) {
      const gone = made.splice(Math.floor(made.length / 2), 1)[0]!
      const wraps = (wrapsOf.all(gone.keyId) as { wrap: string }[]).map(({ wrap }) => wrap)
      await vault.destroy({ region, account, keyId: gone.keyId })
      destroyed.push({ ...gone, wraps })
    }
    if (round % 10 === 5) await vault.rotateDomainKey(region, account)
  } catch (error) {
    faults.push(error instanceof Error ? error.message : String(error))
  }
looking.close()
await vault[Symbol.asyncDispose]()
console.log(JSON.stringify({ made, destroyed, faults }))

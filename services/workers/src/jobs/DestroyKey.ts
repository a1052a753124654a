import { Fault, aliasArn, aliasStream } from '@keyledger/keys'
import { type KeyJob, envelope } from '../world.ts'

const page = 50

/**
 * What a deleted key leaves behind: its material and its aliases. Until this ran the job stays due, restart or not. The key is
 * asked again: of a multi-Region key there may be another replica by now, with the same materials.
 */
export const DestroyKey: KeyJob = async (stream, { region, account, id }, world) => {
  if ((await world.keys.find(stream)).exists !== 'deleted') return
  await world.vault.destroy({ region, account, keyId: id })
  // By name, so that it comes to an end whatever the list says of what was just deleted.
  for (let after: string | undefined; ;) {
    const found = world.lists.aliases(region, account, { keyId: id, limit: page, after })
    if (found.length === 0) return
    after = found.at(-1)!.name
    for (const { name } of found) {
      const arn = aliasArn(region, account, name)
      const command = { type: 'DeleteAlias', now: world.now(), arn, name, from: id } as const
      try {
        const stream = aliasStream({ region, account, name })
        await world.aliases.handle(stream, command, envelope(world, { region, account }))
      } catch (error) {
        // Deleted by somebody else meanwhile: just what was wanted.
        if (!(error instanceof Fault)) throw error
      }
    }
  }
}

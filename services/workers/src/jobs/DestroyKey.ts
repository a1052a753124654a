import { Fault, aliasArn, aliasStream } from '@keyledger/keys'
import { type KeyJob, envelope } from '../world.ts'

const page = 50

/** What a deleted key leaves behind: its material and its aliases. Until this ran the job stays due, restart or not. */
export const DestroyKey: KeyJob = async (_, { region, account, id }, world) => {
  await world.vault.destroy({ region, account, keyId: id })
  for (;;) {
    const found = world.lists.aliases(region, account, { keyId: id, limit: page })
    if (found.length === 0) return
    for (const { name } of found) {
      const command = { type: 'DeleteAlias', now: world.now(), arn: aliasArn(region, account, name), name } as const
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

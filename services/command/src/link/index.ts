import { VaultFault } from '@keyledger/crypto'
import { Fault } from '@keyledger/keys'
import { type Between, type LinkActions, Refusal } from '@keyledger/messaging'
import { ZodError } from 'zod'
import type { World } from '../world.ts'
import { DescribeReplica } from './DescribeReplica.ts'
import { ReplicaDeleted } from './ReplicaDeleted.ts'
import { ShareKey } from './ShareKey.ts'
import { TransportKey } from './TransportKey.ts'

/** The table of what other regions may ask: a row is a file, the file's name is the action's. */
export const link = { DescribeReplica, ReplicaDeleted, ShareKey, TransportKey } as const satisfies Record<
  string,
  LinkRow
>

/** One action. Who asks has proved it; what they may say about which key, the row judges. May be asked twice. */
export type LinkRow = (message: unknown, between: Between, world: World) => Promise<unknown>

/** A refusal in words that another region's program understands; anything else is this region's own trouble. */
const refusal = (error: unknown): unknown => {
  if (error instanceof Fault) return new Refusal(error.code, error.message)
  if (error instanceof ZodError)
    return new Refusal('MalformedMessage', 'The message is not of the form it should have.')
  if (error instanceof VaultFault) return new Refusal('MaterialRefused', error.message)
  return error
}

/** What this house answers to other regions, and its own regions to each other. `fresh`: the ledger's, as for the front door. */
export const linkActions = (world: World, fresh: () => undefined | Promise<void>): LinkActions =>
  Object.fromEntries(
    Object.entries(link).map(([name, row]) => [
      name,
      async (message, between) => {
        const catchingUp = fresh()
        if (catchingUp) await catchingUp
        if (!world.regions.own.includes(between.to)) throw new Refusal('UnknownRegion', `${between.to} is not here`)
        try {
          return await row(message, between, world)
        } catch (error) {
          throw refusal(error)
        }
      },
    ]),
  )

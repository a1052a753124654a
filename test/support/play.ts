import { start } from 'node:repl'
import * as sdk from '@aws-sdk/client-kms'
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts'
import { alice, bob, testHouse } from './house.ts'

/** `npm run play`: a started house in a folder that goes away, an SDK client, and a clock to move. */
const open = await testHouse()
const kms = open.kms()
const day = 24 * 3600_000

console.log(`A house at ${open.house.url}, in ${open.folder} until you leave. In scope:
  kms                 the SDK's client as alice       await kms.send(new CreateKeyCommand({}))
  send(Name, input)   the same, shorter               await send('CreateKey', { Description: 'mine' })
  clock               await clock.advance(90 * day)   and every rotation and deletion due has happened
  house, restart()    the house itself; close and open it again on its folder
  open.kms(bob)       a stranger's client
All commands of @aws-sdk/client-kms are there by name.`)

const repl = start({ prompt: 'keyledger> ' })
Object.assign(repl.context, sdk, {
  GetCallerIdentityCommand,
  open,
  kms,
  alice,
  bob,
  day,
  clock: open.clock,
  house: open.house,
  restart: open.restart,
  send: (name: string, input: object = {}) => {
    const Command = (sdk as unknown as Record<string, new (input: object) => Parameters<typeof kms.send>[0]>)[
      `${name}Command`
    ]
    if (!Command) throw new Error(`the SDK has no ${name}Command`)
    return kms.send(new Command(input))
  },
})
repl.on('exit', () => void open[Symbol.asyncDispose]())

import { ownLink } from '@keyledger/messaging'
import { linkConformance } from './link.ts'

linkConformance('own', (actions) =>
  Promise.resolve({
    link: ownLink({ regions: ['us-east-1', 'eu-west-1'], actions }),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }),
)

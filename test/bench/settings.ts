const keys = 100
const keyId = (index: number) => `00000000-0000-4000-8000-${index.toString().padStart(12, '0')}`

/** What the bench's house holds and how long each round takes. */
export const bench = {
  connections: 64,
  /** Seconds a round; the rounds of what is compared alternate, and the medians are compared. */
  seconds: 5,
  rounds: 3,
  user: {
    name: 'bench',
    accessKeyId: 'AKIABENCHBENCHBENCH1',
    secretAccessKey: 'bench-secret-access-key-of-the-bench',
    policies: [{ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] }],
  },
  account: '111122223333',
  region: 'us-east-1',
  keyIds: Array.from({ length: keys }, (_, index) => keyId(index)),
  get seed() {
    const { account, region, user, keyIds } = this
    return {
      accounts: [{ id: account, users: [user] }],
      keys: keyIds.map((id) => ({ account, region, keyId: id })),
    }
  },
} as const

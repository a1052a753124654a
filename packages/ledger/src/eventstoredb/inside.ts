import type { EventStoreDBClient } from '@eventstore/db-client'
import { StreamsClient } from '@eventstore/db-client/generated/streams_grpc_pb.js'

type Arguments = Parameters<StreamsClient['append']> extends [infer M, infer O, unknown] ? [M, O] : never

/**
 * What the client has for its own commands, `protected` in its types: connections, discovery, credentials. Its public commands
 * would not do. `readAll` knows no filter, so whoever follows the changes would read the whole trail. `appendToStream` keeps the
 * pending appends of all clients of the process in one table, so that one call that breaks rejects those of all; has no
 * deadline; and when an append is answered once more, or after the table was cleared, it throws where nobody can catch it.
 */
interface Inside {
  GRPCStreamCreator<T>(
    service: typeof StreamsClient,
    name: string,
    open: (streams: StreamsClient) => T,
  ): () => Promise<T>
  callArguments(options: { requiresLeader: boolean }, call: { deadline: number }): Arguments
  getChannel(): Promise<{ close(): void }>
}

/** Opens calls of the Streams service. What was decided elsewhere must be seen here, so only the leader is asked: a follower may lag. */
export const inside = (client: EventStoreDBClient) => {
  const hidden = client as unknown as Inside
  return {
    open: <T>(name: string, start: (streams: StreamsClient, ...args: Arguments) => T): Promise<T> =>
      hidden.GRPCStreamCreator(StreamsClient, name, (streams) =>
        start(streams, ...hidden.callArguments({ requiresLeader: true }, { deadline: Infinity })),
      )(),
    closeChannel: async (): Promise<void> => (await hidden.getChannel()).close(),
  }
}
export type Calls = ReturnType<typeof inside>

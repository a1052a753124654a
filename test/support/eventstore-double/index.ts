import { Server, ServerCredentials } from '@grpc/grpc-js'
import features from '@eventstore/db-client/generated/serverfeatures_pb.js'
import { ServerFeaturesService } from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js'
import { GossipService } from '@eventstore/db-client/generated/gossip_grpc_pb.js'
import gossip from '@eventstore/db-client/generated/gossip_pb.js'
import { StreamsService } from '@eventstore/db-client/generated/streams_grpc_pb.js'
import { type Conduct, conduct } from './deeds.ts'
import { shared, streams } from './messages.ts'
import { read } from './reading.ts'
import { type Store, store } from './store.ts'
import { append, batchAppend, remove } from './writing.ts'

export interface EventStoreDouble extends AsyncDisposable {
  /** The connection string. */
  readonly url: string
  readonly port: number
  readonly store: Store
  readonly conduct: Conduct
  readonly subscriptions: Pick<ReturnType<typeof read>, 'cut' | 'mute' | 'subscriptions'>
}

interface Options {
  /** 0 takes a free one. */
  readonly port?: number
  readonly host?: string
  readonly store?: Store
  /** Bytes of one append at most; 1 MiB as the server's default. */
  readonly largest?: number
}

const supported = (): features.SupportedMethods => {
  const methods = Object.values(StreamsService).map(({ path }: { path: string }) => {
    const [, service, method] = path.split('/')
    return new features.SupportedMethod().setServiceName(service!).setMethodName(method!.toLowerCase())
  })
  return new features.SupportedMethods().setMethodsList(methods).setEventStoreServerVersion('23.10.0')
}

/** One node that leads, for whoever looks for a cluster. */
const cluster = (host: string, port: number): gossip.ClusterInfo => {
  const member = new gossip.MemberInfo()
    .setInstanceId(new shared.UUID().setString('00000000-0000-4000-8000-000000000001'))
    .setState(gossip.MemberInfo.VNodeState.LEADER)
    .setIsAlive(true)
    .setTimeStamp('0')
    .setHttpEndPoint(new gossip.EndPoint().setAddress(host).setPort(port))
  return new gossip.ClusterInfo().setMembersList([member])
}

/**
 * A stand-in for EventStoreDB: the few gRPC methods that the client calls, as their definitions come with the client, on a store in
 * memory. It does as its documentation says, and as `conduct` tells it to misbehave.
 */
export const eventStoreDouble = async ({
  port: wanted = 0,
  host = '127.0.0.1',
  store: kept = store(),
  largest = 1024 * 1024,
}: Options = {}): Promise<EventStoreDouble> => {
  const server = new Server({ 'grpc.max_receive_message_length': 20 * 1024 * 1024 })
  const deeds = conduct()
  const parts = { store: kept, conduct: deeds, largest }
  const reading = read(kept, deeds)
  server.addService(StreamsService, {
    read: reading.handle,
    append: append(parts),
    batchAppend: batchAppend(parts),
    delete: remove('delete', parts, kept.softDelete, (position) =>
      new streams.DeleteResp().setPosition(
        new streams.DeleteResp.Position().setCommitPosition(position).setPreparePosition(position),
      ),
    ),
    tombstone: remove(
      'tombstone',
      parts,
      (stream) => kept.tombstone(stream, crypto.randomUUID()),
      (position) =>
        new streams.TombstoneResp().setPosition(
          new streams.TombstoneResp.Position().setCommitPosition(position).setPreparePosition(position),
        ),
    ),
  })
  server.addService(ServerFeaturesService, {
    getSupportedMethods: (_: unknown, callback: (error: null, response: features.SupportedMethods) => void) =>
      callback(null, supported()),
  })
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync(`${host}:${wanted}`, ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  )
  server.addService(GossipService, {
    read: (_: unknown, callback: (error: null, response: gossip.ClusterInfo) => void) =>
      callback(null, cluster(host, port)),
  })
  return {
    url: `esdb://${host}:${port}?tls=false`,
    port,
    store: kept,
    conduct: deeds,
    subscriptions: reading,
    [Symbol.asyncDispose]: async () => server.forceShutdown(),
  }
}

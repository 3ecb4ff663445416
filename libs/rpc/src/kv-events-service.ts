import { credentials, loadPackageDefinition } from '@grpc/grpc-js';
import type { GrpcObject, ServiceError } from '@grpc/grpc-js';
import type { EventsProto, PublishKvEventsOutput } from '@kvasir/contract';
import { decodeKvEvent, encodeKvEvent } from './kv-events-messages.js';
import type { PublishedKvEvent } from './kv-events-messages.js';
import { readProto } from './read-proto.js';
import { MESSAGE_BYTES_MAX } from './rpc-server.js';
import type { RpcServer } from './rpc-server.js';
import { serveIncoming } from './serve-incoming.js';
import { fromGrpcError } from './status.js';

const KV_EVENTS_SERVICE = 'kvasir.v1.KvEvents';

/** Takes the events of one stream; whoever made it is told when the stream ends, however it does. */
export interface KvEventStream {
  /** @throws RpcError when the event cannot be taken: the stream ends with it. */
  take(event: PublishedKvEvent): void;
  /** The stream has ended. */
  ended(): void;
}

/** Serves `kvasir.v1.KvEvents` on a server that has not started yet. */
export function addKvEventsService(server: RpcServer, openStream: () => KvEventStream): void {
  server.add({
    serviceName: KV_EVENTS_SERVICE,
    packageDefinition: readProto('events'),
    service: eventsConstructor().service,
    handlers: (around) => ({
      PublishKvEvents: serveIncoming<PublishKvEventsOutput, { eventCount: string }>(around, () => {
        const stream = openStream();
        let eventCount = 0;
        return {
          take(message) {
            stream.take(decodeKvEvent(message));
            eventCount += 1;
          },
          answer: () => ({ eventCount: String(eventCount) }),
          ended: () => stream.ended(),
        };
      }),
    }),
  });
}

/** A stream to an agent, for engines that are written in TypeScript. */
export interface KvEventsCall {
  /** @returns false while the agent is slow to read: better wait for `drained`. */
  send(event: PublishedKvEvent): boolean;
  drained(): Promise<void>;
  /** Ends the stream. @returns how many events the agent took. @throws RpcError when it has refused one, or is gone. */
  end(): Promise<number>;
}

/** Opens a stream of KV events to an agent at `host:port`. */
export function publishKvEvents(address: string): KvEventsCall {
  const KvEvents = eventsConstructor();
  const client = new KvEvents(address, credentials.createInsecure(), {
    'grpc.max_send_message_length': MESSAGE_BYTES_MAX,
    'grpc.enable_channelz': 0,
  });
  let settle: (error: ServiceError | null, eventCount: number) => void = () => undefined;
  const answered = new Promise<number>((resolve, reject) => {
    settle = (error, eventCount) => {
      if (error === null) resolve(eventCount);
      else reject(fromGrpcError(error));
    };
  });
  const call = client.PublishKvEvents((error, response) => {
    client.close();
    settle(error, Number(response?.eventCount ?? 0));
  });
  // Who does not end the stream does not hear of its end; that is no unhandled failure.
  answered.catch(() => undefined);
  return {
    send: (event) => call.write(encodeKvEvent(event)),
    drained: () =>
      new Promise((resolve) => {
        if (call.writableNeedDrain) call.once('drain', resolve);
        else resolve();
      }),
    end() {
      call.end();
      return answered;
    },
  };
}

function eventsConstructor(): EventsProto['kvasir']['v1']['KvEvents'] {
  // proto-loader builds classes at run time; the generated type says which.
  const root: GrpcObject = loadPackageDefinition(readProto('events'));
  return (root as unknown as EventsProto).kvasir.v1.KvEvents;
}

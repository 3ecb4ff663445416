import { fastify } from 'fastify';
import { listenError } from '@kvasir/service';

/** What an engine does with its kept blocks when a peer asks. Each says whether blocks are kept under that request id. */
export interface KeptBlocks {
  /** The peer reads them now. */
  read(requestId: string): boolean;
  /** The peer has its request in hand and will come for them. */
  extend(requestId: string): boolean;
  /** The peer has got them, or does not want them any more. */
  release(requestId: string): boolean;
}

export type PeerCall = keyof KeptBlocks;

/** One path per call; the engine id is in it, so that another engine at the same address is never mistaken for this one. */
export const peerPath = (engineId: string, requestId: string, call: PeerCall): string =>
  `/kv/${encodeURIComponent(engineId)}/${encodeURIComponent(requestId)}/${call}`;

const CALLS = ['read', 'extend', 'release'] as const;

/**
 * Where decode engines come for KV blocks: in the place of NIXL's handshake, remote reads and notifications. No KV crosses it, for there is none;
 * everything that can go wrong with it can: nobody there, another engine there, blocks let go.
 */
export class SideChannel {
  readonly #server = fastify({ logger: false, forceCloseConnections: true });
  readonly #host: string;
  readonly #port: number;

  constructor(options: {
    readonly host: string;
    readonly port: number;
    readonly engineId: string;
    readonly kept: KeptBlocks;
    /** Awaited before anything is answered. */
    readonly responsive: () => Promise<void>;
  }) {
    this.#host = options.host;
    this.#port = options.port;
    this.#server.addHook('onRequest', () => options.responsive());
    for (const call of CALLS) {
      this.#server.post<{ Params: { engineId: string; requestId: string } }>(
        `/kv/:engineId/:requestId/${call}`,
        async ({ params }, reply) => {
          if (params.engineId !== options.engineId)
            return await reply.code(404).send({ error: `This is engine ${options.engineId}` });
          if (!options.kept[call](params.requestId))
            return await reply.code(410).send({ error: `No blocks are kept for ${params.requestId}` });
          return await reply.code(204).send();
        },
      );
    }
  }

  /** @throws ServiceError when it cannot listen. */
  async start(): Promise<void> {
    try {
      await this.#server.listen({ host: this.#host, port: this.#port });
    } catch (error) {
      throw listenError(error, this.#host, this.#port);
    }
  }

  /** @throws TypeError before it has started. */
  port(): number {
    const address = this.#server.server.address();
    if (address === null || typeof address === 'string')
      throw new TypeError('Cannot tell the port of the side channel: it is not started');
    return address.port;
  }

  async close(): Promise<void> {
    await this.#server.close();
  }
}

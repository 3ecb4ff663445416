import { formatAddress } from '@kvasir/service';
import { Agent, request } from 'undici';
import type { PeerCall } from './side-channel.js';
import { peerPath } from './side-channel.js';
import type { RemoteBlocks } from './transfer-params.js';

/** Longest time that a peer may take to answer; it only looks something up. */
const PEER_TIMEOUT_MS = 5_000;
const CONNECTIONS_PER_PEER_MAX = 16;

/** Other engines' side channels, as a decode engine calls them. */
export class Peers {
  readonly #agent = new Agent({
    connections: CONNECTIONS_PER_PEER_MAX,
    connect: { timeout: PEER_TIMEOUT_MS },
    headersTimeout: PEER_TIMEOUT_MS,
    bodyTimeout: PEER_TIMEOUT_MS,
  });

  /** @returns false when the peer does not answer, is another one, or keeps nothing under the id. */
  async call(blocks: RemoteBlocks, call: PeerCall): Promise<boolean> {
    const { engineId, requestId, host, port } = blocks;
    try {
      // A request may name anything, also what no address can be made of.
      const url = `http://${formatAddress(host, port)}${peerPath(engineId, requestId, call)}`;
      const { statusCode, body } = await request(url, { method: 'POST', dispatcher: this.#agent });
      await body.dump();
      return statusCode === 204;
    } catch {
      return false;
    }
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }
}

import type { CancelTimer, Clock } from '@kvasir/service';
import type { Peers } from './peers.js';
import type { RemoteBlocks } from './transfer-params.js';

/** Beats per lease; a lost one or two do no harm. As in vLLM. */
const BEATS_PER_LEASE = 6;

/**
 * The blocks of one request at a peer, from acceptance to release: keeps the peer's lease alive while the request waits, reads when it is its
 * turn, and lets the peer go on in every case.
 */
export class BlockFetch {
  readonly #blocks: RemoteBlocks;
  readonly #peers: Peers;
  readonly #stopBeating: CancelTimer;
  #isReleased = false;

  constructor(
    blocks: RemoteBlocks,
    parts: { readonly peers: Peers; readonly clock: Clock; readonly leaseMs: number },
  ) {
    this.#blocks = blocks;
    this.#peers = parts.peers;
    this.#stopBeating = parts.clock.every(parts.leaseMs / BEATS_PER_LEASE, () => {
      void this.#peers.call(this.#blocks, 'extend');
    });
  }

  /** @returns whether the peer has the blocks and gives them. */
  async read(): Promise<boolean> {
    return await this.#peers.call(this.#blocks, 'read');
  }

  /** The peer may forget the blocks. Idempotent. */
  release(): void {
    this.#stopBeating();
    if (this.#isReleased) return;
    this.#isReleased = true;
    void this.#peers.call(this.#blocks, 'release');
  }
}

export interface ByteLedgerLimits {
  /** Over all clients. */
  readonly bytesMax: number;
  readonly clientBytesMax: number;
}

/** Which limit more bytes would go beyond. */
export type ByteShortage = 'all' | 'client';

/** What one request holds. */
export interface ByteAccount {
  readonly bytes: number;
  /** Takes that many more. @returns why it cannot; nothing is taken then. */
  take(bytes: number): ByteShortage | null;
  /** Gives everything back. Idempotent. */
  release(): void;
}

interface Client {
  bytes: number;
  accounts: number;
}

/** Counts bytes of bodies that are held, over all and for each client. Clients that hold none are not kept. */
export class ByteLedger {
  readonly #limits: ByteLedgerLimits;
  readonly #clients = new Map<string, Client>();
  #bytes = 0;

  constructor(limits: ByteLedgerLimits) {
    this.#limits = limits;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Clients that have an account open. */
  get clientCount(): number {
    return this.#clients.size;
  }

  /** @param name of the client. */
  open(name: string): ByteAccount {
    const client = this.#clients.get(name) ?? { bytes: 0, accounts: 0 };
    this.#clients.set(name, client);
    client.accounts += 1;
    let held = 0;
    let isOpen = true;
    return {
      get bytes() {
        return held;
      },
      take: (bytes) => {
        const shortage = this.#shortage(client, bytes);
        if (shortage !== null) return shortage;
        held += bytes;
        client.bytes += bytes;
        this.#bytes += bytes;
        return null;
      },
      release: () => {
        if (!isOpen) return;
        isOpen = false;
        this.#bytes -= held;
        client.bytes -= held;
        client.accounts -= 1;
        held = 0;
        if (client.accounts === 0) this.#clients.delete(name);
      },
    };
  }

  #shortage(client: Client, bytes: number): ByteShortage | null {
    if (client.bytes + bytes > this.#limits.clientBytesMax) return 'client';
    return this.#bytes + bytes > this.#limits.bytesMax ? 'all' : null;
  }
}

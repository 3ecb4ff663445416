import { once } from 'node:events';
import { Agent, createServer, request } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface BalancerOptions {
  /** Base URLs of what is behind it. */
  readonly urls: readonly string[];
  readonly probeMs: number;
  readonly probeTimeoutMs: number;
  /** A server that says nothing for so long is given up, as balancers do. */
  readonly silenceMs: number;
}

interface Upstream {
  readonly url: URL;
  isUp: boolean;
}

/**
 * What stands before frontends in production, in its simplest form: takes turns among those whose `/ready` answers 200, asked every `probeMs`; a
 * connection that cannot be made is tried at the next one, as nginx and Envoy do; nothing that was sent is sent again.
 */
export class Balancer {
  readonly #options: BalancerOptions;
  readonly #upstreams: readonly Upstream[];
  readonly #server: Server;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: Infinity });
  #timer: NodeJS.Timeout | null = null;
  #turn = 0;

  constructor(options: BalancerOptions) {
    this.#options = options;
    this.#upstreams = options.urls.map((url) => ({ url: new URL(url), isUp: true }));
    this.#server = createServer((incoming, answer) => this.#pass(incoming, answer));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async start(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#timer = setInterval(() => void this.#probe(), this.#options.probeMs);
  }

  async close(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#agent.destroy();
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #probe(): Promise<void> {
    const { probeTimeoutMs } = this.#options;
    await Promise.all(
      this.#upstreams.map(async (upstream) => {
        upstream.isUp = await fetch(new URL('/ready', upstream.url), {
          signal: AbortSignal.timeout(probeTimeoutMs),
        }).then(
          ({ ok }) => ok,
          () => false,
        );
      }),
    );
  }

  #pass(incoming: IncomingMessage, answer: ServerResponse): void {
    const body: Buffer[] = [];
    incoming.on('data', (piece: Buffer) => body.push(piece));
    incoming.on('end', () => this.#send(incoming, Buffer.concat(body), answer, this.#inOrder()));
  }

  /** Those that are up, from the next in turn on; all of them when none is. */
  #inOrder(): readonly Upstream[] {
    this.#turn += 1;
    const up = this.#upstreams.filter(({ isUp }) => isUp);
    const candidates = up.length === 0 ? this.#upstreams : up;
    return candidates.map((_, index) => candidates[(this.#turn + index) % candidates.length] ?? NOBODY);
  }

  #send(
    incoming: IncomingMessage,
    body: Buffer,
    answer: ServerResponse,
    [upstream, ...others]: readonly Upstream[],
  ): void {
    if (upstream === undefined) {
      answer.writeHead(502).end('no server can be reached');
      return;
    }
    const { method, url: path, headers } = incoming;
    let wasConnected = false;
    const outgoing = request(new URL(path ?? '/', upstream.url), { method, headers, agent: this.#agent });
    outgoing.setTimeout(this.#options.silenceMs, () => outgoing.destroy(new Error('silent for too long')));
    outgoing.on('socket', (socket) => {
      if (socket.connecting) socket.once('connect', () => (wasConnected = true));
      else wasConnected = true;
    });
    outgoing.on('response', (response) => {
      answer.writeHead(response.statusCode ?? 502, response.headers);
      response.pipe(answer);
      response.on('error', () => answer.destroy());
    });
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      // A kept connection that was closed before it took the request is a connection that could not be made.
      const isUnsent = !wasConnected || (outgoing.reusedSocket && error.code === 'ECONNRESET');
      if (answer.headersSent) answer.destroy();
      else if (isUnsent) this.#send(incoming, body, answer, others);
      else answer.writeHead(504).end(error.message);
    });
    answer.on('close', () => outgoing.destroy());
    outgoing.end(body);
  }
}

const NOBODY: Upstream = { url: new URL('http://127.0.0.1:9'), isUp: false };

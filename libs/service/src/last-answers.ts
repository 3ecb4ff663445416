import type { Server, ServerResponse } from 'node:http';

/**
 * Ends the connections of an HTTP server politely: once it has begun, every answer whose head is not sent yet says `connection: close`, so that clients
 * and balancers open their next connection elsewhere. No request is refused and no connection is broken.
 */
export class LastAnswers {
  readonly #open = new Set<ServerResponse>();
  #hasBegun = false;

  /** To be made before requests come. */
  constructor(server: Server) {
    // Before whoever answers: that may happen at once.
    server.prependListener('request', (_request, response) => {
      if (this.#hasBegun) response.shouldKeepAlive = false;
      else {
        this.#open.add(response);
        response.once('close', () => this.#open.delete(response));
      }
    });
  }

  /** Idempotent. */
  begin(): void {
    this.#hasBegun = true;
    for (const response of this.#open) if (!response.headersSent) response.shouldKeepAlive = false;
    this.#open.clear();
  }
}

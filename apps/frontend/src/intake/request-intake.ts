import type { IncomingMessage } from 'node:http';
import { openAiError } from '@kvasir/openai';
import type { ApiRequest, OpenAiError, RequestReading } from '@kvasir/openai';
import type { Clock } from '@kvasir/service';
import type { ApiEndpoint } from '../http/api-server.js';
import { endedError } from '../serving/request-scope.js';
import type { RequestScope } from '../serving/request-scope.js';
import { BodyIntake } from './body-intake.js';
import type { BodyReading } from './arriving-body.js';
import { BodyJoin } from './body-join.js';
import { ByteLedger } from './byte-ledger.js';
import type { ByteAccount } from './byte-ledger.js';
import { clientNames } from './client-name.js';
import type { NameClient } from './client-name.js';
import type { IntakeConfig } from './intake-options.js';
import { READ_SLICE_BYTES, ReadingQueue } from './reading-queue.js';

export type BodyArrival =
  { readonly kind: 'ok'; readonly bytes: Buffer } | { readonly kind: 'refused'; readonly error: OpenAiError };

/** How bodies come in and become requests, within what clients may send. */
export class RequestIntake {
  readonly #config: IntakeConfig;
  readonly #ledger: ByteLedger;
  readonly #bodies: BodyIntake;
  readonly #readings = new ReadingQueue();
  readonly #nameOf: NameClient;

  constructor(config: IntakeConfig, clock: Clock) {
    this.#config = config;
    this.#ledger = new ByteLedger(config.bodies);
    this.#bodies = new BodyIntake(config.bodies, this.#ledger, clock);
    this.#nameOf = clientNames(config.clients);
  }

  get arrivingCount(): number {
    return this.#bodies.arrivingCount;
  }

  get bytesInFlight(): number {
    return this.#bodies.bytesInFlight;
  }

  /** Where the bytes of this request count until it is released. */
  open({ headers, socket }: IncomingMessage): ByteAccount {
    return this.#ledger.open(this.#nameOf(headers, socket.remoteAddress));
  }

  /** Reads a body to its end, or to the end of its request. Never rejects. */
  async readBody(request: IncomingMessage, account: ByteAccount, scope: RequestScope): Promise<BodyArrival> {
    const body = await this.#bodies.read(request, account, scope.signal);
    if (body.kind !== 'ok') return { kind: 'refused', error: this.#explain(body, scope) };
    const bytes = await this.#join(body.parts, scope);
    return bytes === null ? { kind: 'refused', error: endOf(scope) } : { kind: 'ok', bytes };
  }

  /** Reads what a body says; a large one in turns with others. */
  async read(
    endpoint: ApiEndpoint,
    bytes: Buffer,
    { scope, onlyModel }: { readonly scope: RequestScope; readonly onlyModel: string | null },
  ): Promise<RequestReading<ApiRequest>> {
    const reader = endpoint.reader(bytes, { limits: this.#config.requests, onlyModel });
    const reading = await this.#readings.read(reader, () => scope.hasEnded());
    return reading ?? { kind: 'invalid', error: endOf(scope) };
  }

  /** @returns null when the request has ended meanwhile. */
  #join(parts: readonly Buffer[], scope: RequestScope): Buffer | null | Promise<Buffer | null> {
    const [only] = parts;
    if (only !== undefined && parts.length === 1) return only;
    const bytes = parts.reduce((sum, { length }) => sum + length, 0);
    if (bytes <= READ_SLICE_BYTES) return Buffer.concat(parts);
    return this.#readings.read(new BodyJoin(parts), () => scope.hasEnded());
  }

  #explain(body: Exclude<BodyReading, { kind: 'ok' }>, scope: RequestScope): OpenAiError {
    const { bodyBytesMax, bytesMax, clientBytesMax, rateFloorBytesPerS } = this.#config.bodies;
    switch (body.kind) {
      case 'left':
        return scope.endCause() === 'deadline'
          ? openAiError('request_incomplete', 'The body did not arrive within the deadline of the request')
          : endOf(scope);
      case 'tooLarge':
        return openAiError('body_too_large', `The body is longer than ${bodyBytesMax} bytes`);
      case 'tooSlow':
        return openAiError(
          'request_incomplete',
          `The body came slower than ${rateFloorBytesPerS} bytes per second`,
        );
      case 'noRoom':
        return body.of === 'client'
          ? openAiError(
              'client_overloaded',
              `This client has as many bytes in flight as it may (${clientBytesMax}); try again later`,
            )
          : openAiError(
              'bodies_overloaded',
              `As many bytes are in flight as may (${bytesMax}); try again later`,
            );
    }
  }
}

function endOf(scope: RequestScope): OpenAiError {
  return scope.endError() ?? endedError('clientLeft');
}

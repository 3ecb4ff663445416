import { JsonBodyReader } from './json-body-reader.js';
import { RequestFields } from './request-fields.js';
import { REQUEST_LIMITS } from './request-limits.js';
import type { RequestReadingOptions } from './request-reading.js';
import type { RelayedPath, RelayedRequest, RequestReader, RequestReading } from './requests.js';
import { readRoutingHints } from './routing-hints.js';

/**
 * Reads a body that the engine alone understands, as far as is needed to find one: that it is a JSON object, its model, and how it would like to be
 * served. In steps.
 * @param bytes kept by the request; not to be changed afterwards.
 */
export function relayedRequestReader(
  path: RelayedPath,
  bytes: Uint8Array,
  { limits = REQUEST_LIMITS, onlyModel = null }: RequestReadingOptions = {},
): RequestReader<RelayedRequest> {
  const reader = new JsonBodyReader(bytes, limits);
  return {
    get bytesLeft() {
      return reader.bytesLeft;
    },
    step(bytesMax): RequestReading<RelayedRequest> | null {
      const reading = reader.step(bytesMax);
      if (reading?.kind !== 'ok') return reading;
      const { body } = reading;
      const fields = new RequestFields(body);
      const model = onlyModel !== null && !fields.has('model') ? onlyModel : fields.requiredText('model');
      const hints = readRoutingHints(fields);
      if (fields.error !== null) return { kind: 'invalid', error: fields.error };
      return { kind: 'ok', request: { ...NOT_LOOKED_AT, path, model, hints, body } };
    },
  };
}

/** What routing needs of requests with a prompt, and not of these. */
const NOT_LOOKED_AT = {
  kind: 'relayed',
  isStream: false,
  includesUsage: false,
  outputTokensMax: null,
  choiceCount: 1,
  cacheSalt: null,
} as const;

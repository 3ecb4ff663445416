import { describe, expect, it } from 'vitest';
import { relayedRequestReader } from './parse-relayed-request.js';

const read = (body: string, onlyModel: string | null = null) =>
  relayedRequestReader('/v1/messages', Buffer.from(body), { onlyModel }).step(Infinity);

describe('relayedRequestReader()', () => {
  it('reads the model and leaves the rest to the engine', () => {
    const body = '{"model":"m","messages":"any","max_tokens":"many","n":1e9}';
    const reading = read(body);
    if (reading?.kind !== 'ok') throw new TypeError('it was not taken');
    expect(reading.request).toMatchObject({ kind: 'relayed', path: '/v1/messages', model: 'm' });
    expect(reading.request.body.bytes.toString()).toBe(body);
  });

  it('takes the only model of a request that names none', () => {
    expect(read('{}', 'm')).toMatchObject({ kind: 'ok', request: { model: 'm' } });
    expect(read('{}')).toMatchObject({ kind: 'invalid', error: { status: 400, param: 'model' } });
  });

  it('refuses what is no JSON object', () => {
    expect(read('[]')).toMatchObject({ kind: 'invalid', error: { code: 'malformed_json' } });
  });
});

import { describe, expect, it } from 'vitest';
import { keptParams, readTransferWish } from './transfer-params.js';

const from = { engineId: 'e', requestId: 'r', host: 'h', port: 5600 };

describe('readTransferWish()', () => {
  it('takes nothing, null and neither wish as an ordinary request', () => {
    expect([undefined, null, {}, 7].map((value) => readTransferWish(value).kind)).toEqual([
      'none',
      'none',
      'none',
      'none',
    ]);
  });

  it('reads what a router asks the prefill engine', () => {
    expect(readTransferWish({ do_remote_decode: true, do_remote_prefill: false, remote_host: null })).toEqual(
      {
        kind: 'keep',
      },
    );
  });

  it('reads back what a prefill engine answered', () => {
    expect(readTransferWish(keptParams({ ...from, blocks: [3, 4], promptTokens: 130 }))).toEqual({
      kind: 'fetch',
      from,
    });
  });

  it('names what is missing', () => {
    expect(readTransferWish({ do_remote_prefill: true, remote_host: 'h', remote_port: '1' })).toEqual({
      kind: 'incomplete',
      missing: ['remote_engine_id', 'remote_request_id', 'remote_port'],
    });
  });
});

import { describe, expect, it } from 'vitest';
import { TrtllmEventStream } from './trtllm-event-stream.js';

const event = (id: number, hash: number, fields: object = {}) => ({
  event_id: id,
  window_size: 4_096,
  data: {
    type: 'stored',
    parent_hash: 0,
    blocks: [{ block_hash: hash, tokens: [{ token_id: hash, token_extra_id: 0 }] }],
  },
  ...fields,
});

describe('TrtllmEventStream', () => {
  it('reads events whose numbers follow on one another, whatever the first one is', () => {
    const stream = new TrtllmEventStream();
    expect(stream.read([event(7, 1), event(8, 2)])).toMatchObject({
      broken: [],
      batches: [{ events: [{}, {}] }],
    });
    expect(stream.read([])).toEqual({ broken: [], batches: [] });
    expect(stream.read([event(9, 3)])?.broken).toEqual([]);
  });

  it('trap: tells that events are missing, and that an engine has begun anew', () => {
    const stream = new TrtllmEventStream();
    stream.read([event(0, 1), event(1, 2)]);
    expect(stream.read([event(4, 3)])?.broken).toEqual([{ rank: 0, reason: 'lost' }]);
    expect(stream.read([event(5, 4)])?.broken).toEqual([]);
    expect(stream.read([event(0, 5)])?.broken).toEqual([{ rank: 0, reason: 'restarted' }]);
  });

  it('numbers each rank for itself', () => {
    const stream = new TrtllmEventStream();
    const of = (rank: number, id: number) => event(id, id, { attention_dp_rank: rank });
    stream.read([of(0, 0), of(1, 40), of(0, 1), of(1, 41)]);
    expect(stream.read([of(1, 44), of(0, 2)])?.broken).toEqual([{ rank: 1, reason: 'lost' }]);
  });

  it('trap: goes by the largest window of the engine’s life, not of one answer', () => {
    const stream = new TrtllmEventStream();
    stream.read([event(0, 1), event(1, 2, { window_size: 512 })]);
    expect(stream.read([event(2, 3, { window_size: 512 })])).toEqual({ broken: [], batches: [] });
    const later = stream.read([event(3, 4, { window_size: 8_192 })]);
    expect(later).toMatchObject({ broken: [{ rank: 0, reason: 'lost' }], batches: [{ events: [{}] }] });
  });

  it.each([null, {}, 'x', 7])('does not take %j for events', (json) => {
    expect(new TrtllmEventStream().read(json)).toBeNull();
  });
});

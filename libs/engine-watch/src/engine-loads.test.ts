import { describe, expect, it } from 'vitest';
import { sglangLoads, sglangMetricLoads, trtllmLoads, vllmLoads } from './engine-loads.js';

describe('the load of an engine', () => {
  it('is read from vLLM’s metrics, per rank', () => {
    const text = [
      '# TYPE vllm:num_requests_running gauge',
      'vllm:num_requests_running{engine="0",model_name="m"} 3.0',
      'vllm:num_requests_running{engine="1",model_name="m"} 5.0',
      'vllm:num_requests_waiting{engine="0",model_name="m"} 2.0',
      'vllm:num_requests_waiting{engine="1",model_name="m"} 0.0',
      'vllm:gpu_cache_usage_perc{engine="0",model_name="m"} 0.9',
      'vllm:kv_cache_usage_perc{engine="0",model_name="m"} 0.25',
    ].join('\n');
    expect([...vllmLoads(text)]).toEqual([
      [0, { runningRequests: 3, waitingRequests: 2, kvUsage: 0.25 }],
      [1, { runningRequests: 5, waitingRequests: 0, kvUsage: null }],
    ]);
  });

  it('is read from a version of vLLM without an engine label', () => {
    const text =
      'vllm:num_requests_running{model_name="m"} 1\nvllm:gpu_cache_usage_perc{model_name="m"} 1.0\n';
    expect([...vllmLoads(text)]).toEqual([[0, { runningRequests: 1, waitingRequests: 0, kvUsage: 1 }]]);
  });

  it('is read from SGLang’s loads and from its metrics', () => {
    const loads = [
      {
        dp_rank: 1,
        num_running_reqs: 4,
        num_waiting_reqs: 1,
        num_used_tokens: 50,
        max_total_num_tokens: 200,
      },
      { dp_rank: 0, num_running_reqs: 2, num_waiting_reqs: 0, token_usage: 0.5 },
    ];
    const wanted = [
      [1, { runningRequests: 4, waitingRequests: 1, kvUsage: 0.25 }],
      [0, { runningRequests: 2, waitingRequests: 0, kvUsage: 0.5 }],
    ];
    expect([...sglangLoads({ loads })]).toEqual(wanted);
    expect([...sglangLoads(loads)]).toEqual(wanted);
    const text =
      'sglang:num_running_reqs{dp_rank="1",tp_rank="0"} 4\nsglang:num_queue_reqs{dp_rank="1",tp_rank="0"} 6\n';
    expect([...sglangMetricLoads(text)]).toEqual([
      [1, { runningRequests: 4, waitingRequests: 6, kvUsage: null }],
    ]);
  });

  it('is that of TensorRT-LLM’s newest iteration', () => {
    const stats = [
      { numActiveRequests: 9, numQueuedRequests: 9 },
      { numActiveRequests: 2, numQueuedRequests: 1, kvCacheStats: { usedNumBlocks: 30, maxNumBlocks: 120 } },
    ];
    expect([...trtllmLoads(stats)]).toEqual([[0, { runningRequests: 2, waitingRequests: 1, kvUsage: 0.25 }]]);
    expect(trtllmLoads([]).size).toBe(0);
  });

  it.each([null, 'x', {}, { loads: 'x' }, [null, { num_running_reqs: 'many' }], [[1]]])(
    'is not guessed from %j',
    (value) => {
      expect(sglangLoads(value).size + trtllmLoads(value).size).toBe(0);
    },
  );

  it('is not guessed from text that is none', () => {
    expect(vllmLoads('vllm:num_requests_running{engine="0"} NaN\n<html>').size).toBe(0);
  });
});

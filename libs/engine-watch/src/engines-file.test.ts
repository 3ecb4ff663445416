import { describe, expect, it } from 'vitest';
import { cacheConfigInfo } from './engine-facts.js';
import { readEngines } from './engines-file.js';

describe('readEngines()', () => {
  it('reads several engines with defaults', () => {
    const reading = readEngines(
      {
        engines: [
          { url: 'http://gpu-1:8000/', kvEvents: 'tcp://gpu-1:5557', role: 'prefill' },
          {
            url: 'http://gpu-2:8000',
            engine: 'trtllm',
            kvEvents: 'pull',
            workerId: 'two',
            taints: ['zone=a'],
          },
        ],
      },
      'engines.yaml',
    );
    expect(reading).toMatchObject({
      kind: 'ok',
      engines: [
        {
          workerId: 'gpu-1:8000',
          url: 'http://gpu-1:8000',
          endpoint: { component: 'prefill' },
          kvEvents: { kind: 'zmq', endpoint: 'tcp://gpu-1:5557', replayEndpoint: null },
        },
        {
          workerId: 'two',
          dialect: 'trtllm',
          kvEvents: { kind: 'pull' },
          endpoint: { component: 'aggregated' },
        },
      ],
    });
  });

  it('names every problem at once', () => {
    const reading = readEngines(
      {
        engines: [
          { url: 'ftp://x' },
          { url: 'http://a', port: 1, blockSize: 0 },
          7,
          { url: 'http://b', kvEvents: '5557' },
          { url: 'http://c', kvEvents: 'ipc:///tmp/kv', dataParallelRanks: 2 },
        ],
      },
      'e.yaml',
    );
    expect(reading).toEqual({
      kind: 'invalid',
      problems: [
        'e.yaml: engines[0].url must be an http:// or https:// URL without user, query or fragment, received "ftp://x"',
        'e.yaml: engines[1].port is no setting',
        'e.yaml: engines[1].blockSize cannot be 0',
        'e.yaml: engines[2]. must be a map',
        'e.yaml: engines[3].kvEvents must be tcp://host:port, ipc:// or inproc://, received "5557"',
        'e.yaml: engines[4].kvEvents must be tcp:// with a port when there are several ranks: they follow on the next ports, received "ipc:///tmp/kv"',
      ],
    });
  });

  it('takes an empty list when one is read again', () => {
    expect(readEngines({ engines: [] }, 'e.yaml', 0)).toEqual({ kind: 'ok', engines: [] });
  });

  it('keeps the path of a URL, also in the name', () => {
    const reading = readEngines({ engines: [{ url: 'http://gw:80/engines/a/' }] }, 'e.yaml');
    expect(reading).toMatchObject({ engines: [{ url: 'http://gw/engines/a', workerId: 'gw/engines/a' }] });
  });

  it('takes keys from files and variables only, and says when there is none', () => {
    const keys = [{ apiKeyEnv: 'KVASIR_TEST_NO_KEY' }, { apiKeyFile: '/no/file' }, { apiKey: 'secret' }];
    const problems = keys.map((key) => readEngines({ engines: [{ url: 'http://a:1', ...key }] }, 'e.yaml'));
    expect(problems).toMatchObject([
      { problems: [expect.stringContaining('KVASIR_TEST_NO_KEY is empty or not there')] },
      { problems: [expect.stringContaining('apiKeyFile cannot be used: ENOENT')] },
      { problems: ['e.yaml: engines[0].apiKey is no setting'] },
    ]);
  });

  it.each([[null], [{}], [{ engines: [] }]])('refuses %j', (document) => {
    expect(readEngines(document, 'e.yaml')).toMatchObject({ kind: 'invalid' });
  });

  it('refuses two engines of one name', () => {
    const twice = { engines: [{ url: 'http://a:1' }, { url: 'http://a:1' }] };
    expect(readEngines(twice, 'e.yaml')).toMatchObject({
      problems: ['e.yaml: two engines have the workerId "a:1"'],
    });
  });
});

describe('cacheConfigInfo()', () => {
  it("reads the labels of vLLM's metric", () => {
    const text =
      '# HELP\nvllm:cache_config_info{block_size="16",cache_dtype="auto",enable_prefix_caching="False",num_gpu_blocks="2048"} 1.0\n';
    expect(cacheConfigInfo(text)).toEqual({
      blockSize: 16,
      kvBlocksTotal: 2_048,
      startedAtMs: null,
      prefixCaching: false,
    });
    expect(cacheConfigInfo('process_start_time_seconds 1.7e+09\n').startedAtMs).toBe(1_700_000_000_000);
    expect(cacheConfigInfo('')).toEqual({
      blockSize: null,
      kvBlocksTotal: null,
      startedAtMs: null,
      prefixCaching: null,
    });
  });
});

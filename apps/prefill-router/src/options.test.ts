import { formatHelp, readOptions } from '@kvasir/service';
import { HEALTH_OPTIONS_DEFAULT } from '@kvasir/worker-health';
import { describe, expect, it } from 'vitest';
import { prefillRouterConfig } from './config.js';
import { prefillRouterOptions } from './options.js';

function configure(...argv: readonly string[]) {
  const reading = readOptions(prefillRouterOptions, { argv, env: {} });
  if (reading.kind !== 'ok') throw new TypeError(`Cannot configure: ${JSON.stringify(reading)}`);
  return prefillRouterConfig(reading.values);
}

const problems = (...argv: readonly string[]): readonly string[] => {
  const reading = readOptions(prefillRouterOptions, { argv, env: {} });
  return reading.kind === 'invalid' ? reading.problems : [];
};

describe('the options of the prefill router', () => {
  it('route to the prefill workers by KV overlap when nothing is said', () => {
    expect(configure()).toMatchObject({
      endpoint: { namespace: 'kvasir', component: 'prefill', endpoint: 'generate' },
      blockSize: null,
      grpc: { host: '127.0.0.1', advertisedHost: null },
      scheduler: { mode: 'kv', temperature: 0, trackActiveBlocks: true, cost: { overlapScoreCredit: 1 } },
    });
  });

  it('reach every part of the configuration', () => {
    const config = configure(
      ...['--endpoint', 'prod.decode.generate', '--namespace=test', '--router-block-size=16'],
      ...['--router-mode=random', '--router-temperature=0.5', '--no-router-track-active-blocks'],
      '--router-replica-sync',
      ...[
        '--no-router-assume-kv-reuse',
        '--no-router-track-prefill-tokens',
        '--router-kv-overlap-score-credit=2',
      ],
      ...['--router-overlap-score-credit-decay=0.1', '--router-prefill-load-scale=3'],
      ...[
        '--router-decode-active-request-weight=4',
        '--router-index-blocks-max=5',
        '--router-bookings-max=6',
      ],
      ...['--router-queue-prefill-tokens=10', '--router-queue-requests-max=11'],
      ...['--router-booking-ttl-ms=7', '--grpc-host=::', '--grpc-advertised-host=router-0', '--grpc-port=8'],
      ...['--admin-host=::1', '--admin-port=9', '--engine-head-timeout-ms=12'],
      ...['--first-token-timeout-ms=13', '--token-gap-timeout-ms=14', '--router-bookings-per-caller-max=15'],
      '--set-aside-share-max=0.25',
    );
    expect(config).toEqual({
      endpoint: { namespace: 'test', component: 'decode', endpoint: 'generate' },
      blockSize: 16,
      grpc: { host: '::', port: 8, advertisedHost: 'router-0' },
      admin: { host: '::1', port: 9 },
      syncsReplicas: true,
      engineTimeouts: { headTimeoutMs: 12, firstTokenTimeoutMs: 13, tokenGapTimeoutMs: 14 },
      health: { ...HEALTH_OPTIONS_DEFAULT, setAsideShareMax: 0.25 },
      kvUsageMax: null,
      poolRequestsMax: null,
      scheduler: {
        mode: 'random',
        temperature: 0.5,
        trackActiveBlocks: false,
        assumeKvReuse: false,
        indexBlocksMax: 5,
        bookingsMax: 6,
        bookingsPerCallerMax: 15,
        queue: { prefillTokensMax: 10, requestsMax: 11 },
        bookingTtlMs: 7,
        cost: {
          overlapScoreCredit: 2,
          overlapScoreCreditDecay: 0.1,
          prefillLoadScale: 3,
          decodeActiveRequestWeight: 4,
          trackPrefillTokens: false,
        },
      },
    });
  });

  it('refuse names that are no endpoint or namespace', () => {
    expect(problems('--endpoint=prefill')).toEqual([
      '--endpoint must be namespace.component.endpoint in a-z 0-9 _ -, received "prefill"',
    ]);
    expect(problems('--namespace=a.b')).toHaveLength(1);
    expect(problems('--namespace=A')).toHaveLength(1);
  });

  it('are explained within 80 columns', () => {
    for (const line of formatHelp(prefillRouterOptions).split('\n'))
      expect(line.length).toBeLessThanOrEqual(80);
  });
});

import { DistributedStack, stackOptions } from '@kvasir/stack';
import { readOptions, systemClock } from '@kvasir/service';
import { Redis } from 'ioredis';
import { ChurnTraffic } from './churn-traffic.js';
import type { ChurnCounts } from './churn-traffic.js';
import type { Sample } from './growth.js';
import type { ChurnValues } from './options.js';
import { sampleStack } from './sample-stack.js';
import { Visitors } from './visitors.js';

/** Small caches, so that they are full of what nobody will ask for again after a minute's worth. */
const KV_BLOCKS = 1_024;
const SPEEDUP = 200;
const POLL_MS = 100;

export interface ChurnOutcome {
  readonly counts: ChurnCounts;
  readonly visitors: number;
  readonly samples: readonly Sample[];
  readonly seconds: number;
}

/** Plays the whole churn; samples and visitors come as shares of the requests are through. */
export async function runChurn(
  values: ChurnValues,
  tell: (line: string) => void,
  progress: (counts: ChurnCounts) => void,
): Promise<ChurnOutcome> {
  const stack = new DistributedStack(stackValues(values.logLevel), { clock: systemClock, tell });
  await stack.start(new AbortController().signal);
  const redis = new Redis(stack.servers().redis.port, '127.0.0.1');
  const startMs = performance.now();
  try {
    const { frontendUrls, model } = stack.summary();
    const traffic = new ChurnTraffic(frontendUrls, { model, requests: values.requests });
    const visitors = new Visitors(stack);
    const samples: Sample[] = [];
    let isOver = false;
    const ended = traffic.run(values.clients).finally(() => (isOver = true));
    const share = (): number => traffic.counts.asked / values.requests;
    await Promise.all([
      ended,
      whenDue(share, { times: values.visitors, isOver: () => isOver }, () => visitors.next()),
      whenDue(share, { times: values.samples, isOver: () => isOver }, async () => {
        samples.push(await sampleStack(stack, redis));
        progress(traffic.counts);
      }),
    ]);
    const seconds = (performance.now() - startMs) / 1_000;
    return { counts: traffic.counts, visitors: visitors.count, samples, seconds };
  } finally {
    redis.disconnect();
    await stack.close();
  }
}

/** Does something as often as wanted, spread evenly over all the requests. */
async function whenDue(
  share: () => number,
  wanted: { readonly times: number; readonly isOver: () => boolean },
  act: () => Promise<void>,
): Promise<void> {
  for (let done = 0; done < wanted.times && !wanted.isOver();) {
    if (share() * wanted.times < done + 0.5) {
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      continue;
    }
    await act();
    done += 1;
  }
}

function stackValues(logLevel: ChurnValues['logLevel']) {
  const reading = readOptions(stackOptions, {
    argv: [
      ...['--distributed', '--http-port', '0', '--kv-blocks', String(KV_BLOCKS)],
      ...['--speedup', String(SPEEDUP), '--log-level', logLevel],
    ],
    env: {},
  });
  if (reading.kind !== 'ok') throw new TypeError('Cannot start a stack: its options do not parse');
  return reading.values;
}

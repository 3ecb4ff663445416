import type { DistributedStack } from '@kvasir/stack';
import type { Redis } from 'ioredis';
import type { Sample } from './growth.js';

const MIB = 1_048_576;

/** Measures every process of Kvasir by its own metrics, and how many keys Redis holds. */
export async function sampleStack(stack: DistributedStack, redis: Redis): Promise<Sample> {
  const sample = new Map(
    await Promise.all(
      [...stack.metricsPages()].map(async ([name, url]) => [name, readPage(await page(url))] as const),
    ),
  );
  sample.set('redis', { keys: await redis.dbsize() });
  return sample;
}

async function page(url: string): Promise<string> {
  return await (await fetch(url)).text();
}

function readPage(text: string): Readonly<Record<string, number>> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const value = (start: string): number =>
    lines
      .filter((line) => line.startsWith(start))
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
  return {
    rssMiB: value('process_resident_memory_bytes') / MIB,
    sockets: value('nodejs_active_resources{type="TCPSocketWrap"'),
    timers: value('nodejs_active_resources{type="Timeout"'),
    // What runs now, and how it was collected, is a series per kind; the same few kinds come and go.
    series: lines.filter((line) => !/^nodejs_(active|gc)_/.test(line)).length,
  };
}

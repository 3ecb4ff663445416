import { createLogger } from '@kvasir/service';
import { incarnation, workerId } from '@kvasir/units';
import { addRouterService, createRouterClient, createRpcServer, RpcError } from '../src/index.js';
import type { RouteDecision, RouterClient, RouterHandlers, RpcServer } from '../src/index.js';

export const logger = createLogger({ name: 'test', level: 'silent' });

export const decision: RouteDecision = {
  workerId: workerId('prefill-1'),
  rank: 3,
  url: 'http://127.0.0.1:9001',
  dialect: 'vllm',
  incarnation: incarnation('life-7'),
  overlapBlocks: 5,
  promptBlocks: 9,
  blockSize: 64,
  cachedTokens: 320,
  cost: 12.5,
  terms: [
    { name: 'prefill', value: 4.25, unit: 'blocks' },
    { name: 'decode', value: 8.25, unit: 'blocks' },
  ],
  pool: null,
  routerAddress: null,
};

export const prompt = { tokens: Uint32Array.of(1, 2, 0xffff_ffff) };

/** What a test opened; `closeOpened` closes it in reverse order. */
export const opened: (() => Promise<void> | void)[] = [];

export async function closeOpened(): Promise<void> {
  for (const close of opened.splice(0).toReversed()) await close();
}

/** A promise and its resolver, for a test to wait on a moment. */
export function deferred(): { readonly promise: Promise<void>; resolve(): void } {
  let settle = (): void => undefined;
  const promise = new Promise<void>((resolve) => {
    settle = resolve;
  });
  return { promise, resolve: () => settle() };
}

export async function serve(
  handlers: Partial<RouterHandlers>,
): Promise<{ server: RpcServer; client: RouterClient }> {
  const server = createRpcServer({ name: 'rpc', host: '127.0.0.1', port: 0, logger });
  addRouterService(server, handlers);
  await server.start(new AbortController().signal);
  const client = createRouterClient(server.address(), { deadlineMs: 10_000 });
  opened.push(
    () => server.close(),
    () => client.close(),
  );
  return { server, client };
}

export const failure = (call: Promise<unknown>): Promise<RpcError> =>
  call.then(
    () => {
      throw new TypeError('Cannot inspect the error: the call succeeded');
    },
    (error: unknown) => {
      if (error instanceof RpcError) return error;
      throw error;
    },
  );

export async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}

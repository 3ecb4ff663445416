import { Client, credentials } from '@grpc/grpc-js';
import type { ServiceError as GrpcError } from '@grpc/grpc-js';
import { requestId, workerId } from '@kvasir/units';
import { afterEach, describe, expect, it } from 'vitest';
import { MESSAGE_BYTES_MAX, REQUEST_ID_LENGTH_MAX, RpcError } from '../src/index.js';
import type { BestWorkerIdRequest, FindBestWorkerRequest } from '../src/index.js';
import { ROUTER_SERVICE } from '../src/router-definition.js';
import { closeOpened, collect, decision, deferred, failure, opened, prompt, serve } from './serving.js';

afterEach(closeOpened);

describe('a unary call', () => {
  it('carries request and decision unchanged', async () => {
    const seen: FindBestWorkerRequest[] = [];
    const { client } = await serve({
      findBestWorker(request) {
        seen.push(request);
        return decision;
      },
    });
    const request: FindBestWorkerRequest = {
      requestId: requestId('request-1'),
      prompt: {
        ...{ ...prompt, loraName: 'adapter', cacheSalt: 'salt', model: 'model' },
        media: [{ identifier: 'cat', firstToken: 1, tokenCount: 1 }],
      },
      overrides: {
        temperature: 0,
        overlapScoreCredit: 0.5,
        prefillLoadScale: undefined,
        assumeKvReuse: false,
        trackPrefillTokens: undefined,
      },
      constraints: {
        pinnedWorkerId: workerId('prefill-1'),
        pinnedRank: 0,
        allowedWorkerIds: [workerId('a'), workerId('b')],
        excludedWorkerIds: [workerId('c')],
        requiredTaints: ['zone=a'],
      },
      expectedOutputTokens: 100,
    };
    expect(await client.findBestWorker(request)).toEqual(decision);
    expect(seen).toEqual([request]);
  });

  it('leaves out what the caller left out', async () => {
    const seen: BestWorkerIdRequest[] = [];
    const { client } = await serve({
      bestWorkerId(request) {
        seen.push(request);
        return Promise.resolve({ ...decision, pool: 'pool-b' });
      },
    });
    expect((await client.bestWorkerId({ prompt })).pool).toBe('pool-b');
    expect(seen).toEqual([
      {
        prompt: { ...prompt, loraName: undefined, cacheSalt: undefined, model: undefined },
        overrides: undefined,
        constraints: undefined,
      },
    ]);
  });

  it('gives the handler tokens in aligned memory of its own for every alignment of the frame', async () => {
    const seen: Uint32Array[] = [];
    const { client } = await serve({
      getPotentialLoads(received) {
        seen.push(received.tokens);
        return [];
      },
    });
    const tokens = Uint32Array.from({ length: 1000 }, (_, position) => position * 4_000_037);
    // A salt of another length moves the token bytes within the message.
    for (const cacheSalt of ['', 'a', 'ab', 'abc'])
      await client.getPotentialLoads({ tokens: tokens.subarray(3), cacheSalt });
    for (const received of seen) expect(received).toEqual(tokens.subarray(3));
    expect(seen.length).toBe(4);
  });

  it('answers loads, scores, marks and frees', async () => {
    const load = {
      workerId: workerId('w'),
      rank: 1,
      potentialPrefillTokens: 10,
      potentialDecodeBlocks: 20,
      activeRequests: 3,
    };
    const scores = {
      blockSize: 16,
      promptBlocks: 4,
      scores: [{ workerId: workerId('w'), rank: 0, overlapBlocks: 2 }],
    };
    const { client } = await serve({
      getPotentialLoads: () => [load],
      getOverlapScores: () => scores,
      markPrefillComplete: (id) => id === 'known',
      free: (id) => id === 'known',
    });
    expect(await client.getPotentialLoads(prompt)).toEqual([load]);
    expect(await client.getOverlapScores(prompt)).toEqual(scores);
    expect(await client.markPrefillComplete(requestId('known'))).toBe(true);
    expect(await client.markPrefillComplete(requestId('other'))).toBe(false);
    expect(await client.free(requestId('known'))).toBe(true);
    expect(await client.free(requestId('other'))).toBe(false);
  });
});

describe('a failing call', () => {
  it('carries the stable code, the status and whether to retry', async () => {
    const { client } = await serve({
      findBestWorker: () => {
        throw new RpcError('No worker is alive', { code: 'SCHED_NO_TARGETS', grpcStatus: 'UNAVAILABLE' });
      },
      bestWorkerId: () =>
        Promise.reject(
          new RpcError('Pinned', { code: 'SCHED_PINNED_UNAVAILABLE', grpcStatus: 'FAILED_PRECONDITION' }),
        ),
    });
    expect(await failure(client.findBestWorker({ requestId: requestId('r'), prompt }))).toMatchObject({
      message: 'No worker is alive',
      code: 'SCHED_NO_TARGETS',
      grpcStatus: 'UNAVAILABLE',
      retryable: true,
    });
    expect(await failure(client.bestWorkerId({ prompt }))).toMatchObject({
      code: 'SCHED_PINNED_UNAVAILABLE',
      grpcStatus: 'FAILED_PRECONDITION',
      retryable: false,
    });
  });

  it('tells nothing of a bug inside the server', async () => {
    const { client } = await serve({
      bestWorkerId: () => {
        throw new TypeError('secret detail');
      },
    });
    const error = await failure(client.bestWorkerId({ prompt }));
    expect(error).toMatchObject({ code: 'RPC_INTERNAL', grpcStatus: 'INTERNAL', retryable: false });
    expect(error.message).not.toContain('secret');
  });

  it('names the method that is not served', async () => {
    const { client } = await serve({});
    const error = await failure(
      collect(client.generate({ requestId: null, prompt, samplingJson: new Uint8Array() })),
    );
    expect(error).toMatchObject({ code: 'RPC_UNIMPLEMENTED', grpcStatus: 'UNIMPLEMENTED' });
    expect(error.message).toBe('kvasir.v1.Router.Generate is not served by this router yet');
    expect((await failure(client.bestWorkerId({ prompt }))).message).toContain(
      'kvasir.v1.Router.BestWorkerId',
    );
  });

  it('refuses bad fields without reaching the handler', async () => {
    const { client } = await serve({
      findBestWorker: () => decision,
      free: () => true,
    });
    const book = (request: Partial<FindBestWorkerRequest>): Promise<RpcError> =>
      failure(client.findBestWorker({ requestId: requestId('r'), prompt, ...request }));
    expect(await book({ requestId: requestId('') })).toMatchObject({ code: 'RPC_MISSING_FIELD' });
    expect(await book({ requestId: requestId('x'.repeat(REQUEST_ID_LENGTH_MAX + 1)) })).toMatchObject({
      code: 'RPC_INVALID_FIELD',
    });
    expect(await book({ overrides: { temperature: -1 } })).toMatchObject({ code: 'RPC_INVALID_FIELD' });
    expect(await book({ overrides: { overlapScoreCredit: Number.NaN } })).toMatchObject({
      code: 'RPC_INVALID_FIELD',
      message: 'Cannot use overlap_score_credit: it must be 0 to 1000000, received NaN',
    });
    for (const [item, message] of [
      [{ identifier: '' }, 'media[0].identifier must have 1 to 512 characters, received 0'],
      [{ tokenCount: 0 }, `media[0] has 0 tokens from token 0 on, the prompt has ${prompt.tokens.length}`],
      [
        { firstToken: 4_294_967_295 },
        `media[0] has 1 tokens from token 4294967295 on, the prompt has ${prompt.tokens.length}`,
      ],
    ] as const) {
      const media = [{ ...{ identifier: 'cat', firstToken: 0, tokenCount: 1 }, ...item }];
      expect(await book({ prompt: { ...prompt, media } })).toMatchObject({
        code: 'RPC_INVALID_FIELD',
        message: `Cannot route: ${message}`,
      });
    }
    expect(await book({ constraints: { pinnedRank: 1 } })).toMatchObject({ code: 'RPC_MISSING_FIELD' });
    expect(await failure(client.free(requestId('')))).toMatchObject({
      code: 'RPC_MISSING_FIELD',
      grpcStatus: 'INVALID_ARGUMENT',
      retryable: false,
    });
    expect(await client.findBestWorker({ requestId: requestId('r'), prompt })).toEqual(decision);
  });

  it('refuses token bytes that are not whole integers, and a missing prompt', async () => {
    const { server } = await serve({ bestWorkerId: () => decision });
    const raw = new Client(server.address(), credentials.createInsecure());
    opened.push(() => raw.close());
    const encode = (bytes: Buffer): Buffer => bytes;
    const call = (message: Buffer): Promise<GrpcError> =>
      new Promise((resolve, reject) => {
        raw.makeUnaryRequest(`/${ROUTER_SERVICE}/BestWorkerId`, encode, encode, message, (error) => {
          if (error === null) reject(new TypeError('Cannot inspect the error: the call succeeded'));
          else resolve(error);
        });
      });
    // Field 1 (prompt) of 5 bytes: field 1 (token_ids) of 3 bytes.
    const broken = await call(Buffer.from([0x0a, 0x05, 0x0a, 0x03, 1, 2, 3]));
    expect(broken.metadata.get('kvasir-code')).toEqual(['RPC_INVALID_TOKENS']);
    expect(broken.details).toBe('Cannot read token_ids: 3 bytes is not a multiple of 4');
    const missing = await call(Buffer.alloc(0));
    expect(missing.metadata.get('kvasir-code')).toEqual(['RPC_MISSING_FIELD']);
  });

  it('refuses a prompt beyond the message limit and serves the next one', async () => {
    const { client } = await serve({ bestWorkerId: () => decision });
    const tooLong = { tokens: new Uint32Array(MESSAGE_BYTES_MAX / 4 + 1) };
    expect(await failure(client.bestWorkerId({ prompt: tooLong }))).toMatchObject({
      code: 'RPC_LIMIT_REACHED',
      grpcStatus: 'RESOURCE_EXHAUSTED',
    });
    expect(await client.bestWorkerId({ prompt })).toEqual(decision);
  });

  it('ends at its deadline', async () => {
    const { client } = await serve({ bestWorkerId: () => new Promise(() => undefined) });
    const error = await failure(client.bestWorkerId({ prompt }, { deadlineMs: 20 }));
    expect(error).toMatchObject({
      code: 'RPC_DEADLINE_EXCEEDED',
      grpcStatus: 'DEADLINE_EXCEEDED',
      retryable: false,
    });
  });

  it('ends when the caller cancels, before or during the call', async () => {
    const reached = deferred();
    const { client } = await serve({
      bestWorkerId: () => {
        reached.resolve();
        return new Promise(() => undefined);
      },
    });
    const controller = new AbortController();
    const call = failure(client.bestWorkerId({ prompt }, { signal: controller.signal }));
    await reached.promise;
    controller.abort();
    expect(await call).toMatchObject({ code: 'RPC_CANCELLED', retryable: false });
    expect(await failure(client.bestWorkerId({ prompt }, { signal: controller.signal }))).toMatchObject({
      code: 'RPC_CANCELLED',
    });
  });
});

import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { Client, credentials } from '@grpc/grpc-js';
import { ServiceError } from '@kvasir/service';
import { requestId } from '@kvasir/units';
import { afterEach, describe, expect, it } from 'vitest';
import { addRouterService, createRpcServer } from '../src/index.js';
import { ROUTER_SERVICE } from '../src/router-definition.js';
import { closeOpened, decision, deferred, failure, logger, opened, prompt, serve } from './serving.js';

afterEach(closeOpened);

const started = new AbortController().signal;

const bytes = (message: Buffer): Buffer => message;

/** Calls grpc.health.v1.Health/Check in its wire form: the name is field 1 of the request, the status field 1 of the answer. */
function checkHealth(address: string, service: string): Promise<string> {
  const client = new Client(address, credentials.createInsecure());
  opened.push(() => client.close());
  const request = Buffer.concat([Buffer.from([0x0a, service.length]), Buffer.from(service)]);
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest('/grpc.health.v1.Health/Check', bytes, bytes, request, (error, answer) => {
      if (error !== null) reject(error);
      else resolve(['', 'SERVING', 'NOT_SERVING'][answer?.[1] ?? 0] ?? '');
    });
  });
}

function connectionOutcome(address: string): Promise<string> {
  const [host, port] = address.split(':');
  return new Promise((resolve) => {
    const socket = connect({ host: host ?? '', port: Number(port) }, () => {
      socket.destroy();
      resolve('connected');
    });
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });
}

describe('createRpcServer()', () => {
  it('says in one sentence that a port is taken', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    opened.push(() => void other.close());
    const { port } = other.address() as AddressInfo;
    const server = createRpcServer({ name: 'rpc', host: '127.0.0.1', port, logger });
    const error = await server.start(started).then(
      () => null,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(ServiceError);
    expect(error).toMatchObject({
      code: 'SERVICE_PORT_TAKEN',
      message: `Cannot listen on 127.0.0.1:${port}: the port is taken by another process`,
    });
    await server.close();
  });

  it('answers health checks, for itself and per service, and stops to when told', async () => {
    const { server } = await serve({});
    const address = server.address();
    expect(await checkHealth(address, '')).toBe('SERVING');
    expect(await checkHealth(address, ROUTER_SERVICE)).toBe('SERVING');
    await expect(checkHealth(address, 'kvasir.v1.Other')).rejects.toThrow('NOT_FOUND');
    server.setServing(false);
    expect(await checkHealth(address, ROUTER_SERVICE)).toBe('NOT_SERVING');
  });

  it('hears of health checks', async () => {
    let probes = 0;
    const server = createRpcServer({
      ...{ name: 'probed', host: '127.0.0.1', port: 0, logger },
      probed: () => (probes += 1),
    });
    await server.start(new AbortController().signal);
    opened.push(() => void server.close());
    expect(await checkHealth(server.address(), '')).toBe('SERVING');
    await expect(checkHealth(server.address(), 'kvasir.v1.Other')).rejects.toThrow('NOT_FOUND');
    expect(probes).toBe(2);
  });

  it('lists its services by reflection', async () => {
    const { server } = await serve({});
    const client = new Client(server.address(), credentials.createInsecure());
    opened.push(() => client.close());
    // ServerReflectionRequest with list_services (field 7) = "*".
    const call = client.makeBidiStreamRequest(
      '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
      bytes,
      bytes,
    );
    call.write(Buffer.from([0x3a, 0x01, 0x2a]));
    call.end();
    const answers: Buffer[] = [];
    for await (const answer of call) answers.push(answer as Buffer);
    expect(Buffer.concat(answers).toString('latin1')).toContain(ROUTER_SERVICE);
  });

  it('refuses a service after its start', async () => {
    const { server } = await serve({});
    expect(() => addRouterService(server, {})).toThrow(TypeError);
  });
});

describe('drain()', () => {
  it('lets running calls finish, takes no new one, and reports nothing abandoned', async () => {
    const reached = deferred();
    const finish = deferred();
    const { server, client } = await serve({
      async bestWorkerId() {
        reached.resolve();
        await finish.promise;
        return decision;
      },
      free: () => true,
    });
    const running = client.bestWorkerId({ prompt });
    await reached.promise;
    const address = server.address();
    const drained = server.drain(60_000);
    expect(await connectionOutcome(address)).toBe('ECONNREFUSED');
    finish.resolve();
    expect(await running).toEqual(decision);
    expect(await drained).toEqual({ abandonedRequests: 0 });
  });

  it('ends what still runs at the deadline and counts it', async () => {
    const { server, client } = await serve({
      bestWorkerId: () => new Promise(() => undefined),
      async *generate(_request, signal) {
        yield { kind: 'routed', decision };
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
      },
    });
    const routed = deferred();
    const unary = failure(client.bestWorkerId({ prompt }));
    const streamed = failure(
      (async () => {
        for await (const event of client.generate({
          requestId: null,
          prompt,
          samplingJson: Buffer.alloc(0),
        })) {
          expect(event.kind).toBe('routed');
          routed.resolve();
        }
      })(),
    );
    await routed.promise;
    expect(await server.drain(50)).toEqual({ abandonedRequests: 2 });
    expect((await unary).retryable).toBe(true);
    expect((await streamed).retryable).toBe(true);
  });

  it('and close() may be called again', async () => {
    const { server } = await serve({});
    await server.drain(1_000);
    expect(await server.drain(1_000)).toEqual({ abandonedRequests: 0 });
    await server.close();
    await server.close();
  });
});

describe('createRouterClient()', () => {
  it('fails at once while the server is away and reconnects when it is back', async () => {
    const first = await serve({ free: () => true });
    const { client } = first;
    expect(await client.free(requestId('r'))).toBe(true);
    const address = first.server.address();
    await first.server.close();
    expect(await failure(client.free(requestId('r')))).toMatchObject({ code: 'RPC_UNAVAILABLE' });
    const second = createRpcServer({
      name: 'rpc',
      host: '127.0.0.1',
      port: Number(address.split(':')[1]),
      logger,
    });
    addRouterService(second, { free: () => false });
    await second.start(started);
    opened.push(() => second.close());
    let answer: boolean | null = null;
    while (answer === null) answer = await client.free(requestId('r')).catch(() => null);
    expect(answer).toBe(false);
  });
});

import { randomBytes } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ServiceError } from '@kvasir/service';
import type { Clock, DrainReport } from '@kvasir/service';
import { mockEngineOptions } from '@kvasir/mock-engine';
import { createTextService, mockTokenizerPath } from '@kvasir/text';
import { freePort, freePorts, startNatsServer, startRedisServer } from '@kvasir/testkit';
import type { ServerProcess, ServerProcessOptions } from '@kvasir/testkit';
import { defaultsOf } from './defaults.js';
import type { StackValues } from './options.js';
import { readyWithin } from './ready-within.js';
import { ProcessGuard } from './process-guard.js';
import { ServiceProcess } from './service-process.js';
import { planStack } from './plan.js';
import type { PlannedEngine, PlannedRouter } from './plan.js';
import type { RunningStack, StackEngine, StackSummary } from './stack-summary.js';
import type { StackPart } from './table.js';

const READY_TIMEOUT_MS = 60_000;
/** What stands still answers nobody. */
const ANSWER_TIMEOUT_MS = 2_000;

export interface DistributedStackContext {
  readonly clock: Clock;
  /** Gets every line that the services log, with the name of who said it. */
  readonly tell: (line: string) => void;
  /** Flags that frontends get beside those of the stack. */
  readonly frontendArgs?: readonly string[];
}

/** One engine in the agent's file. */
interface EngineFileEntry {
  readonly url: string;
  readonly workerId: string;
  readonly role: 'prefill' | 'decode' | 'both';
  readonly endpoint: string;
  readonly kvEvents: string;
  readonly kvReplay: string;
  readonly dataParallelRanks: number;
  readonly tokenizerPath: string;
}

interface Service {
  readonly process: ServiceProcess;
  /** What answers 200 once it is ready. */
  readonly readyUrl: string;
  readonly part: StackPart;
}

/** An engine that came to a running stack. */
export interface Visitor {
  leave(how: 'stopped' | 'killed'): Promise<void>;
}

/** A whole Kvasir as production runs it: every service its own process, any number of each, over real NATS and Redis. */
export class DistributedStack implements RunningStack {
  readonly name = 'stack';
  readonly #values: StackValues;
  readonly #context: DistributedStackContext;
  readonly #engines: (Service & StackEngine & { readonly settings: EngineFileEntry })[] = [];
  readonly #agents: Service[] = [];
  readonly #routers: (Service & { readonly metricsUrl: string })[] = [];
  readonly #frontends: (Service & { readonly url: string })[] = [];
  readonly #globalRouters: (Service & { readonly url: string })[] = [];
  #servers: { readonly nats: ServerProcess; readonly redis: ServerProcess } | null = null;
  #guard: ProcessGuard | null = null;
  readonly #visitors = new Set<ServiceProcess>();
  #secretPath: string | null = null;
  #vocabularySize = 0;
  #closing: Promise<void> | null = null;

  constructor(values: StackValues, context: DistributedStackContext) {
    this.#values = values;
    this.#context = context;
  }

  /** @throws ServiceError when a server is missing, or when not everything is ready in time. */
  async start(signal: AbortSignal): Promise<void> {
    const guard = new ProcessGuard();
    this.#guard = guard;
    try {
      this.#vocabularySize = await vocabularySizeOf(mockTokenizerPath);
      this.#servers = await startServers(guard);
      await this.#startServices();
      await this.#waitUntilReady(signal);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  drain(): Promise<DrainReport> {
    // Each service drains itself when it is stopped.
    return Promise.resolve({ abandonedRequests: 0 });
  }

  /** In the order of the traffic, so that nobody misses what it needs to finish. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  summary(): StackSummary {
    const { model, blockSize, speedup } = this.#values;
    const [frontend] = this.#frontends;
    if (frontend === undefined) throw new TypeError('Cannot tell where the stack is: it is not started');
    return {
      url: frontend.url,
      model,
      contextTokensMax: defaultsOf(mockEngineOptions).maxModelLen,
      vocabularySize: this.#vocabularySize,
      blockSize,
      speedup,
      engines: this.#engines.map(({ role, workerId, url }) => ({ role, workerId, url })),
      metricsUrls: {
        frontend: `${frontend.url}/metrics`,
        prefillRouter: this.#routers[0]?.metricsUrl ?? null,
      },
      frontendUrls: this.#frontends.map(({ url }) => url),
      globalRouterUrl: this.#globalRouters[0]?.url ?? null,
    };
  }

  parts(): readonly StackPart[] {
    const { nats, redis } = this.#startedServers();
    return [
      ...this.#services().map(({ part }) => part),
      { what: 'nats-server', where: `nats://127.0.0.1:${nats.port}`, note: 'KV events, change notices' },
      { what: 'redis-server', where: `redis://127.0.0.1:${redis.port}`, note: 'registry' },
    ];
  }

  /** Of all routers, the frontends' own among them. */
  metricsUrls(): readonly string[] {
    return [...this.#frontends.map(({ url }) => `${url}/metrics`), ...this.prefillRouterMetricsUrls()];
  }

  prefillRouterMetricsUrls(): readonly string[] {
    return this.#routers.map(({ metricsUrl }) => metricsUrl);
  }

  /** The servers, to be troubled. @throws TypeError before it has started. */
  servers(): { readonly nats: ServerProcess; readonly redis: ServerProcess } {
    return this.#startedServers();
  }

  /** Kills a service as a crash would. @throws RangeError for a name that no service has. */
  kill(name: string): Promise<void> {
    this.#service(name).process.kill();
    return Promise.resolve();
  }

  /** Asks a service to stop (SIGTERM), and waits until it has. @throws RangeError for a name that no service has. */
  async terminate(name: string): Promise<void> {
    await this.#service(name).process.stop('SIGTERM');
  }

  /** Exit code or signal that a service ended with; null while it runs. @throws RangeError for a name that no service has. */
  endedWith(name: string): string | null {
    return this.#service(name).process.endedWith;
  }

  /** Starts a service anew that has ended. @throws RangeError for a name that no service has. */
  async launch(name: string): Promise<void> {
    await this.#service(name).process.launch();
  }

  /** An engine that registers by itself comes; it is no part of the stack otherwise. @returns once it serves. */
  async addVisitor(workerId: string, role: 'prefill' | 'decode'): Promise<Visitor> {
    const { blockSize, kvBlocks, model, speedup } = this.#values;
    const port = await freePort();
    const process = this.#launch(workerId, '@kvasir/mock-engine/main', [
      ...['--http-port', String(port), '--worker-id', workerId, '--role', role],
      ...['--block-size', String(blockSize), '--kv-blocks', String(kvBlocks)],
      ...['--model', model, '--speedup', String(speedup), '--drain-ms', '1000'],
    ]);
    this.#visitors.add(process);
    const isReady = await readyWithin(() => answers(`http://127.0.0.1:${port}/health`), {
      ...{ clock: this.#context.clock, timeoutMs: READY_TIMEOUT_MS },
      signal: new AbortController().signal,
    });
    if (!isReady) throw new ServiceError('SERVICE_NOT_READY', `Cannot add ${workerId}: it does not answer`);
    return {
      async leave(how) {
        if (how === 'killed') process.kill();
        else await process.stop();
      },
    };
  }

  /** Where each service of Kvasir tells its metrics. */
  metricsPages(): ReadonlyMap<string, string> {
    const kvasir = [...this.#frontends, ...this.#globalRouters, ...this.#routers, ...this.#agents];
    return new Map(
      kvasir.map(({ process, readyUrl }) => [process.name, readyUrl.replace(/\/ready$/, '/metrics')]),
    );
  }

  /** Services that are not ready now. */
  async notReady(): Promise<readonly string[]> {
    const names = await Promise.all(
      this.#services().map(async ({ process, readyUrl }) =>
        (await answers(readyUrl)) ? [] : [process.name],
      ),
    );
    return names.flat();
  }

  /** Every global router's admin server. */
  globalRouterUrls(): readonly string[] {
    return this.#globalRouters.map(({ url }) => url);
  }

  /** Kills a service as a crash would and starts it anew. @throws RangeError for a name that no service has. */
  async restart(name: string): Promise<void> {
    await this.#service(name).process.restart();
  }

  /** Lets a service stand still, or go on. @throws RangeError for a name that no service has. */
  pause(name: string, isPaused: boolean): void {
    this.#service(name).process.pause(isPaused);
  }

  /** Starts one more prefill router and waits until it is ready. @param natsUrl another way to NATS than the straight one. */
  async addPrefillRouter(natsUrl?: string): Promise<string> {
    const name = `prefill-router-${this.#routers.length + 1}`;
    const planned = { name, endpoint: 'kvasir.prefill.generate', poolRequestsMax: null };
    await this.#startRouter(planned, natsUrl === undefined ? [] : ['--nats-url', natsUrl]);
    await this.#waitUntilReady(new AbortController().signal);
    return name;
  }

  async #startServices(): Promise<void> {
    const { engines, routers, poolsFile } = planStack(this.#values);
    for (const engine of engines) await this.#startEngine(engine);
    const { engineAgents } = this.#values;
    for (let index = 0; index < engineAgents; index += 1)
      await this.#startAgent(
        `engine-agent-${index + 1}`,
        // Each has some of every role, so that the loss of one is the loss of no pool.
        this.#engines.filter((_, engine) => engine % engineAgents === index),
      );
    for (const router of routers) await this.#startRouter(router);
    if (poolsFile !== null)
      for (const name of ['global-router-1', 'global-router-2'])
        await this.#startGlobalRouter(name, poolsFile);
    const { frontends } = this.#values;
    for (let index = 0; index < frontends; index += 1)
      await this.#startFrontend(`frontend-${index + 1}`, index === 0 ? this.#values.httpPort : 0);
  }

  /** A plain engine, as a stock one is: it knows nothing of Kvasir. */
  async #startEngine({ role, workerId, endpoint, speedup }: PlannedEngine): Promise<void> {
    const { blockSize, kvBlocks, model, dataParallelSize, loraNames } = this.#values;
    // Ranks are on ports in a row.
    const port = await freePort();
    const eventsPort = await freePorts(dataParallelSize);
    const replayPort = await freePorts(dataParallelSize);
    const url = `http://127.0.0.1:${port}`;
    const settings: EngineFileEntry = {
      url,
      workerId,
      role: role === 'aggregated' ? 'both' : role,
      endpoint,
      kvEvents: `tcp://127.0.0.1:${eventsPort}`,
      kvReplay: `tcp://127.0.0.1:${replayPort}`,
      dataParallelRanks: dataParallelSize,
      tokenizerPath: mockTokenizerPath,
    };
    const process = this.#launch(workerId, '@kvasir/mock-engine/main', [
      ...['--http-port', String(port), '--worker-id', workerId, '--no-register', '--role', settings.role],
      ...['--kv-events-endpoint', settings.kvEvents, '--kv-events-replay-endpoint', settings.kvReplay],
      ...['--block-size', String(blockSize), '--kv-blocks', String(kvBlocks)],
      ...['--model', model, '--speedup', String(speedup)],
      ...['--data-parallel-size', String(dataParallelSize)],
      ...loraNames.flatMap((name) => ['--lora-names', name]),
    ]);
    const part = {
      what: workerId,
      where: url,
      note: `mock engine, ${kvBlocks} blocks of ${blockSize} tokens`,
    };
    this.#engines.push({ process, readyUrl: `${url}/health`, part, role, workerId, url, settings });
  }

  /** One agent for several engines; JSON is YAML too. */
  async #startAgent(name: string, engines: readonly { readonly settings: EngineFileEntry }[]): Promise<void> {
    const file = join(newFolder(this.#startedGuard(), 'stack'), 'engines.yaml');
    writeFileSync(file, JSON.stringify({ engines: engines.map(({ settings }) => settings) }));
    const adminPort = await freePort();
    const admin = `http://127.0.0.1:${adminPort}`;
    const process = this.#launch(name, '@kvasir/engine-agent/main', [
      ...['--engines-file', file, '--admin-port', String(adminPort)],
    ]);
    const part = { what: name, where: admin, note: 'registers the engines, publishes their KV events' };
    this.#agents.push({ process, readyUrl: `${admin}/ready`, part });
  }

  async #startRouter(
    { name, endpoint, poolRequestsMax }: PlannedRouter,
    otherArgs: readonly string[] = [],
  ): Promise<void> {
    const { routerMode } = this.#values;
    const [port, adminPort] = [await freePort(), await freePort()];
    const process = this.#launch(name, '@kvasir/prefill-router/main', [
      ...['--grpc-port', String(port), '--admin-port', String(adminPort), '--router-mode', routerMode],
      ...['--endpoint', endpoint],
      ...(poolRequestsMax === null ? [] : ['--pool-requests-max', String(poolRequestsMax)]),
      ...this.#queueArgs(),
      ...this.#stateArgs(),
      ...otherArgs,
    ]);
    const note = `gRPC, mode ${routerMode}, ${endpoint}`;
    const part = { what: name, where: `127.0.0.1:${port}`, note };
    const admin = `http://127.0.0.1:${adminPort}`;
    this.#routers.push({ process, readyUrl: `${admin}/ready`, part, metricsUrl: `${admin}/metrics` });
  }

  async #startGlobalRouter(name: string, poolsFile: string): Promise<void> {
    const adminPort = await freePort();
    const url = `http://127.0.0.1:${adminPort}`;
    const process = this.#launch(name, '@kvasir/global-router/main', [
      // Three ports in a row are not to be had for the asking: it takes free ones and tells which.
      ...['--config', poolsFile, '--grpc-port', '0', '--admin-port', String(adminPort)],
    ]);
    const part = { what: name, where: `${url}/admin/pools`, note: 'pools, grids, last decisions' };
    this.#globalRouters.push({ process, readyUrl: `${url}/ready`, part, url });
  }

  async #startFrontend(name: string, wantedPort: number): Promise<void> {
    const { routerMode, enforceDisagg, httpHost } = this.#values;
    const port = wantedPort === 0 ? await freePort() : wantedPort;
    const url = `http://${httpHost}:${port}`;
    const process = this.#launch(name, '@kvasir/frontend/main', [
      ...['--http-host', httpHost, '--http-port', String(port), '--router-mode', routerMode],
      ...this.#queueArgs(),
      ...this.#stateArgs(),
      ...(enforceDisagg ? ['--enforce-disagg'] : []),
      ...(this.#context.frontendArgs ?? []),
    ]);
    const part = { what: name, where: url, note: 'OpenAI API, decode routing, /metrics' };
    this.#frontends.push({ process, readyUrl: `${url}/ready`, part, url });
  }

  #queueArgs(): readonly string[] {
    const { routerQueuePrefillTokens: tokens } = this.#values;
    return tokens === null ? [] : ['--router-queue-prefill-tokens', String(tokens)];
  }

  #stateArgs(): readonly string[] {
    const { durableKvEvents, routerSnapshotThreshold } = this.#values;
    const durable = ['--durable-kv-events', '--router-snapshot-threshold', String(routerSnapshotThreshold)];
    return ['--router-replica-sync', ...(durableKvEvents ? durable : [])];
  }

  #launch(name: string, main: string, args: readonly string[]): ServiceProcess {
    const { nats, redis } = this.#startedServers();
    const planes = [
      ...(args.includes('--nats-url') ? [] : ['--nats-url', `nats://127.0.0.1:${nats.port}`]),
      ...['--redis-url', `redis://127.0.0.1:${redis.port}`],
      ...['--plane-secret-file', this.#secretFile()],
      ...['--log-level', this.#values.logLevel],
    ];
    const guard = this.#startedGuard();
    return new ServiceProcess(
      name,
      { main, args: [...args, ...planes] },
      {
        tell: (line) => this.#context.tell(`[${name}] ${line}`),
        spawned: (child) => guard.watch(child),
      },
    );
  }

  /** One key for this stack, made when it is first asked for. */
  #secretFile(): string {
    if (this.#secretPath !== null) return this.#secretPath;
    const path = join(newFolder(this.#startedGuard(), 'stack'), 'plane-secret');
    writeFileSync(path, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600 });
    this.#secretPath = path;
    return path;
  }

  async #waitUntilReady(signal: AbortSignal): Promise<void> {
    const services = this.#services();
    const waiting = new Set(services);
    const isReady = await readyWithin(
      async () => {
        const dead = services.find(({ process }) => process.endedWith !== null);
        if (dead !== undefined)
          throw new ServiceError(
            'SERVICE_NOT_READY',
            `Cannot start the stack: ${dead.process.name} ended with ${dead.process.endedWith ?? ''}; what it said is above`,
          );
        for (const service of waiting) if (await answers(service.readyUrl)) waiting.delete(service);
        return waiting.size === 0;
      },
      { clock: this.#context.clock, timeoutMs: READY_TIMEOUT_MS, signal },
    );
    signal.throwIfAborted();
    if (isReady) return;
    const names = [...waiting].map(({ process }) => process.name).join(', ');
    throw new ServiceError(
      'SERVICE_NOT_READY',
      `Cannot start the stack: after ${READY_TIMEOUT_MS} ms these are not ready: ${names}`,
    );
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#visitors].map((visitor) => visitor.stop()));
    for (const group of [this.#frontends, this.#globalRouters, this.#routers, this.#agents, this.#engines])
      await Promise.all(group.map(({ process }) => process.stop()));
    await this.#servers?.nats.stop();
    await this.#servers?.redis.stop();
    await this.#guard?.close();
  }

  #services(): readonly Service[] {
    return [...this.#frontends, ...this.#globalRouters, ...this.#routers, ...this.#agents, ...this.#engines];
  }

  #service(name: string): Service {
    const service = this.#services().find(({ process }) => process.name === name);
    if (service === undefined) throw new RangeError(`Cannot find ${name}: there is no such service`);
    return service;
  }

  #startedGuard(): ProcessGuard {
    if (this.#guard === null) throw new TypeError('Cannot start a service: the stack is not started');
    return this.#guard;
  }

  #startedServers() {
    if (this.#servers === null)
      throw new TypeError('Cannot use the servers of the stack: they are not started');
    return this.#servers;
  }
}

async function startServers(
  guard: ProcessGuard,
): Promise<{ readonly nats: ServerProcess; readonly redis: ServerProcess }> {
  const own = (name: string): ServerProcessOptions => ({
    folder: newFolder(guard, name),
    spawned: (child) => guard.watch(child),
  });
  const nats = await startNatsServer([], own('nats')).catch((error: unknown) =>
    missing('nats-server', error),
  );
  const redis = await startRedisServer([], own('redis')).catch(async (error: unknown) => {
    await nats.stop();
    return missing('redis-server', error);
  });
  return { nats, redis };
}

/** A temporary folder that does not outlive the stack. */
function newFolder(guard: ProcessGuard, name: string): string {
  return guard.keep(mkdtempSync(join(tmpdir(), `kvasir-${name}-`)));
}

function missing(program: string, error: unknown): never {
  const reason = error instanceof Error ? error.message : String(error);
  throw new ServiceError(
    'SERVICE_NOT_READY',
    reason.includes('ENOENT')
      ? `Cannot start the stack: ${program} is not installed; on Debian and Ubuntu "apt install nats-server redis-server" brings both`
      : `Cannot start the stack: ${reason}`,
    error,
  );
}

async function answers(url: string): Promise<boolean> {
  return await fetch(url, { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) }).then(
    ({ ok }) => ok,
    () => false,
  );
}

async function vocabularySizeOf(tokenizerPath: string): Promise<number> {
  const text = createTextService({ tokenizerPath });
  await text.start();
  const size = text.vocabularySize();
  await text.close();
  return size;
}

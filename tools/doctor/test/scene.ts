import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WorkerRecord } from '@kvasir/contract';
import { InProcessEventPlane } from '@kvasir/event-plane';
import { create as createAgent, engineAgentConfig, engineAgentOptions } from '@kvasir/engine-agent';
import { create as createFrontend, frontendConfig, frontendOptions } from '@kvasir/frontend';
import type { Frontend } from '@kvasir/frontend';
import {
  create as createPrefillRouter,
  prefillRouterConfig,
  prefillRouterOptions,
} from '@kvasir/prefill-router';
import type { PrefillRouter } from '@kvasir/prefill-router';
import { InProcessRegistry } from '@kvasir/registry';
import { createLogger, readOptions, systemClock } from '@kvasir/service';
import type { Clock, OptionSpecs, OptionTable, OptionValues } from '@kvasir/service';
import { incarnation, requestId, routerId, seededPrng, workerId } from '@kvasir/units';
import { vi } from 'vitest';
import { diagnose } from '../src/doctor.js';
import type { Diagnosis } from '../src/doctor.js';
import { doctorOptions } from '../src/options.js';
import { FakeEngine } from './fake-engine.js';

const SPEED = 20;

/** Time that passes faster, so that what must last for half a minute need not be waited for. */
const briskClock: Clock = {
  nowMs: () => systemClock.nowMs() * SPEED,
  after: (delayMs, callback) => systemClock.after(delayMs / SPEED, callback),
  every: (periodMs, callback) => systemClock.every(periodMs / SPEED, callback),
};

/** A finding as programs tell it. */
export interface Told {
  readonly code: string;
  readonly severity: string;
  readonly subject: string;
  readonly message: string;
}

/** Programs in this process with sockets of their own, and what they log; `close` ends it all. */
export class Scene {
  readonly registry = new InProcessRegistry({ clock: systemClock });
  readonly plane = new InProcessEventPlane({ clock: systemClock });
  readonly lines: string[] = [];
  readonly #logger = createLogger({
    name: 'test',
    level: 'info',
    destination: { write: (line: string) => void this.lines.push(line) },
  });
  readonly #closers: (() => Promise<unknown>)[] = [];
  #requests = 0;
  #workers = 0;

  async engine(change?: (engine: FakeEngine) => void): Promise<FakeEngine> {
    const engine = await FakeEngine.start(change);
    this.#closers.push(() => engine.close());
    return engine;
  }

  /** @returns the URL of its admin port. */
  async agent(argv: readonly string[], holder?: string): Promise<string> {
    const values = valuesOf(engineAgentOptions, [
      '--admin-port',
      '0',
      '--probe-ms',
      '50',
      '--facts-ms',
      '50',
      ...argv,
    ]);
    const agent = createAgent(engineAgentConfig(values), {
      ...this.#context(),
      epochMs: Date.now,
      holder,
    });
    await agent.start(new AbortController().signal);
    this.#closers.push(() => agent.close());
    return agent.metricsUrl().replace('/metrics', '');
  }

  async frontend(...argv: string[]): Promise<Frontend> {
    const frontend = createFrontend(
      frontendConfig(valuesOf(frontendOptions, ['--http-port', '0', ...argv])),
      {
        ...this.#context(),
        routerId: routerId(`frontend-${this.#closers.length}`),
        newRequestId: () => requestId(`request-${(this.#requests += 1)}`),
      },
    );
    await frontend.start(new AbortController().signal);
    this.#closers.push(() => frontend.close());
    return frontend;
  }

  async prefillRouter(...argv: string[]): Promise<PrefillRouter> {
    const values = valuesOf(prefillRouterOptions, ['--grpc-port', '0', '--admin-port', '0', ...argv]);
    const router = createPrefillRouter(prefillRouterConfig(values), {
      ...this.#context(),
      routerId: routerId(`router-${this.#closers.length}`),
      newRequestId: () => requestId(`generated-${(this.#requests += 1)}`),
    });
    await router.start(new AbortController().signal);
    this.#closers.push(() => router.close());
    return router;
  }

  /** Registers a worker that nobody looks after. */
  async worker(component: string, id: string, fields: Partial<WorkerRecord> = {}): Promise<void> {
    const role = component === 'prefill' || component === 'decode' ? component : 'both';
    const outcome = await this.registry.registerWorker(
      {
        workerId: workerId(id),
        incarnation: incarnation('0001'),
        endpoint: { namespace: 'kvasir', component, endpoint: 'generate' },
        url: `http://10.0.0.${(this.#workers += 1)}:8000`,
        dialect: 'vllm',
        role,
        model: 'm',
        contextTokensMax: 1000,
        tokenizerPath: null,
        blockSize: 16,
        rankStart: 0,
        rankCount: 1,
        kvBlocksTotal: 1000,
        batchedTokensMax: null,
        publishesKvEvents: false,
        isDraining: false,
        taints: [],
        loraNames: null,
        ...fields,
      },
      600_000,
    );
    if (outcome.kind === 'refused') throw new Error(outcome.message);
  }

  async close(): Promise<void> {
    for (const close of this.#closers.toReversed()) await close();
    await this.registry.close();
    await this.plane.close();
  }

  /** Resolves with a finding once it is told at `/ready`. */
  async found(url: string, code: string): Promise<Told> {
    return await vi.waitFor(async () => {
      const findings = await findingsAt(url);
      const told = findings.find((one) => one.code === code);
      if (told === undefined) throw new Error(`There is no ${code} among ${JSON.stringify(findings)}`);
      return told;
    }, SOON);
  }

  /** As `found`, with something that goes on meanwhile. */
  async foundWhile(url: string, code: string, happens: () => void): Promise<Told> {
    const cancel = systemClock.every(30, happens);
    try {
      return await this.found(url, code);
    } finally {
      cancel();
    }
  }

  /** Resolves when a finding is not told any more. */
  async over(url: string, code: string): Promise<void> {
    await vi.waitFor(() => this.quiet(url, code), SOON);
  }

  /** @throws when a finding is told. */
  async quiet(url: string, code: string): Promise<void> {
    const told = (await findingsAt(url)).find((one) => one.code === code);
    if (told !== undefined) throw new Error(told.message);
  }

  /** One completion of token ids. @returns what the frontend answers. */
  async ask(frontend: string, prompt: readonly number[] | string): Promise<Response> {
    return await fetch(`${frontend}/v1/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'm', prompt, max_tokens: 1 }),
    });
  }

  /** A file with data that is JSON, and so YAML. @returns its path. */
  file(name: string, data: unknown): string {
    const path = join(mkdtempSync(join(tmpdir(), 'kvasir-doctor-')), name);
    writeFileSync(path, JSON.stringify(data));
    return path;
  }

  /** Lines of the log about a check. */
  linesOf(code: string): readonly string[] {
    return this.lines.filter((line) => line.includes(code));
  }

  #context() {
    return {
      registry: this.registry,
      eventPlane: this.plane,
      clock: briskClock,
      logger: this.#logger,
      prng: seededPrng(7),
    };
  }
}

export const SOON = { timeout: 30_000, interval: 50 };

/** What a program tells at `/ready`. */
export async function findingsAt(url: string): Promise<readonly Told[]> {
  const body = (await (await fetch(`${url}/ready`)).json()) as { findings: readonly Told[] };
  return body.findings;
}

/** What the doctor says. */
export async function doctor(...argv: string[]): Promise<Diagnosis> {
  return await diagnose(valuesOf(doctorOptions, argv));
}

function valuesOf<Specs extends OptionSpecs>(
  options: OptionTable<Specs>,
  argv: readonly string[],
): OptionValues<Specs> {
  const reading = readOptions(options, { argv, env: {} });
  if (reading.kind !== 'ok') throw new Error(`Cannot test: ${JSON.stringify(reading)}`);
  return reading.values;
}

import { fileURLToPath } from 'node:url';
import type { StackValues } from './options.js';
import type { EngineRole } from './stack-summary.js';

/** One engine to start. */
export interface PlannedEngine {
  readonly role: EngineRole;
  readonly workerId: string;
  /** `namespace.component.endpoint`. */
  readonly endpoint: string;
  /** How many times faster than real it computes. */
  readonly speedup: number;
}

/** One router over gRPC to start. */
export interface PlannedRouter {
  readonly name: string;
  readonly endpoint: string;
  /** Requests that its pool takes at once; null when nobody asks. */
  readonly poolRequestsMax: number | null;
}

/** What a stack is made of. */
export interface StackPlan {
  readonly engines: readonly PlannedEngine[];
  readonly routers: readonly PlannedRouter[];
  /** Configuration of a global router in front of the pools; null without one. */
  readonly poolsFile: string | null;
}

export const MULTI_POOL_FILE = fileURLToPath(
  new URL('../../../examples/multi-pool/pools.yaml', import.meta.url),
);
/** The engines for long contexts are as many times faster, as with twice the GPUs. */
const LONG_SPEEDUP = 2;
/** Requests that one engine of the example takes at once without making them wait long. */
const ENGINE_REQUESTS_MAX = 32;

/** Says what to start. Both examples have the same engines, in four pools or in one per role. */
export function planStack(values: StackValues): StackPlan {
  if (values.example === 'multi-pool') return planPools(values);
  return {
    engines:
      values.example === 'single-pool' ? planPools(values).engines.map(inOnePool) : planEngines(values),
    routers:
      values.aggregatedWorkers === null
        ? numbered('prefill-router', values.distributed ? values.prefillRouters : 1).map((name) => ({
            name,
            endpoint: 'kvasir.prefill.generate',
            poolRequestsMax: null,
          }))
        : [],
    poolsFile: null,
  };
}

function planEngines({
  prefillWorkers,
  decodeWorkers,
  aggregatedWorkers,
  speedup,
}: StackValues): PlannedEngine[] {
  const engines = (role: EngineRole, count: number): PlannedEngine[] =>
    numbered(role, count).map((workerId) => ({
      role,
      workerId,
      endpoint: `kvasir.${role}.generate`,
      speedup,
    }));
  return aggregatedWorkers === null
    ? [...engines('prefill', prefillWorkers), ...engines('decode', decodeWorkers)]
    : engines('aggregated', aggregatedWorkers);
}

function planPools({ prefillWorkers, decodeWorkers, speedup }: StackValues): StackPlan {
  const engines: PlannedEngine[] = [];
  const routers: PlannedRouter[] = [];
  for (const [role, count] of [
    ['prefill', prefillWorkers],
    ['decode', decodeWorkers],
  ] as const)
    for (const [length, faster] of [
      ['short', 1],
      ['long', LONG_SPEEDUP],
    ] as const) {
      const pool = `${role}-${length}`;
      const endpoint = `${pool}.${role}.generate`;
      // Half of the workers each, and never none.
      const names = numbered(pool, Math.max(1, Math.ceil(count / 2)));
      engines.push(...names.map((workerId) => ({ role, workerId, endpoint, speedup: speedup * faster })));
      routers.push({ name: `router-${pool}`, endpoint, poolRequestsMax: names.length * ENGINE_REQUESTS_MAX });
    }
  return { engines, routers, poolsFile: MULTI_POOL_FILE };
}

const inOnePool = (engine: PlannedEngine): PlannedEngine => ({
  ...engine,
  endpoint: `kvasir.${engine.role}.generate`,
});

const numbered = (name: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${name}-${index + 1}`);

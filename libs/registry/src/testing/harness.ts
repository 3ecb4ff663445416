import {
  newIncarnation,
  type EndpointName,
  type PoolRecord,
  type RouterRecord,
  type WorkerRecord,
} from '@kvasir/contract';
import { routerId, workerId } from '@kvasir/units';
import { expect } from 'vitest';
import type { Lease, RecordLease, Refusal, Registry } from '../registry.js';

/** One implementation, set up for one test. */
export interface RegistryHarness {
  /** A registry as another process would have it, over the same records. */
  connect(): Promise<Registry>;
  /** Lets that much of the registries' time pass, and all that it causes happen. */
  advance(durationMs: number): Promise<void>;
  close(): Promise<void>;
}

/** What each test works with: two processes. */
export interface RegistriesUnderTest {
  readonly harness: RegistryHarness;
  readonly owner: Registry;
  readonly consumer: Registry;
}

/** Long against what a real store needs for a round trip, short enough to be waited out. */
export const LEASE_MS = 600;

export const endpoint: EndpointName = { namespace: 'kvasir', component: 'prefill', endpoint: 'generate' };
export const otherEndpoint: EndpointName = { ...endpoint, component: 'decode' };

/** The life of a worker that began so many ms after another. */
export const life = (bornMs: number): WorkerRecord['incarnation'] => newIncarnation(bornMs, () => 0.5);

export function worker(name: string, fields: Partial<WorkerRecord> = {}): WorkerRecord {
  return {
    workerId: workerId(name),
    incarnation: life(1_000),
    endpoint,
    url: 'http://127.0.0.1:9001',
    dialect: 'vllm',
    role: 'both',
    model: 'kvasir-mock',
    contextTokensMax: 131_072,
    tokenizerPath: null,
    blockSize: 64,
    rankStart: 0,
    rankCount: 1,
    kvBlocksTotal: null,
    batchedTokensMax: null,
    publishesKvEvents: true,
    isDraining: false,
    taints: [],
    loraNames: null,
    ...fields,
  };
}

export function router(name: string, fields: Partial<RouterRecord> = {}): RouterRecord {
  return {
    routerId: routerId(name),
    endpoint,
    address: '127.0.0.1:9100',
    pools: [],
    isDraining: false,
    ...fields,
  };
}

export const pool = (blockSize: number, model: string | null = null): PoolRecord => ({
  endpoint,
  model,
  blockSize,
});

/** The lease of an outcome that must be one. */
export function held<RecordType>(
  outcome: { readonly kind: 'registered'; readonly lease: RecordLease<RecordType> } | Refusal,
): RecordLease<RecordType> {
  if (outcome.kind === 'refused') expect.fail(outcome.message);
  return outcome.lease;
}

export function heldClaim(outcome: { readonly kind: 'claimed'; readonly lease: Lease } | Refusal): Lease {
  if (outcome.kind === 'refused') expect.fail(outcome.message);
  return outcome.lease;
}

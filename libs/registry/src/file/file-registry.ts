import { readFileSync, statSync } from 'node:fs';
import type { EndpointName, PoolRecord, RouterRecord, WorkerRecord } from '@kvasir/contract';
import type { CancelTimer, Clock } from '@kvasir/service';
import type { RouterId } from '@kvasir/units';
import { RegistryError } from '../errors.js';
import { InProcessRegistry } from '../in-process-registry.js';
import type {
  ClaimOutcome,
  EndpointView,
  RecordLease,
  RegisterOutcome,
  Registry,
  RegistryHealth,
  RegistryWatch,
} from '../registry.js';
import { readWorkersFile } from './workers-file.js';

/** How often the file is looked at. */
const LOOK_MS = 1_000;
/** What stands in the file stays for as long as it does; the lease is renewed by this process like any other. */
const LEASE_MS = 60_000;

export interface FileRegistryOptions {
  readonly clock: Clock;
  /** What is wrong with a changed file: the last good one goes on counting. */
  readonly onProblems: (problems: readonly string[]) => void;
  /** Where what registers itself is kept, for programs that share a process; owned by the registry from now on. */
  readonly local?: InProcessRegistry | undefined;
}

type Listed = WorkerRecord | RouterRecord;

/**
 * Workers and routers of a file, for fleets that change by hand: no store, no leases to renew. The file is read again when it changes; one that is wrong
 * changes nothing and is told of. What registers itself is known to this process only.
 */
export class FileRegistry implements Registry {
  readonly #path: string;
  readonly #options: FileRegistryOptions;
  readonly #inner: InProcessRegistry;
  readonly #leases = new Map<string, RecordLease<Listed>>();
  readonly #cancelLooking: CancelTimer;
  #stamp = '';
  #wrong: { readonly sinceMs: number; readonly reason: string } | null = null;
  #loading: Promise<void> = Promise.resolve();

  private constructor(path: string, options: FileRegistryOptions) {
    this.#path = path;
    this.#options = options;
    this.#inner = options.local ?? new InProcessRegistry({ clock: options.clock });
    this.#cancelLooking = options.clock.every(LOOK_MS, () => {
      this.#loading = this.#loading.then(() => this.#look());
    });
  }

  /** @throws RegistryError `REGISTRY_BAD_CONFIGURATION` with every problem of the file. */
  static async open(path: string, options: FileRegistryOptions): Promise<FileRegistry> {
    const registry = new FileRegistry(path, options);
    const problems = await registry.#load();
    if (problems.length === 0) return registry;
    await registry.close();
    throw new RegistryError(
      'REGISTRY_BAD_CONFIGURATION',
      problems.map((problem) => `${path}: ${problem}`).join('\n'),
    );
  }

  registerWorker(record: WorkerRecord, leaseMs: number): Promise<RegisterOutcome<WorkerRecord>> {
    return this.#inner.registerWorker(record, leaseMs);
  }

  registerRouter(record: RouterRecord, leaseMs: number): Promise<RegisterOutcome<RouterRecord>> {
    return this.#inner.registerRouter(record, leaseMs);
  }

  claimPool(pool: PoolRecord, routerId: RouterId, leaseMs: number): Promise<ClaimOutcome> {
    return this.#inner.claimPool(pool, routerId, leaseMs);
  }

  watch(endpoint: EndpointName, changed: (view: EndpointView) => void): RegistryWatch {
    return this.#inner.watch(endpoint, changed);
  }

  watchEndpoints(
    namespace: string,
    changed: (endpoints: readonly EndpointName[]) => void,
  ): { close(): void } {
    return this.#inner.watchEndpoints(namespace, changed);
  }

  /** Disconnected while the file cannot be used. */
  health(): RegistryHealth {
    if (this.#wrong !== null) return { kind: 'disconnected', ...this.#wrong };
    return this.#inner.health();
  }

  async close(): Promise<void> {
    this.#cancelLooking();
    await this.#loading;
    await this.#inner.close();
  }

  async #look(): Promise<void> {
    if (this.#stampNow() === this.#stamp) return;
    const problems = await this.#load();
    if (problems.length > 0) this.#options.onProblems(problems);
  }

  /** @returns what is wrong; then nothing was changed. */
  async #load(): Promise<readonly string[]> {
    this.#stamp = this.#stampNow();
    const problems = await this.#take();
    const [first] = problems;
    this.#wrong = first === undefined ? null : { sinceMs: this.#options.clock.nowMs(), reason: first };
    return problems;
  }

  async #take(): Promise<readonly string[]> {
    let text: string;
    try {
      text = readFileSync(this.#path, 'utf8');
    } catch (error) {
      return [error instanceof Error ? error.message : String(error)];
    }
    const reading = readWorkersFile(text);
    if (reading.kind === 'invalid') return reading.problems;
    const records: readonly Listed[] = [...reading.workers, ...reading.routers];
    const listed = new Map(records.map((record) => [idOf(record), record]));
    for (const [id, lease] of this.#leases) {
      const record = listed.get(id);
      const isKept = record !== undefined && (await lease.update(record)).kind === 'updated';
      if (isKept) continue;
      await lease.release();
      this.#leases.delete(id);
    }
    const refusals: string[] = [];
    for (const [id, record] of listed)
      if (!this.#leases.has(id)) refusals.push(...(await this.#add(id, record)));
    return refusals;
  }

  async #add(id: string, record: Listed): Promise<readonly string[]> {
    const outcome =
      'workerId' in record
        ? await this.#inner.registerWorker(record, LEASE_MS)
        : await this.#inner.registerRouter(record, LEASE_MS);
    if (outcome.kind === 'refused') return [outcome.message];
    this.#leases.set(id, outcome.lease);
    return [];
  }

  /** Changes with the file; empty when it is not there. */
  #stampNow(): string {
    try {
      const { mtimeMs, size, ino } = statSync(this.#path);
      return `${mtimeMs} ${size} ${ino}`;
    } catch {
      return '';
    }
  }
}

function idOf(record: Listed): string {
  return 'workerId' in record ? `worker ${record.workerId}` : `router ${record.routerId}`;
}

import type { WorkerRecord } from '@kvasir/contract';
import { dialectOf, probeEngine } from '@kvasir/engines';
import type { EngineClient } from '@kvasir/engines';
import type { EventPlane } from '@kvasir/event-plane';
import type { Registry } from '@kvasir/registry';
import { KvRouter } from '@kvasir/router';
import type { KvRouterOptions } from '@kvasir/router';
import type { SchedulerOptions } from '@kvasir/scheduler';
import { createMetrics } from '@kvasir/service';
import type { Clock, Logger, Metrics } from '@kvasir/service';
import type { Prng, RouterId } from '@kvasir/units';
import { EndpointDirectory } from './directory.js';

export interface WorkerPoolParts {
  readonly namespace: string;
  readonly component: 'decode' | 'aggregated';
  readonly scheduler: Omit<SchedulerOptions, 'blockSize'>;
  readonly syncsReplicas: boolean;
  readonly openDurable?: KvRouterOptions['openDurable'];
  readonly engines: EngineClient;
  readonly registry: Registry;
  readonly eventPlane: EventPlane;
  readonly clock: Clock;
  readonly prng: Prng;
  readonly logger: Logger;
  readonly routerId: RouterId;
  readonly onChange: (directory: EndpointDirectory) => void;
}

/** Workers that generate, and the embedded router that chooses among them. */
export class WorkerPool {
  readonly component: 'decode' | 'aggregated';
  readonly directory: EndpointDirectory;
  readonly router: KvRouter;
  /** Of the router; labelled `service="frontend_decode"` or `service="frontend_aggregated"`. */
  readonly metrics: Metrics;

  constructor(parts: WorkerPoolParts) {
    const { component, namespace, engines } = parts;
    const endpoint = { namespace, component, endpoint: 'generate' };
    this.component = component;
    this.directory = new EndpointDirectory(parts.registry, endpoint, parts.onChange);
    this.metrics = createMetrics(`frontend_${component}`);
    this.router = new KvRouter({
      endpoint,
      routerId: parts.routerId,
      blockSize: null,
      scheduler: parts.scheduler,
      syncsReplicas: parts.syncsReplicas,
      openDurable: parts.openDurable,
      registry: parts.registry,
      eventPlane: parts.eventPlane,
      clock: parts.clock,
      prng: parts.prng,
      logger: parts.logger,
      metrics: this.metrics,
      probe: (worker) => probeWorker(engines, worker),
    });
  }

  async start(): Promise<void> {
    await this.router.start();
    this.directory.start();
  }

  async close(): Promise<void> {
    this.directory.close();
    await this.router.close();
  }
}

/** Whether a worker that has failed generates again. */
export async function probeWorker(engines: EngineClient, worker: WorkerRecord): Promise<boolean> {
  const dialect = dialectOf(worker.dialect);
  if (dialect === null) return false;
  const outcome = await probeEngine(engines, { url: worker.url, dialect, model: worker.model });
  return outcome.kind === 'serves';
}

import { parseEndpointName } from '@kvasir/contract';
import type { EndpointName } from '@kvasir/contract';
import { COST_OPTIONS_DEFAULT } from '@kvasir/cost-model';
import { engineTimeoutsOf } from '@kvasir/engines';
import { healthOf, queueOf } from '@kvasir/router';
import { SCHEDULER_OPTIONS_DEFAULT } from '@kvasir/scheduler';
import type { SchedulerOptions } from '@kvasir/scheduler';
import type { OptionValues } from '@kvasir/service';
import type { HealthOptions } from '@kvasir/worker-health';
import type { prefillRouterOptions } from './options.js';

type Values = OptionValues<typeof prefillRouterOptions.options>;

/** What a prefill router is built from. */
export interface PrefillRouterConfig {
  readonly endpoint: EndpointName;
  /** Tokens; null learns it from the workers. */
  readonly blockSize: number | null;
  readonly grpc: {
    readonly host: string;
    readonly port: number;
    /** Host that others are told; null tells the one listened on. */
    readonly advertisedHost: string | null;
  };
  readonly admin: { readonly host: string; readonly port: number };
  readonly scheduler: Omit<SchedulerOptions, 'blockSize'>;
  readonly syncsReplicas: boolean;
  readonly engineTimeouts: ReturnType<typeof engineTimeoutsOf>;
  /** When workers count as faulty. */
  readonly health: HealthOptions;
  /** Null passes nobody over. */
  readonly kvUsageMax: number | null;
  /** Null: not told. */
  readonly poolRequestsMax: number | null;
}

/** Turns checked option values into groups. @throws TypeError for an endpoint that `check` would have refused. */
export function prefillRouterConfig(values: Values): PrefillRouterConfig {
  const named = parseEndpointName(values.endpoint);
  if (named === null) throw new TypeError(`Cannot configure: ${values.endpoint} is no endpoint`);
  return {
    endpoint: { ...named, namespace: values.namespace ?? named.namespace },
    blockSize: values.blockSize,
    grpc: { host: values.grpcHost, port: values.grpcPort, advertisedHost: values.grpcAdvertisedHost },
    admin: { host: values.adminHost, port: values.adminPort },
    syncsReplicas: values.routerReplicaSync,
    engineTimeouts: engineTimeoutsOf(values),
    health: healthOf(values),
    kvUsageMax: values.routerKvUsageMax,
    poolRequestsMax: values.poolRequestsMax,
    scheduler: {
      ...SCHEDULER_OPTIONS_DEFAULT,
      mode: values.routerMode,
      temperature: values.routerTemperature,
      trackActiveBlocks: values.routerTrackActiveBlocks,
      assumeKvReuse: values.routerAssumeKvReuse,
      bookingsMax: values.routerBookingsMax,
      bookingsPerCallerMax: values.routerBookingsPerCallerMax,
      queue: queueOf(values),
      indexBlocksMax: values.routerIndexBlocksMax,
      bookingTtlMs: values.routerBookingTtlMs,
      cost: {
        ...COST_OPTIONS_DEFAULT,
        overlapScoreCredit: values.routerOverlapScoreCredit,
        overlapScoreCreditDecay: values.routerOverlapScoreCreditDecay,
        prefillLoadScale: values.routerPrefillLoadScale,
        decodeActiveRequestWeight: values.routerDecodeActiveRequestWeight,
        trackPrefillTokens: values.routerTrackPrefillTokens,
      },
    },
  };
}

import { parseEndpointName } from '@kvasir/contract';
import type { DialectName, EndpointName, WorkerRole } from '@kvasir/contract';
import { rankEndpointProblem } from '@kvasir/engine-events';
import type { CopyRule } from '@kvasir/engine-events';

export const engineKinds = ['vllm', 'sglang', 'trtllm'] as const;

/** One engine that the agent looks after. Null facts are asked of the engine. */
export interface EngineConfig {
  readonly dialect: DialectName;
  /** Without a trailing slash. */
  readonly url: string;
  readonly kvEvents:
    | { readonly kind: 'none' }
    | { readonly kind: 'pull' }
    /** The engine opens a stream to the agent. */
    | { readonly kind: 'grpc' }
    | {
        readonly kind: 'zmq';
        readonly endpoint: string;
        readonly replayEndpoint: string | null;
        readonly topic: string;
      };
  /** What its events mean for blocks that it holds already; null goes by the engine. */
  readonly kvCopies: CopyRule | null;
  readonly rankCount: number;
  readonly role: WorkerRole;
  readonly endpoint: EndpointName;
  readonly workerId: string;
  readonly model: string | null;
  readonly blockSize: number | null;
  readonly contextTokensMax: number | null;
  readonly tokenizerPath: string | null;
  readonly taints: readonly string[];
  readonly loras: LoraSource;
}

/** Where the names of an engine's LoRA adapters come from. */
export type LoraSource =
  /** The engine lists them, and may load others while it runs. */
  | { readonly kind: 'asked' }
  | { readonly kind: 'given'; readonly names: readonly string[] }
  /** It finds any adapter by itself when a request names it. */
  | { readonly kind: 'any' };

/** The settings of one engine as flags or file give them. */
export interface EngineSettings {
  readonly engine: DialectName;
  readonly url: string;
  readonly kvEvents: string | null;
  readonly kvReplay: string | null;
  readonly kvTopic: string;
  readonly kvCopies: CopyRule | null;
  readonly dataParallelRanks: number;
  readonly role: WorkerRole;
  readonly endpoint: string | null;
  readonly workerId: string | null;
  readonly model: string | null;
  readonly blockSize: number | null;
  readonly contextTokensMax: number | null;
  readonly tokenizerPath: string | null;
  readonly taints: readonly string[];
  /** Empty asks the engine; `*` stands for any. */
  readonly loraNames: readonly string[];
}

export type EngineReading =
  | { readonly kind: 'ok'; readonly config: EngineConfig }
  | { readonly kind: 'invalid'; readonly problems: readonly string[] };

const COMPONENTS = { prefill: 'prefill', decode: 'decode', both: 'aggregated' } as const;
const ZMQ_ENDPOINT = /^(tcp:\/\/.+:\d+|ipc:\/\/.+|inproc:\/\/.+)$/;

/** Checks the settings of one engine. @param nameOf what a setting is called where it came from, e.g. its flag or its place in a file. */
export function readEngineSettings(
  settings: EngineSettings,
  nameOf: (setting: keyof EngineSettings) => string,
): EngineReading {
  const problems: string[] = [];
  const url = parseUrl(settings.url);
  if (url === null)
    problems.push(`${nameOf('url')} must be an http:// or https:// URL, received "${settings.url}"`);
  const name = settings.endpoint ?? `kvasir.${COMPONENTS[settings.role]}.generate`;
  const endpoint = parseEndpointName(name);
  if (endpoint === null)
    problems.push(`${nameOf('endpoint')} must be namespace.component.endpoint, received "${name}"`);
  for (const [field, value] of [
    ['kvEvents', settings.kvEvents],
    ['kvReplay', settings.kvReplay],
  ] as const) {
    if (value === null || (field === 'kvEvents' && (value === 'pull' || value === 'grpc'))) continue;
    const problem = ZMQ_ENDPOINT.test(value)
      ? rankEndpointProblem(value, settings.dataParallelRanks)
      : 'must be tcp://host:port, ipc:// or inproc://';
    if (problem !== null) problems.push(`${nameOf(field)} ${problem}, received "${value}"`);
  }
  if (url === null || endpoint === null || problems.length > 0) return { kind: 'invalid', problems };
  return {
    kind: 'ok',
    config: {
      dialect: settings.engine,
      url: url.origin,
      kvEvents: kvEventsOf(settings),
      kvCopies: settings.kvCopies,
      rankCount: settings.dataParallelRanks,
      role: settings.role,
      endpoint,
      workerId: settings.workerId ?? url.host,
      model: settings.model,
      blockSize: settings.blockSize,
      contextTokensMax: settings.contextTokensMax,
      tokenizerPath: settings.tokenizerPath,
      taints: settings.taints,
      loras: loraSource(settings.loraNames),
    },
  };
}

function loraSource(names: readonly string[]): LoraSource {
  if (names.length === 0) return { kind: 'asked' };
  return names.includes('*') ? { kind: 'any' } : { kind: 'given', names };
}

function kvEventsOf({ kvEvents, kvReplay, kvTopic }: EngineSettings): EngineConfig['kvEvents'] {
  if (kvEvents === null) return { kind: 'none' };
  if (kvEvents === 'pull' || kvEvents === 'grpc') return { kind: kvEvents };
  return { kind: 'zmq', endpoint: kvEvents, replayEndpoint: kvReplay, topic: kvTopic };
}

function parseUrl(text: string): URL | null {
  try {
    const url = new URL(text);
    return url.protocol === 'http:' || url.protocol === 'https:' ? url : null;
  } catch {
    return null;
  }
}

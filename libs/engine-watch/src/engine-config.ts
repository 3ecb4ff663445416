import { isDeepStrictEqual } from 'node:util';
import { parseEndpointName } from '@kvasir/contract';
import type { DialectName, EndpointName, WorkerRole } from '@kvasir/contract';
import { rankEndpointProblem } from '@kvasir/engine-events';
import type { CopyRule } from '@kvasir/engine-events';
import { readApiKey } from '@kvasir/engines';
import type { ApiKeySource } from '@kvasir/engines';

export const engineKinds = ['vllm', 'sglang', 'trtllm'] as const;

/** One engine that the agent looks after. Null facts are asked of the engine. */
export interface EngineConfig {
  readonly dialect: DialectName;
  /** With its path, without a trailing slash. */
  readonly url: string;
  /** Null when its API asks for no key. */
  readonly apiKey: ApiKeySource | null;
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
  readonly apiKeyFile: string | null;
  readonly apiKeyEnv: string | null;
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

/** Whether an engine with other settings is still the same one for whoever looks after it: the rest can change under its record. */
export function sameLife(one: EngineConfig, other: EngineConfig): boolean {
  return isDeepStrictEqual({ ...one, ...CHANGEABLE }, { ...other, ...CHANGEABLE });
}

export function sameSettings(one: EngineConfig, other: EngineConfig): boolean {
  return isDeepStrictEqual(one, other);
}

/** What may change while an engine stays the same one. */
const CHANGEABLE = { taints: null, tokenizerPath: null, contextTokensMax: null, loras: null } as const;

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
    problems.push(
      `${nameOf('url')} must be an http:// or https:// URL without user, query or fragment, received "${settings.url}"`,
    );
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
  const apiKey = apiKeySource(settings);
  if (settings.apiKeyFile !== null && settings.apiKeyEnv !== null)
    problems.push(`Give either ${nameOf('apiKeyFile')} or ${nameOf('apiKeyEnv')}`);
  else if (apiKey !== null) {
    const key = readApiKey(apiKey);
    const where = nameOf(apiKey.kind === 'file' ? 'apiKeyFile' : 'apiKeyEnv');
    if (key.kind === 'unusable') problems.push(`${where} cannot be used: ${key.reason}`);
  }
  if (url === null || endpoint === null || problems.length > 0) return { kind: 'invalid', problems };
  return {
    kind: 'ok',
    config: {
      dialect: settings.engine,
      url: baseOf(url),
      apiKey,
      kvEvents: kvEventsOf(settings),
      kvCopies: settings.kvCopies,
      rankCount: settings.dataParallelRanks,
      role: settings.role,
      endpoint,
      workerId: settings.workerId ?? `${url.host}${pathOf(url)}`,
      model: settings.model,
      blockSize: settings.blockSize,
      contextTokensMax: settings.contextTokensMax,
      tokenizerPath: settings.tokenizerPath,
      taints: settings.taints,
      loras: loraSource(settings.loraNames),
    },
  };
}

function apiKeySource({ apiKeyFile, apiKeyEnv }: EngineSettings): ApiKeySource | null {
  if (apiKeyFile !== null) return { kind: 'file', path: apiKeyFile };
  return apiKeyEnv === null ? null : { kind: 'env', name: apiKeyEnv };
}

function baseOf(url: URL): string {
  return `${url.origin}${pathOf(url)}`;
}

/** Empty for an engine at the root. */
function pathOf({ pathname }: URL): string {
  return pathname.replace(/\/+$/, '');
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
    const isHttp = url.protocol === 'http:' || url.protocol === 'https:';
    // A password in a URL would be told to everybody with the record.
    return isHttp && url.username === '' && url.search === '' && url.hash === '' ? url : null;
  } catch {
    return null;
  }
}

export type { AnswerShape } from './answer-watch.js';
export { ApiKey, readApiKey } from './api-key.js';
export type { ApiKeyReading, ApiKeySource } from './api-key.js';
export { BodyCollector } from './body-collector.js';
export { callEngine, readAnswer } from './call-engine.js';
export type { EngineAnswer } from './call-engine.js';
export { dialectOf } from './dialects.js';
export { EngineClient } from './engine-client.js';
export type { EngineRequest, SendOptions } from './engine-client.js';
export type {
  AggregatedReason,
  EngineDialect,
  Handover,
  HandoverLegs,
  LegPlan,
  PrefillAnswer,
  ServingRequest,
} from './engine-dialect.js';
export { EngineLife } from './engine-life.js';
export { EngineLives } from './engine-lives.js';
export type { EngineLifeEnd } from './engine-life.js';
export { ENGINE_LIMITS } from './engine-limits.js';
export type { EngineLimits } from './engine-limits.js';
export { engineFailure, saidFailure } from './errors.js';
export type { EngineFailure } from './errors.js';
export type { BodyReceiver, EngineHead, ExchangeEnd, Flow, Respond } from './exchange.js';
export { PROBE_TIMEOUT_MS, probeEngine } from './probe.js';
export type { ProbeOutcome } from './probe.js';
export { Relay } from './relay.js';
export type { RelaySink } from './relay.js';
export { engineTimeoutOptions, engineTimeoutsOf } from './timeout-options.js';
export { vllmDialect } from './vllm-dialect.js';

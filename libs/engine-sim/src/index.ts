export { ENGINE_OPTIONS_DEFAULT } from './messages.js';
export type {
  EngineOptions,
  FinishReason,
  RequestRole,
  SimLoad,
  SimOutput,
  SimRequest,
  SimTimes,
  SimUsage,
  SubmitOutcome,
  TokenSource,
} from './messages.js';
export { ProseTokens } from './prose-tokens.js';
export type { Prose, ProseEnd } from './prose-tokens.js';
export { SimulatedEngine } from './simulated-engine.js';
export { MS_PER_DECODE_SEQUENCE_DEFAULT, stepMs, TRANSFER_MODEL_DEFAULT, transferMs } from './timing.js';
export type { StepWork, TimingProfile, TransferModel } from './timing.js';

export { ENGINE_OPTIONS_DEFAULT } from './messages.js';
export type {
  EngineOptions,
  FinishReason,
  RequestRole,
  SimLoad,
  SimOutput,
  SimRequest,
  SimUsage,
} from './messages.js';
export { SimulatedEngine } from './simulated-engine.js';
export { stepMs } from './timing.js';
export type { StepWork, TimingProfile } from './timing.js';

export { choosePool } from './choose-pool.js';
export type { ChoiceContext, ChoiceReason, PoolChoice, RankedPool } from './choose-pool.js';
export { eligiblePools } from './eligible-pools.js';
export type { Eligibility } from './eligible-pools.js';
export { bucketOf, placeInGrid } from './grid.js';
export type { GridPlace } from './grid.js';
export { POOL_SETTINGS_DEFAULT } from './pool-settings.js';
export type {
  Grid,
  GridAxis,
  GridQuantity,
  PoolConfig,
  PoolPolicyName,
  PoolRole,
  PoolSettings,
  PriorityOverride,
  SettingsReading,
} from './pool-settings.js';
export type { Ineligible, PoolProbe, PoolReport, PoolRequest, PoolState, RefusedPool } from './pool-state.js';
export { poolPressures } from './pressure.js';
export { readPoolSettings } from './read-pool-settings.js';
export { SessionPools } from './session-pools.js';

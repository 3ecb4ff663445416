export { openPlanes } from './open-planes.js';
export type { Planes } from './open-planes.js';
export { durableOpener } from './open-durable.js';
export type { Durable } from './open-durable.js';
export { checkRouterState, planeOptions, routerStateOptions } from './plane-options.js';
export type { PlaneValues, RouterStateValues } from './plane-options.js';
export { withPlanes } from './with-planes.js';

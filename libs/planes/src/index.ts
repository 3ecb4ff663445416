export { openPlanes } from './open-planes.js';
export type { PlaneContext, Planes } from './open-planes.js';
export type { Durable } from './open-durable.js';
export { openRouterPlanes } from './open-router-planes.js';
export type { RouterPlanes } from './open-router-planes.js';
export { checkRouterState, planeOptions, routerStateOptions } from './plane-options.js';
export type { PlaneValues, RouterStateValues } from './plane-options.js';
export { withPlanes } from './with-planes.js';

export { openPlanes } from './open-planes.js';
export type { Planes } from './open-planes.js';
export { planeOptions } from './plane-options.js';
export type { PlaneValues } from './plane-options.js';
export { withPlanes } from './with-planes.js';

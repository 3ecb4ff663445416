export type { EventPlane, PlaneHealth, PlaneMessage, Subscription } from './event-plane.js';

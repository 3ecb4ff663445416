import type { Frame } from './frame.js';

/** How a statement ended: on to the next one, or out of the loop around it. */
export type Ending = 'next' | 'break' | 'continue';

/** A statement or a body as a function. */
export type Run = (frame: Frame) => Ending;

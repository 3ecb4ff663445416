declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** One engine instance; chosen at registration, stable over restarts. */
export type WorkerId = Branded<'WorkerId'>;
/** One life of a worker's process; a late message of a dead incarnation changes nothing. */
export type Incarnation = Branded<'Incarnation'>;
/** One client request, followed through logs, traces and both legs. */
export type RequestId = Branded<'RequestId'>;
/** One router process. */
export type RouterId = Branded<'RouterId'>;

/** Brands text that has been validated at an edge. */
export const workerId = (text: string): WorkerId => text as WorkerId;
export const incarnation = (text: string): Incarnation => text as Incarnation;
export const requestId = (text: string): RequestId => text as RequestId;
export const routerId = (text: string): RouterId => text as RouterId;

import type { PlaneMessage, Subscription } from './event-plane.js';

export interface LogMessage extends PlaneMessage {
  /** Place in the log, from 1; grows with every message, with holes where others were trimmed. */
  readonly sequence: number;
}

export interface LogState {
  /** Another one when the log was lost and made anew, with numbers from 1 again. */
  readonly logId: string;
  /** Newest message; 0 before the first. */
  readonly lastSequence: number;
  /** Messages kept now; when any are, the newest is among them. */
  readonly messageCount: number;
}

/**
 * Keeps what was published on one endpoint's event subjects, for routers that start later. Publishers need not know of it.
 * @see KvEventSubscriber, which heals whatever a log has lost.
 */
export interface EventLog {
  /**
   * Delivers what is kept behind a sequence number, in order and once, then whatever comes. Waits out lost connections; a log that was made anew is
   * delivered from its beginning.
   */
  follow(afterSequence: number, deliver: (message: LogMessage) => void): Subscription;
  /** @throws EventPlaneError `EVENT_PLANE_TIMEOUT` or `EVENT_PLANE_CLOSED` when nobody answers. */
  state(): Promise<LogState>;
  /** Forgets all messages up to and with this one. @throws like `state`. */
  trim(upToSequence: number): Promise<void>;
}

export interface EventLogLimits {
  /** Older messages are dropped: routers then ask the agents. */
  readonly ageMsMax: number;
  /** Beyond it the oldest are dropped. */
  readonly bytesMax: number;
}

export const EVENT_LOG_LIMITS: EventLogLimits = {
  ageMsMax: 86_400_000,
  bytesMax: 4_294_967_296,
};

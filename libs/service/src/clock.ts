/** Cancels a pending timer; harmless when it has fired. */
export type CancelTimer = () => void;

/** The only source of time and timers outside cores, so that tests advance it instead of sleeping. */
export interface Clock {
  /** Milliseconds since some fixed moment, never going back. */
  nowMs(): number;
  /** Calls back once after `delayMs`; does not keep the process alive. */
  after(delayMs: number, callback: () => void): CancelTimer;
  /** Calls back every `periodMs` until cancelled; does not keep the process alive. */
  every(periodMs: number, callback: () => void): CancelTimer;
}

/** The process clock (monotonic). */
export const systemClock: Clock = {
  nowMs: () => performance.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
  every(periodMs, callback) {
    const timer = setInterval(callback, periodMs);
    timer.unref();
    return () => clearInterval(timer);
  },
};

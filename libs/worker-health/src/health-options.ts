/** When a worker counts as faulty, and for how long. Each number has a name and a unit; they are told in docs/adr/0009. */
export interface HealthOptions {
  /** Outcomes count for at least half of this and at most all of it, in ms. */
  readonly windowMs: number;
  /** Requests that must have failed on a worker within the window before it is set aside; one request counts once. */
  readonly failedRequestsMin: number;
  /** Failed requests among all that ended within the window, 0 to 1, from which on it is. */
  readonly failureShareMin: number;
  /** Part of a pool, 0 to 1, that is set aside at most, rounded down: in a pool of one nobody is. */
  readonly setAsideShareMax: number;
  /** How long a worker is left alone before it is tried, in ms; doubled each time, up to the maximum. */
  readonly coolDownMs: number;
  readonly coolDownMsMax: number;
  /** A worker that owes answers and says nothing for so long, in ms, while others answered `silenceAnswersMin` requests, is tried at once. */
  readonly silenceMs: number;
  readonly silenceAnswersMin: number;
  /** The same while nobody answers anything. */
  readonly lonelySilenceMs: number;
  /** Silence that a probe has found harmless is allowed twice as long each time, up to this, in ms. */
  readonly silenceMsMax: number;
  /** What an engine's `Retry-After` counts for here at most, in ms. */
  readonly overloadMsMax: number;
}

export const HEALTH_OPTIONS_DEFAULT: HealthOptions = {
  windowMs: 30_000,
  failedRequestsMin: 2,
  failureShareMin: 0.5,
  setAsideShareMax: 0.5,
  coolDownMs: 1_000,
  coolDownMsMax: 60_000,
  silenceMs: 2_000,
  silenceAnswersMin: 3,
  lonelySilenceMs: 4_000,
  silenceMsMax: 60_000,
  overloadMsMax: 60_000,
};

/** Requests that are told apart within a window, per worker; further failures count as one of them. */
export const WINDOW_REQUESTS_MAX = 256;
/** A request that was given up sooner, in ms, says nothing of the engine that had not answered it. */
export const GIVEN_UP_MS_MIN = 1_000;

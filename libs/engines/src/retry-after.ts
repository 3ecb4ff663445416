/** Longest time that an engine may ask for; what is longer counts as this. */
export const RETRY_AFTER_MS_MAX = 3_600_000;

/**
 * Reads `Retry-After`: whole seconds, or an HTTP date. At most `RETRY_AFTER_MS_MAX`; a date that has passed is 0.
 * @param nowMs since 1970, for dates.
 * @returns null for none, and for what is neither.
 */
export function retryAfterMs(
  value: string | readonly string[] | undefined,
  nowMs: number = Date.now(),
): number | null {
  const text = (typeof value === 'string' ? value : value?.[0])?.trim();
  if (text === undefined || text === '') return null;
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1000, RETRY_AFTER_MS_MAX);
  if (!HTTP_DATE.test(text)) return null;
  const atMs = Date.parse(text);
  return Number.isNaN(atMs) ? null : Math.min(Math.max(0, atMs - nowMs), RETRY_AFTER_MS_MAX);
}

/** A day's name first, as all three forms of the date have it: `Date.parse` alone takes much more than dates. */
const HTTP_DATE = /^[A-Z][a-z]{2,8},? /;

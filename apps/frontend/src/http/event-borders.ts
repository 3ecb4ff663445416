const NEWLINE = 0x0a;
const RETURN = 0x0d;

/**
 * Line ends in a row at the end of a stream of events, at most 2: two of them end an event. What is cut within a line end counts as within the event.
 * @param before what it was before these bytes.
 */
export function trailingLineEnds(bytes: Uint8Array, before: number): number {
  let lineEnds = 0;
  let at = bytes.length - 1;
  while (at >= 0 && lineEnds < 2) {
    if (bytes[at] !== NEWLINE) return lineEnds;
    lineEnds += 1;
    at -= bytes[at - 1] === RETURN ? 2 : 1;
  }
  return Math.min(2, at < 0 ? lineEnds + before : lineEnds);
}

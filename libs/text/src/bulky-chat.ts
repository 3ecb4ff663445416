/** Longest request whose conversation is read among others, in bytes: some 15 ms. */
export const CHAT_BYTES_MAX = 4_194_304;
/** Most objects (messages, parts, tools) in one that is rendered among others: some 0.1 s with the templates that are about. */
export const CHAT_OBJECTS_MAX = 2_048;
/** Braces that are looked at, within texts too: about a millisecond. */
const BRACES_MAX = 16_384;

const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const QUOTE = 0x22;
const SPACE = 0x20;

/**
 * Whether a chat request is so large that reading and rendering it, which cannot be cut into steps, would keep a worker from the others for too
 * long. An estimate from its bytes.
 */
export function isBulkyChat(body: Uint8Array): boolean {
  if (body.byteLength > CHAT_BYTES_MAX) return true;
  let objects = 0;
  let at = body.indexOf(OPEN_BRACE);
  for (let braces = 0; at >= 0; braces += 1) {
    if (braces >= BRACES_MAX) return true;
    if (beginsObject(body, at)) objects += 1;
    if (objects > CHAT_OBJECTS_MAX) return true;
    at = body.indexOf(OPEN_BRACE, at + 1);
  }
  return false;
}

/** Within a text a quote behind the brace would be escaped, or end it. */
function beginsObject(body: Uint8Array, brace: number): boolean {
  let at = brace + 1;
  while ((body[at] ?? CLOSE_BRACE) <= SPACE) at += 1;
  return body[at] === QUOTE || body[at] === CLOSE_BRACE;
}

import type { JsonMember } from './json-members.js';

/** What to change in a JSON object; the rest keeps its bytes, 64-bit integers and number spellings included. */
export interface JsonChanges {
  /** JSON text (or its bytes) of each member to set; replaces every member of that name, and is added when there is none. */
  readonly set?: Readonly<Record<string, string | Uint8Array>>;
  /** Members to leave out, where they are there. */
  readonly remove?: readonly string[];
}

/**
 * Writes a JSON object anew with some top-level members changed, by copying bytes: never parses or formats what is kept.
 * O(bytes + members); one allocation for the result.
 * @param members of `bytes`, as `scanMembers` finds them.
 */
export function spliceJson(bytes: Uint8Array, members: readonly JsonMember[], changes: JsonChanges): Buffer {
  const set = changes.set ?? {};
  const gone = new Set([...(changes.remove ?? []), ...Object.keys(set)]);
  const parts: Uint8Array[] = [];
  const separate = (): void => {
    parts.push(parts.length === 0 ? OPEN : SEPARATOR);
  };
  let index = 0;
  while (index < members.length) {
    const first = members[index];
    if (first === undefined || gone.has(first.key)) {
      index += 1;
      continue;
    }
    // Neighbours that are kept are copied in one piece, with what stands between them.
    let last = first;
    index += 1;
    for (let next = members[index]; next !== undefined && !gone.has(next.key); next = members[index]) {
      last = next;
      index += 1;
    }
    separate();
    parts.push(bytes.subarray(first.start, last.valueEnd));
  }
  for (const [key, value] of Object.entries(set)) {
    separate();
    parts.push(Buffer.from(`${JSON.stringify(key)}:`));
    parts.push(typeof value === 'string' ? Buffer.from(value) : value);
  }
  if (parts.length === 0) parts.push(OPEN);
  parts.push(CLOSE);
  return Buffer.concat(parts);
}

const OPEN = Buffer.from('{');
const SEPARATOR = Buffer.from(',');
const CLOSE = Buffer.from('}');

/** Longest text in a log line, in UTF-16 units; of a longer one this much is written and how much was cut. */
export const LOG_TEXT_LENGTH_MAX = 1_024;
/** Items of an array, or members of an object, that a log line has. */
export const LOG_ITEMS_MAX = 64;
/** Objects within each other. */
const DEPTH_MAX = 6;

/** Cuts what is too long in the fields of a log line; most lines are given back as they are. */
export function boundedFields(fields: Record<string, unknown>): Record<string, unknown> {
  const bounded = boundedValue(fields, 0);
  // An object stays one.
  return bounded as Record<string, unknown>;
}

/** @returns the text, or its start with the number of characters that were cut. */
export function boundedText(text: string): string {
  if (text.length <= LOG_TEXT_LENGTH_MAX) return text;
  return `${text.slice(0, LOG_TEXT_LENGTH_MAX)}… (${text.length - LOG_TEXT_LENGTH_MAX} more characters)`;
}

function boundedValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return boundedText(value);
  if (typeof value !== 'object' || value === null) return value;
  // Errors have a serializer of their own, which bounds what it makes.
  if (value instanceof Error || value instanceof Date) return value;
  if (depth >= DEPTH_MAX) return '… (nested deeper)';
  if (ArrayBuffer.isView(value)) return `… (${value.byteLength} bytes)`;
  return Array.isArray(value) ? boundedList(value, depth) : boundedMembers(value, depth);
}

function boundedList(items: readonly unknown[], depth: number): unknown {
  const kept = items.slice(0, LOG_ITEMS_MAX).map((item) => boundedValue(item, depth + 1));
  return items.length <= LOG_ITEMS_MAX ? kept : [...kept, `… (${items.length - LOG_ITEMS_MAX} more items)`];
}

function boundedMembers(value: object, depth: number): unknown {
  const bounded: Record<string, unknown> = {};
  let count = 0;
  for (const [name, member] of Object.entries(value)) {
    count += 1;
    if (count > LOG_ITEMS_MAX) continue;
    bounded[boundedText(name)] = boundedValue(member, depth + 1);
  }
  if (count > LOG_ITEMS_MAX) bounded['…'] = `(${count - LOG_ITEMS_MAX} more members)`;
  return bounded;
}

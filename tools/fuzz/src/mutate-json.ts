import type { Prng } from '@kvasir/units';

/** Values that stand where none of their kind is expected. */
const STRANGE: readonly unknown[] = [
  ...[null, true, false, 0, -1, 0.5, 1e308, -1e308, 2 ** 53, 2 ** 31, 1e21],
  ...['', 'x', '\u0000', '\ud800', 'a'.repeat(5_000), '__proto__', '9'.repeat(20), '../..', '\r\nx: y'],
  ...[[], {}, [[]], [null], { a: null }, Array.from({ length: 300 }, () => 1), { length: 4e9 }],
];
const DEPTH_MAX = 2_000;

/** Changes one value somewhere in a JSON text; a text that is none stays as it is. */
export function mutateJson(input: Buffer, prng: Prng): Buffer {
  let document: unknown;
  try {
    document = JSON.parse(input.toString());
  } catch {
    return input;
  }
  const root = { root: document };
  const places: Place[] = [];
  collect(root, places);
  const [holder, key] = places[Math.floor(prng() * places.length)] ?? [root, 'root'];
  change(holder, key, prng);
  return Buffer.from(JSON.stringify(root.root ?? null));
}

/** Where a value stands. */
type Place = readonly [holder: Record<string, unknown>, key: string];

function collect(value: unknown, places: Place[]): void {
  if (typeof value !== 'object' || value === null) return;
  const fields = value as Record<string, unknown>;
  for (const [key, inner] of Object.entries(fields)) {
    places.push([fields, key]);
    collect(inner, places);
  }
}

function change(holder: Record<string, unknown>, key: string, prng: Prng): void {
  const strange = STRANGE[Math.floor(prng() * STRANGE.length)];
  switch (Math.floor(prng() * 5)) {
    case 0:
      Reflect.deleteProperty(holder, key);
      return;
    case 1:
      holder[`${key}${Math.floor(prng() * 3)}`] = strange;
      return;
    case 2: {
      let nested: unknown = holder[key];
      for (let depth = Math.floor(prng() * DEPTH_MAX); depth > 0; depth -= 1) nested = [nested];
      holder[key] = nested;
      return;
    }
    case 3:
      holder[key] = [holder[key], holder[key], strange];
      return;
    default:
      holder[key] = strange;
  }
}

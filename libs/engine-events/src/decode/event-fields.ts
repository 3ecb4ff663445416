/** Fields of an event by name, whichever way the engine's release packs it. */
export type EventFields = Readonly<Record<string, unknown>>;

const STORED = [
  'block_hashes',
  'parent_block_hash',
  'token_ids',
  'block_size',
  'lora_id',
  'medium',
  'lora_name',
  'extra_keys',
  'group_idx',
  'kv_cache_spec_kind',
] as const;
const REMOVED = ['block_hashes', 'medium', 'group_idx'] as const;

/**
 * Reads an event that is an array (its tag, then fields by position) or a map (its tag under `type`). Releases only ever append, so missing
 * positions are absent fields and further ones are not looked at. One position means two things: what is a map in the place of `lora_name` holds
 * the salt and the session, as SGLang writes it.
 */
export function readEventFields(event: unknown): TaggedFields | null {
  if (Array.isArray(event)) return readPositions(event);
  if (typeof event !== 'object' || event === null) return null;
  const fields = event as EventFields;
  const tag = fields['type'];
  return typeof tag === 'string' ? { tag, fields, isArray: false } : null;
}

export interface TaggedFields {
  readonly tag: string;
  readonly fields: EventFields;
  /** As older releases write them, which tell of new blocks only, and of each copy's end. */
  readonly isArray: boolean;
}

function readPositions(event: readonly unknown[]): TaggedFields | null {
  const [tag, ...values] = event;
  if (typeof tag !== 'string') return null;
  const names: readonly string[] = tag === 'BlockRemoved' ? REMOVED : STORED;
  const fields: Record<string, unknown> = {};
  for (const [position, name] of names.entries()) fields[name] = values[position];
  const metadata = fields['lora_name'];
  if (typeof metadata !== 'object' || metadata === null) return { tag, fields, isArray: true };
  return { tag, fields: { ...fields, lora_name: null, ...metadata }, isArray: true };
}

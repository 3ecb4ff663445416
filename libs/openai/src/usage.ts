import { scanMembers } from './json-members.js';
import type { JsonMember } from './json-members.js';
import { spliceJson } from './json-splice.js';
import { isRecord } from './request-fields.js';

/** Token counts of one answer, as the engine reports them. */
export interface TokenUsage {
  readonly promptTokens: number;
  readonly completionTokens: number;
  /** Prompt tokens that were not computed; null when the engine does not say. */
  readonly cachedTokens: number | null;
}

/** Reads the value of a `usage` member. @returns null when it is none. */
export function readUsage(value: unknown): TokenUsage | null {
  if (!isRecord(value)) return null;
  const details = value['prompt_tokens_details'];
  const promptTokens = value['prompt_tokens'];
  if (!isCount(promptTokens)) return null;
  const completionTokens = value['completion_tokens'];
  const cachedTokens = isRecord(details) ? details['cached_tokens'] : null;
  return {
    promptTokens,
    completionTokens: isCount(completionTokens) ? completionTokens : 0,
    cachedTokens: isCount(cachedTokens) ? cachedTokens : null,
  };
}

/** What several parts of one answer have used together. */
export function addUsage(one: TokenUsage, other: TokenUsage): TokenUsage {
  const isCacheTold = one.cachedTokens !== null || other.cachedTokens !== null;
  return {
    promptTokens: one.promptTokens + other.promptTokens,
    completionTokens: one.completionTokens + other.completionTokens,
    cachedTokens: isCacheTold ? (one.cachedTokens ?? 0) + (other.cachedTokens ?? 0) : null,
  };
}

/** A whole JSON answer with what was found of its usage. */
export interface UsageReading {
  /** The answer, patched when that was asked for and there is a usage. */
  readonly bytes: Buffer;
  readonly usage: TokenUsage | null;
}

/**
 * Reads the usage of a whole JSON answer (or of one event's JSON) and, unless `cachedTokens` is null, writes that number into
 * `usage.prompt_tokens_details.cached_tokens`. All other bytes stay as they are. Bytes that are no JSON object come back unchanged.
 */
export function patchUsage(json: Buffer, cachedTokens: number | null): UsageReading {
  const members = scanMembers(json);
  const member = members?.findLast(({ key }) => key === 'usage');
  if (members === null || member === undefined) return { bytes: json, usage: null };
  const value = valueOf(json, member);
  const usage = readUsage(value);
  if (usage === null || cachedTokens === null || !isRecord(value)) return { bytes: json, usage };
  const details = isRecord(value['prompt_tokens_details']) ? value['prompt_tokens_details'] : {};
  const patched = { ...value, prompt_tokens_details: { ...details, cached_tokens: cachedTokens } };
  return {
    bytes: replaceValue(json, members, member, JSON.stringify(patched)),
    usage: { ...usage, cachedTokens },
  };
}

function valueOf(json: Buffer, { valueStart, valueEnd }: JsonMember): unknown {
  try {
    return JSON.parse(json.toString('utf8', valueStart, valueEnd));
  } catch {
    return null;
  }
}

/** In its place, so that the order of members stays; by name when equal keys make "its place" ambiguous. */
function replaceValue(
  json: Buffer,
  members: readonly JsonMember[],
  member: JsonMember,
  text: string,
): Buffer {
  if (members.filter(({ key }) => key === member.key).length > 1) {
    return spliceJson(json, members, { set: { [member.key]: text } });
  }
  return Buffer.concat([
    json.subarray(0, member.valueStart),
    Buffer.from(text),
    json.subarray(member.valueEnd),
  ]);
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

/** What one engine step computes. All that a profile may look at, so that a measured table can become a further kind. */
export interface StepWork {
  /** Prompt tokens computed in the step, over all requests. */
  readonly prefillTokens: number;
  /** Attention of those tokens: the sum over requests of t² + 2·t·x, for t tokens after x that were computed earlier. */
  readonly prefillPairs: number;
  /** Requests that get one token each. */
  readonly decodeSequences: number;
  /** Share of the KV blocks that requests use, 0 to 1. */
  readonly kvShare: number;
}

/**
 * How long a step takes, in ms. Prefill and decode of one step add up.
 *
 * `polynomial`: for t prompt tokens 4.209989e-7·t² + 1.518344e-2·t + 16.50142; for a share p of the KV in use −25.74·p² + 54.01·p + 5.74, at least 1.
 * These are the figures of the mocker of NVIDIA Dynamo (an 8B-class model on one GPU), so that results compare. It sees neither the number of
 * generating requests nor that a later chunk of a prompt attends to the earlier ones.
 *
 * `batched`: the same curves with both in: the square term is taken over `prefillPairs`, so that a prompt costs the same in any chunks but for
 * the constant of each step, and every generating request adds `msPerDecodeSequence`.
 */
export type TimingProfile =
  { readonly kind: 'polynomial' } | { readonly kind: 'batched'; readonly msPerDecodeSequence: number };

/** 2 floating-point operations per weight and token: 16 G for 8 G weights, at 400 T per second. */
export const MS_PER_DECODE_SEQUENCE_DEFAULT = 0.04;

const PREFILL_MS_PER_PAIR = 4.209989e-7;
const PREFILL_MS_PER_TOKEN = 1.518344e-2;
const PREFILL_MS = 16.50142;
const DECODE_MS_MIN = 1;

/** Duration of a step in ms; 0 for a step without work. */
export function stepMs(profile: TimingProfile, work: StepWork): number {
  return prefillMs(profile, work) + decodeMs(profile, work);
}

function prefillMs(profile: TimingProfile, { prefillTokens, prefillPairs }: StepWork): number {
  if (prefillTokens === 0) return 0;
  const pairs = profile.kind === 'batched' ? prefillPairs : prefillTokens ** 2;
  return PREFILL_MS_PER_PAIR * pairs + PREFILL_MS_PER_TOKEN * prefillTokens + PREFILL_MS;
}

function decodeMs(profile: TimingProfile, { decodeSequences, kvShare }: StepWork): number {
  if (decodeSequences === 0) return 0;
  const share = Math.min(1, kvShare);
  const ms = Math.max(DECODE_MS_MIN, -25.74 * share ** 2 + 54.01 * share + 5.74);
  return profile.kind === 'batched' ? ms + profile.msPerDecodeSequence * decodeSequences : ms;
}

/**
 * How KV blocks come from another engine: `latencyMs` + tokens · `bytesPerToken` / `bytesPerMs`. Transfers do not slow each other down.
 */
export interface TransferModel {
  /** Layers · 2 · KV heads · head size · bytes of a number. */
  readonly bytesPerToken: number;
  readonly bytesPerMs: number;
  readonly latencyMs: number;
  /** What becomes of a request whose blocks did not come: vLLM's `kv_load_failure_policy`. */
  readonly onFailure: 'fail' | 'recompute';
}

/** 32 layers, 8 KV heads of 128 in 16 bits, over 64 GB/s; the figures of an 8B model and of Dynamo's mocker. */
export const TRANSFER_MODEL_DEFAULT: TransferModel = {
  bytesPerToken: 131_072,
  bytesPerMs: 64_000_000,
  latencyMs: 1,
  onFailure: 'fail',
};

/** Duration of a transfer in ms. */
export function transferMs(model: TransferModel, tokens: number): number {
  return model.latencyMs + (tokens * model.bytesPerToken) / model.bytesPerMs;
}

/** What one engine step computes. */
export interface StepWork {
  /** Prompt tokens computed in the step. */
  readonly prefillTokens: number;
  /** Sequences that get one token each. */
  readonly decodeSequences: number;
  /** Share of KV blocks that running sequences use, 0 to 1. */
  readonly kvShare: number;
}

/**
 * How long a step takes, in ms.
 * `polynomial`: prefill 4.209989e-7 t² + 1.518344e-2 t + 16.50142 for t tokens, decode −25.74 p² + 54.01 p + 5.74 (at least 1) for p of the KV
 * blocks in use; the figures of NVIDIA Dynamo's mocker, so that results compare. It does not see the batch size.
 * `batched`: the same plus a part per decoding sequence, for engines that are bound by compute.
 */
export type TimingProfile =
  { readonly kind: 'polynomial' } | { readonly kind: 'batched'; readonly msPerDecodeSequence: number };

const DECODE_MS_MIN = 1;

/** Duration of a step; 0 for a step without work. */
export function stepMs(profile: TimingProfile, work: StepWork): number {
  const { prefillTokens, decodeSequences, kvShare } = work;
  let ms = 0;
  if (prefillTokens > 0) ms += 4.209989e-7 * prefillTokens ** 2 + 1.518344e-2 * prefillTokens + 16.50142;
  if (decodeSequences > 0) {
    const share = Math.min(1, kvShare);
    ms += Math.max(DECODE_MS_MIN, -25.74 * share ** 2 + 54.01 * share + 5.74);
    if (profile.kind === 'batched') ms += profile.msPerDecodeSequence * decodeSequences;
  }
  return ms;
}

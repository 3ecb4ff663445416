import { defineOptions } from '@kvasir/service';
import type { OptionValues } from '@kvasir/service';

export const fuzzOptions = defineOptions({
  program: 'fuzz',
  summary: 'Gives every decoder what nobody should send, and says what it did with it.',
  options: {
    seconds: {
      kind: 'number',
      default: 60,
      min: 1,
      max: 86_400,
      unit: 's',
      doc: 'For all decoders together.',
    },
    only: { kind: 'strings', default: [], doc: 'Decoders to try; all by default.' },
    seed: {
      kind: 'integer',
      default: 1,
      min: 0,
      max: 2_147_483_647,
      doc: 'The same seed tries the same inputs.',
    },
  },
});

export type FuzzValues = OptionValues<typeof fuzzOptions.options>;

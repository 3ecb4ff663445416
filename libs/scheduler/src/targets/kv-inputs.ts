import type { RadixIndex } from '@kvasir/radix-index';
import { assertNever } from '@kvasir/units';
import type { SchedulerEffect, SchedulerInput } from '../messages.js';

/** Inputs that change what a target is known to hold. */
export type KvInput = Extract<
  SchedulerInput,
  { kind: 'kvStored' | 'kvRestored' | 'kvRemoved' | 'kvCleared' }
>;

/** Applies a KV event to the index; expected trouble comes back as an effect. */
export function applyKvInput(index: RadixIndex, target: number, input: KvInput): readonly SchedulerEffect[] {
  const { workerId, rank } = input;
  switch (input.kind) {
    case 'kvStored': {
      const outcome = index.applyStored(target, input.parent, input.hashes);
      if (outcome.kind === 'unknownParent' || outcome.kind === 'conflictingParent') {
        return [{ kind: 'unknownParent', workerId, rank }];
      }
      return outcome.kind === 'limitReached'
        ? [
            {
              kind: 'limitReached',
              evictedBlocks: outcome.evictedBlocks,
              refusedBlocks: outcome.refusedBlocks,
            },
          ]
        : [];
    }
    case 'kvRestored':
      index.restore({ target, parent: input.parent, hashes: input.hashes });
      return [];
    case 'kvRemoved':
      index.applyRemoved(target, input.hashes);
      return [];
    case 'kvCleared':
      index.removeTarget(target);
      return [];
    default:
      return assertNever(input);
  }
}

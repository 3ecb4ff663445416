/**
 * Blocks for tests: a tree in which block `id` is the child of block `floor(id / 2)`, and blocks 4 to 7 are roots (none is below them). As with real hashes, a block's
 * words say what its whole prefix is.
 */
export const blockWords = (ids: readonly number[]): Uint32Array =>
  Uint32Array.from(ids.flatMap((id) => [Math.imul(id, 2654435761) >>> 0, id]));

/** The blocks behind such words. */
export const blockIds = (words: Uint32Array): number[] => [...words].filter((_, index) => index % 2 === 1);

export const ROOT_IDS: readonly number[] = [4, 5, 6, 7];

/** Null at a root. */
export const parentOf = (id: number): number | null => (id < 8 ? null : Math.floor(id / 2));

/** One of the two children of a block. */
export const childOf = (id: number, isSecond: boolean): number => id * 2 + (isSecond ? 1 : 0);

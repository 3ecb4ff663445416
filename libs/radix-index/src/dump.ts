import { HI, LO, SET } from './block-records.js';
import type { PrefixTable } from './prefix-table.js';
import { EMPTY_SET } from './target-sets.js';
import type { StoredChain } from './types.js';

/** Longest chain of one piece: 32 KiB of hashes. */
const CHAIN_BLOCKS_MAX = 4096;

/**
 * Chains of one target, or of all (`null`), parents before children. A chain runs until a block has no, several or
 * differently held children. O(known blocks + blocks in chains).
 */
export function* dumpChains(table: PrefixTable, target: number | null): Generator<StoredChain> {
  const { sets, records } = table;
  const run: number[] = [];
  for (const head of runHeads(table, run)) {
    const set = records.get(head, SET);
    if (set === EMPTY_SET || (target !== null && !sets.has(set, target))) continue;
    const hashes = hashesOf(table, run);
    const parentId = table.forest.parentOf(head);
    const parent = parentId === 0 ? null : hashesOf(table, [parentId]);
    if (target !== null) {
      yield { target, parent, hashes };
      continue;
    }
    for (let member = sets.next(set, -1); member >= 0; member = sets.next(set, member)) {
      yield { target: member, parent, hashes };
    }
  }
}

/** First blocks of the runs of all trees, each before the runs below it; `run` then holds the blocks of that run. */
function* runHeads(table: PrefixTable, run: number[]): Generator<number> {
  const waiting: number[] = [];
  for (const root of rootsOf(table)) {
    waiting.push(root);
    for (let head = waiting.pop(); head !== undefined; head = waiting.pop()) {
      for (const child of childrenOfRun(table, head, run)) waiting.push(child);
      yield head;
    }
  }
}

/** Fills `run` with the blocks from `head` on that have the same holders and no siblings; returns the blocks below. */
export function childrenOfRun(table: PrefixTable, head: number, run: number[]): number[] {
  const { records, forest } = table;
  const set = records.get(head, SET);
  run.length = 0;
  let child = head;
  while (child !== 0 && records.get(child, SET) === set && run.length < CHAIN_BLOCKS_MAX) {
    run.push(child);
    child = forest.firstChild(child);
    if (child !== 0 && forest.nextSibling(child) !== 0) break;
  }
  const children: number[] = [];
  for (; child !== 0; child = forest.nextSibling(child)) children.push(child);
  return children;
}

/** Blocks without a known parent, in the order of their ids. */
export function* rootsOf(table: PrefixTable): Generator<number> {
  const { records, forest } = table;
  for (let id = 1; id <= records.highestId; id += 1) {
    const isKnown = records.get(id, SET) !== EMPTY_SET || forest.hasChildren(id);
    if (isKnown && forest.parentOf(id) === 0) yield id;
  }
}

function hashesOf(table: PrefixTable, run: readonly number[]): Uint32Array {
  const hashes = new Uint32Array(run.length * 2);
  run.forEach((id, index) => {
    hashes[index * 2] = table.records.get(id, LO);
    hashes[index * 2 + 1] = table.records.get(id, HI);
  });
  return hashes;
}

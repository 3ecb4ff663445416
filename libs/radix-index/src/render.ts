import { HI, LO, SET } from './block-records.js';
import { childrenOfRun, rootsOf } from './dump.js';
import type { PrefixTable } from './prefix-table.js';
import type { TargetSet } from './target-sets.js';

/**
 * One line per stretch of blocks with equal holders: hash of the first block, how many follow, who holds them; indented
 * below the stretch it continues. Siblings by their hashes, so that equal states look alike. At most `linesMax` lines.
 */
export function renderTable(table: PrefixTable, linesMax: number): string {
  const lines: string[] = [];
  const run: number[] = [];
  const byHash = (left: number, right: number): number => table.records.compareHashes(right, left);
  const waiting = firstRoots(table, linesMax)
    .sort(byHash)
    .map((head) => ({ head, depth: 0 }));
  let shownBlocks = 0;
  for (let next = waiting.pop(); next !== undefined && lines.length < linesMax; next = waiting.pop()) {
    const { head, depth } = next;
    const children = childrenOfRun(table, head, run).sort(byHash);
    for (const child of children) waiting.push({ head: child, depth: depth + 1 });
    const more = run.length === 1 ? '' : ` +${run.length - 1}`;
    lines.push(
      `${'  '.repeat(depth)}${hexOf(table, head)}${more} ${textOfSet(table, table.records.get(head, SET))}`,
    );
    shownBlocks += run.length;
  }
  const hiddenBlocks = table.records.liveCount - shownBlocks;
  if (hiddenBlocks > 0) lines.push(`… ${hiddenBlocks} more blocks`);
  return lines.join('\n');
}

function firstRoots(table: PrefixTable, countMax: number): number[] {
  const roots: number[] = [];
  for (const root of rootsOf(table)) {
    if (roots.length === countMax) break;
    roots.push(root);
  }
  return roots;
}

function hexOf(table: PrefixTable, id: number): string {
  const lo = (table.records.get(id, LO) >>> 0).toString(16);
  const hi = (table.records.get(id, HI) >>> 0).toString(16);
  return hi === '0' ? lo : `${hi}${lo.padStart(8, '0')}`;
}

/** `{0,3-5}`; `{}` for a block that only its children keep. */
function textOfSet(table: PrefixTable, set: TargetSet): string {
  const { sets } = table;
  const parts: string[] = [];
  let member = sets.next(set, -1);
  while (member >= 0) {
    const first = member;
    let last = member;
    for (member = sets.next(set, member); member === last + 1; member = sets.next(set, member)) last = member;
    parts.push(first === last ? `${first}` : `${first}-${last}`);
  }
  return `{${parts.join(',')}}`;
}

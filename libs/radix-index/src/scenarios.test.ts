import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { runScenario } from '@kvasir/testkit';
import { describe, expect, it } from 'vitest';
import { RadixIndex } from './radix-index.js';

const folder = fileURLToPath(new URL('../scenarios/', import.meta.url));
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz';

/** Blocks are letters: `a` has hash 0xa0 and so on in steps of 1, so that `render` sorts them. */
const hashOf = (letter: string): number => 0xa0 + ALPHABET.indexOf(letter);
const hashesOf = (letters: readonly string[]): Uint32Array =>
  Uint32Array.from(letters.flatMap((letter) => [hashOf(letter), 0]));
const lettersOf = (hashes: Uint32Array): string =>
  [...hashes]
    .filter((_, word) => word % 2 === 0)
    .map((hash) => ALPHABET[hash - 0xa0])
    .join(' ');

function describeOutcome(outcome: object): string {
  return Object.entries(outcome)
    .map(([name, value]) => (name === 'kind' ? String(value) : `${name}=${String(value)}`))
    .join(' ');
}

/** The commands of the scenarios on one index. */
function makeCommands(): (command: string) => string {
  let index = new RadixIndex({ blockCountMax: 100 });
  return (command) => {
    const [name = '', first = '', ...rest] = command.split(' ');
    const target = Number(first);
    switch (name) {
      case 'limit':
        index = new RadixIndex({ blockCountMax: target });
        return '';
      case 'stored': {
        const [parent = '-', ...letters] = rest;
        return describeOutcome(
          index.applyStored(target, parent === '-' ? null : hashesOf([parent]), hashesOf(letters)),
        );
      }
      case 'removed':
        return describeOutcome(index.applyRemoved(target, hashesOf(rest)));
      case 'gone':
        return `dropped ${index.removeTarget(target)}`;
      case 'match': {
        const words = hashesOf([first, ...rest]);
        const overlaps = new Uint32Array(4);
        const deepest = index.match(
          { blockCount: words.length / 2, words, hashTo: () => undefined },
          overlaps,
        );
        return `overlaps ${overlaps.join(' ')}, deepest ${deepest}`;
      }
      case 'digest': {
        const { blockCount, isComplete } = index.digest(target);
        return `target ${target}: ${blockCount} blocks, ${isComplete ? 'complete' : 'incomplete'}`;
      }
      case 'holes':
        return `targets with holes: ${index.holedTargetCount}`;
      case 'dump':
        return [...index.dump()]
          .map(
            (chain) =>
              `${chain.target}: ${chain.parent ? lettersOf(chain.parent) : '-'} > ${lettersOf(chain.hashes)}`,
          )
          .join('\n');
      case 'render':
        return index
          .render()
          .split('\n')
          .map((line) =>
            line.replace(/[0-9a-f]{2}(?= )/, (hex) => ALPHABET[Number(`0x${hex}`) - 0xa0] ?? hex),
          )
          .join('\n');
      default:
        throw new TypeError(`Cannot run a scenario: unknown command, received ${command}`);
    }
  };
}

describe('scenarios', () => {
  it.each(readdirSync(folder).sort())('%s', async (file) => {
    const path = `${folder}${file}`;
    await expect(runScenario(readFileSync(path, 'utf8'), makeCommands())).toMatchFileSnapshot(path);
  });
});

import { incarnation, workerId } from '@kvasir/units';
import { describe, expect, it } from 'vitest';
import { EngineLives } from './engine-lives.js';

const worker = (id: string, life = '0001') => ({ workerId: workerId(id), incarnation: incarnation(life) });

describe('EngineLives', () => {
  it('tells who left and who started anew, once each', () => {
    const lives = new EngineLives();
    lives.apply([worker('a'), worker('b'), worker('c')]);
    const ended: string[] = [];
    for (const id of ['a', 'b', 'c']) {
      const life = lives.of(workerId(id));
      life?.onEnd(() => ended.push(`${id} ${life.end ?? ''}`));
    }
    lives.apply([worker('b', '0002'), worker('c')]);
    lives.apply([worker('b', '0002'), worker('c')]);
    expect(ended).toEqual(['a left', 'b restarted']);
    expect(lives.of(workerId('a'))).toBeNull();
    expect(lives.of(workerId('b'))?.end).toBeNull();
  });

  it('calls nobody back who has lost interest, and takes back who comes again', () => {
    const lives = new EngineLives();
    lives.apply([worker('a')]);
    const first = lives.of(workerId('a'));
    let calls = 0;
    first?.onEnd(() => (calls += 1))();
    lives.apply([]);
    expect([calls, first?.end]).toEqual([0, 'left']);
    lives.apply([worker('a')]);
    expect(lives.of(workerId('a'))?.end).toBeNull();
  });
});

import { describe, expect, it } from 'vitest';
import { VirtualTime } from './virtual-time.js';

describe('VirtualTime', () => {
  it('runs at its rate from 0', () => {
    const time = new VirtualTime(10, 1000);
    expect([time.at(1000), time.at(1002.5)]).toEqual([0, 25]);
  });

  it('says how long a moment is away in real time', () => {
    const time = new VirtualTime(4, 0);
    expect([time.realMsUntil(20, 1), time.realMsUntil(20, 9)]).toEqual([4, 0]);
  });

  it('does not jump when the rate changes, and stands at rate 0', () => {
    const time = new VirtualTime(10, 0);
    time.setRate(0, 5);
    expect([time.at(5), time.at(500), time.realMsUntil(51, 500)]).toEqual([50, 50, Infinity]);
    time.setRate(2, 500);
    expect([time.at(501), time.realMsUntil(54, 501)]).toEqual([52, 1]);
  });
});

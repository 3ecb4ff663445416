import { describe, expect, it } from 'vitest';
import { nearest } from './nearest.js';

describe('nearest()', () => {
  const flags = ['http-port', 'http-host', 'log-level', 'model'];

  it('finds the word that was meant', () => {
    expect(nearest('htp-port', flags)).toBe('http-port');
    expect(nearest('loglevel', flags)).toBe('log-level');
    expect(nearest('modle', flags)).toBe('model');
  });

  it('suggests nothing when nothing is close', () => {
    expect(nearest('temperature', flags)).toBeNull();
    expect(nearest('x', [])).toBeNull();
  });

  it('prefers the earlier of two that are equally close', () => {
    expect(nearest('http-', flags)).toBeNull();
    expect(nearest('http-pos', flags)).toBe('http-port');
    expect(nearest('aab', ['aaa', 'bab'])).toBe('aaa');
  });
});

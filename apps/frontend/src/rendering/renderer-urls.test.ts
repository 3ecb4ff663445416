import { VirtualClock } from '@kvasir/testkit';
import { describe, expect, it } from 'vitest';
import { RendererUrls, REST_MS, ROUTE_MEMORY_MS } from './renderer-urls.js';

describe('RendererUrls', () => {
  it('goes round, and asks those last that have failed of late', () => {
    const clock = new VirtualClock();
    const urls = new RendererUrls(clock);
    const first = (): string | undefined => urls.inOrder(['a', 'b'])[0];
    expect(new Set([first(), first()])).toEqual(new Set(['a', 'b']));
    urls.failed('a');
    expect([urls.inOrder(['a', 'b']), urls.inOrder(['a', 'b'])]).toEqual([
      ['b', 'a'],
      ['b', 'a'],
    ]);
    clock.advance(REST_MS);
    expect(new Set([first(), first()])).toEqual(new Set(['a', 'b']));
  });

  it('tries the routes in turn, and after a while again', () => {
    const clock = new VirtualClock();
    const urls = new RendererUrls(clock);
    urls.lacks('a', 'render');
    expect([urls.routeOf('a'), urls.routeOf('b')]).toEqual(['tokenize', 'render']);
    urls.lacks('a', 'tokenize');
    expect(urls.routeOf('a')).toBeNull();
    clock.advance(ROUTE_MEMORY_MS);
    expect(urls.routeOf('a')).toBe('render');
  });
});

import { createLogger } from '@kvasir/service';
import { describe, expect, it, vi } from 'vitest';
import { probeRequests } from './probe-conversations.js';
import { promptShape } from './prompt-shape.js';
import { ShapeBook } from './shape-book.js';
import { proveShapes } from './shape-proof.js';

function book(): { readonly shapes: ShapeBook; readonly warn: ReturnType<typeof vi.spyOn> } {
  const logger = createLogger({ name: 'test', level: 'silent' });
  return {
    shapes: new ShapeBook(logger),
    warn: vi.spyOn(logger, 'warn').mockImplementation(() => undefined),
  };
}

const ids = Promise.resolve(Uint32Array.of(1, 2));

describe('proveShapes', () => {
  it('leaves to the engine what differs, and all that has the same feature; told once', async () => {
    const { shapes, warn } = book();
    await proveShapes('m', shapes, {
      here: () => ids,
      engine: (request) => (promptShape(request) === 'chat+tools' ? Promise.resolve(Uint32Array.of(1)) : ids),
    });
    expect(
      ['chat', 'completion', 'chat+system', 'chat+tools', 'chat+tools+system'].map((shape) =>
        shapes.isOfEngine(shape),
      ),
    ).toEqual([false, false, false, true, true]);
    shapes.contradicted({ shape: 'chat+tools', reason: 'usage', ownTokens: 1, engineTokens: 2 });
    expect(warn).toHaveBeenCalledTimes(1);
    expect(shapes.sources().get('chat+system')).toBe('here');
    shapes.clear();
    expect([shapes.isOfEngine('chat+tools'), shapes.sources().get('chat')]).toEqual([false, null]);
  });

  it('proves nothing by what one of the two cannot render', async () => {
    const { shapes } = book();
    await proveShapes('m', shapes, { here: () => ids, engine: () => Promise.resolve(null) });
    expect(shapes.sources().size).toBe(0);
  });

  it('leaves every conversation to the engine when the simplest one differs', () => {
    const { shapes } = book();
    shapes.contradicted({ shape: 'chat', reason: 'probe', ownTokens: 1, engineTokens: 2 });
    expect([shapes.isOfEngine('chat+parts'), shapes.isOfEngine('completion')]).toEqual([true, false]);
  });

  it('probes each feature alone', () => {
    const shapes = probeRequests('m').map((request) => promptShape(request));
    expect(new Set(shapes)).toEqual(
      new Set([
        'completion',
        'chat',
        ...['tools', 'toolCalls', 'parts', 'system', 'developer', 'reasoning', 'variables', 'continued'].map(
          (name) => `chat+${name}`,
        ),
      ]),
    );
  });
});

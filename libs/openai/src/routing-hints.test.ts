import { describe, expect, it } from 'vitest';
import { parseCompletionRequest } from './parse-completion-request.js';

const parse = (nvext: unknown) =>
  parseCompletionRequest(Buffer.from(JSON.stringify({ model: 'm', prompt: [1], nvext })));

describe('what a request says under nvext', () => {
  it('is read where it is known, and left alone where it is not', () => {
    const reading = parse({
      router: { ttft_target: 0, itl_target: 12.5, other: 'x' },
      agent_hints: { priority: -3 },
      session_control: { session_id: 's-1' },
      annotations: ['x'],
    });
    expect(reading).toMatchObject({
      kind: 'ok',
      request: { hints: { ttftTargetMs: 0, itlTargetMs: 12.5, priority: -3, sessionId: 's-1' } },
    });
    expect(parse(undefined)).toMatchObject({
      kind: 'ok',
      request: { hints: { ttftTargetMs: null, sessionId: null } },
    });
  });

  it.each([
    [{ router: { ttft_target: -1 } }, 'nvext.router.ttft_target'],
    [{ router: { itl_target: '5' } }, 'nvext.router.itl_target'],
    [{ router: 5 }, 'nvext.router'],
    [{ agent_hints: { priority: 1.5 } }, 'nvext.agent_hints.priority'],
    [{ session_control: { session_id: 'x'.repeat(257) } }, 'nvext.session_control.session_id'],
    ['all', 'nvext'],
  ])('is refused when it is wrong: %j', (nvext, param) => {
    expect(parse(nvext)).toMatchObject({ kind: 'invalid', error: { param } });
  });
});

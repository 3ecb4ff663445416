import { describe, expect, it } from 'vitest';
import { tokenIdCount } from './token-id-count.js';

describe('tokenIdCount()', () => {
  it.each([
    ['{"choices":[{"text":"a"}]}', null],
    ['{"choices":[{"text":"a","token_ids":null}]}', null],
    ['{"choices":[{"text":"a","token_ids":[]}]}', 0],
    ['{"choices":[{"text":"a","token_ids": [ 7 ]}]}', 1],
    ['{"choices":[{"token_ids":[1,22,333]},{"token_ids":[4]}]}', 4],
    // Those of the prompt are no output.
    ['{"prompt_token_ids":[1,2,3],"choices":[{"token_ids":[4]}]}', 1],
    ['{"text":"\\"token_ids\\":[1,2]"}', null],
    ['{"token_ids":[1,2', null],
  ])('counts %s as %j', (text, count) => expect(tokenIdCount(text)).toBe(count));
});

import { bench, describe } from 'vitest';
import { ENGINE_OPTIONS_DEFAULT, SimulatedEngine } from '../src/index.js';

const PROMPT_TOKENS = 12_000;
const OUTPUT_TOKENS = 340;

let count = 0;
let nowMs = 0;
const source = { next: () => count++ & 1023, isEnded: false };

function submit(engine: SimulatedEngine, shape: { prompt: number; output: number; from: number }): void {
  const tokens = new Uint32Array(shape.prompt);
  for (let at = 0; at < tokens.length; at += 1) tokens[at] = shape.from + at;
  const id = String(count++);
  const role = { kind: 'whole' as const };
  engine.submit({ id, tokens, namespace: {}, outputTokensMax: shape.output, role, source }, nowMs);
}

/** Runs to the end, 100 ms at a time. */
function settle(engine: SimulatedEngine): void {
  while (engine.nextWakeMs() !== null) engine.advance((nowMs += 100));
}

describe('a request in the mean shape of a conversation trace, alone (divide by 340 for a step of one)', () => {
  const engine = new SimulatedEngine(ENGINE_OPTIONS_DEFAULT, 0);
  bench('12,000 prompt tokens not cached, 340 output tokens', () => {
    submit(engine, { prompt: PROMPT_TOKENS, output: OUTPUT_TOKENS, from: (count += PROMPT_TOKENS) });
    settle(engine);
  });
  bench('12,000 prompt tokens cached, 1 output token', () => {
    submit(engine, { prompt: PROMPT_TOKENS, output: 1, from: 7 });
    settle(engine);
  });
});

describe('256 requests at once (divide by 65,536 for a token)', () => {
  const engine = new SimulatedEngine(ENGINE_OPTIONS_DEFAULT, 0);
  bench('64 prompt tokens and 256 output tokens each', () => {
    for (let each = 0; each < 256; each += 1)
      submit(engine, { prompt: 64, output: 256, from: (count += 64) });
    settle(engine);
  });
});

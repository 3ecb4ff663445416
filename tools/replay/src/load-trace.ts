import { readFileSync } from 'node:fs';
import { generateTrace } from './generated-trace.js';
import { readMooncakeTrace } from './mooncake-trace.js';
import type { TraceReading } from './mooncake-trace.js';
import type { ReplayValues } from './options.js';

/** The trace that the options ask for. */
export function loadTrace({ trace, generate, requests, seed }: ReplayValues): TraceReading {
  if (trace === null)
    return { kind: 'ok', requests: generateTrace(generate, { requestCount: requests, seed }) };
  let text: string;
  try {
    text = readFileSync(trace, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { kind: 'invalid', problem: `Cannot read the trace: ${reason}` };
  }
  const reading = readMooncakeTrace(text, requests);
  return reading.kind === 'ok'
    ? reading
    : { kind: 'invalid', problem: `Cannot play ${trace}: ${reading.problem}` };
}

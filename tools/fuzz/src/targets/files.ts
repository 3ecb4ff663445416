import { readEngines } from '@kvasir/engine-watch';
import { readWorkersFile } from '@kvasir/registry';
import { parse, YAMLError } from 'yaml';
import { mustHold } from '../fuzz-target.js';
import type { FuzzTarget } from '../fuzz-target.js';

/** Of all problems of a file together. */
const PROBLEM_CHARS_MAX = 1_048_576;

export const engineFiles: FuzzTarget = {
  name: 'engine-files',
  shape: 'text',
  seeds: () => [
    Buffer.from(
      "engines:\n  - {url: 'http://a:1', workerId: e1, kvEvents: 'tcp://a:2', kvReplay: 'tcp://a:3', kvCopies: single}\n  - url: http://b:1\n    engine: sglang\n    role: prefill\n    blockSize: 16\n    taints: [a, b]\n    loraNames: ['*']\n    dataParallelRanks: 4\n",
    ),
    Buffer.from('engines: [&a {url: "http://a:1"}, *a]\n'),
  ],
  run(input) {
    let document: unknown;
    try {
      document = parse(Buffer.from(input).toString());
    } catch (error) {
      // What the reader of the file names as its problem.
      mustHold(
        error instanceof YAMLError || error instanceof ReferenceError,
        `a file that is none: ${String(error)}`,
      );
      return;
    }
    const reading = readEngines(document, 'engines.yaml');
    if (reading.kind === 'invalid') checkProblems(reading.problems);
  },
};

export const workerFiles: FuzzTarget = {
  name: 'worker-files',
  shape: 'text',
  seeds: () => [
    Buffer.from(
      'workers:\n  - workerId: w1\n    endpoint: kvasir.decode.generate\n    url: http://a:1\n    model: m\n    blockSize: 16\n    contextTokensMax: 4096\nrouters:\n  - {routerId: r1, endpoint: kvasir.prefill.generate, address: "a:1"}\n',
    ),
  ],
  run(input) {
    const reading = readWorkersFile(Buffer.from(input).toString());
    if (reading.kind === 'invalid') checkProblems(reading.problems);
  },
};

function checkProblems(problems: readonly string[]): void {
  mustHold(problems.length > 0, 'what is invalid says why');
  mustHold(problems.join('').length < PROBLEM_CHARS_MAX, 'problems are bounded');
}

import { homedir } from 'node:os';
import { join } from 'node:path';
import { defineOptions } from '@kvasir/service';
import type { OptionValues } from '@kvasir/service';
import { VLLM_VERSION } from './python-environment.js';

export const sceneNames = ['direct', 'eviction', 'agents', 'disaggregated'] as const;

/** Options of `npm run e2e:vllm`. */
export const e2eVllmOptions = defineOptions({
  program: 'e2e-vllm',
  summary: 'Puts Kvasir before real vLLM engines on CPUs and compares what it expects with what they say.',
  options: {
    scenes: {
      kind: 'strings',
      default: [],
      doc: `What is set up; everything by default: ${sceneNames.join(', ')}.`,
    },
    environment: {
      kind: 'string',
      default: join(homedir(), '.cache', 'kvasir', `vllm-${VLLM_VERSION}`),
      doc: 'Folder of the Python environment; made when it is not there.',
    },
    python: {
      kind: 'string',
      default: 'python3',
      doc: 'Python (3.10 to 3.13) that makes the environment.',
    },
    folder: {
      kind: 'string',
      default: null,
      doc: 'Folder for the model and the logs; a temporary one by default.',
    },
  },
  check: ({ scenes }) =>
    scenes
      .filter((name) => !sceneNames.some((known) => known === name))
      .map((name) => `--scenes does not know ${JSON.stringify(name)}: it takes ${sceneNames.join(', ')}`),
});

export type E2eVllmValues = OptionValues<typeof e2eVllmOptions.options>;

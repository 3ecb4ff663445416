import { engineKinds } from '@kvasir/engine-watch';
import { defineOptions } from '@kvasir/service';
import type { OptionValues } from '@kvasir/service';

/** Every setting of the doctor. */
export const doctorOptions = defineOptions({
  program: 'doctor',
  summary: 'Says what is wrong with a deployment or an engine, and what to do about it.',
  options: {
    url: {
      kind: 'strings',
      default: [],
      doc: 'Frontends, and admin ports of routers and engine agents, e.g. http://127.0.0.1:8000.',
    },
    engineUrl: { kind: 'string', default: null, doc: 'An engine itself, e.g. http://gpu-7:8000.' },
    engine: {
      kind: 'choice',
      choices: engineKinds,
      default: 'vllm',
      doc: 'What that engine is.',
      group: 'Engine',
    },
    engineApiKeyFile: {
      kind: 'string',
      default: null,
      doc: "File whose first line is the key of the engine's API.",
      group: 'Engine',
    },
    engineApiKeyEnv: {
      kind: 'string',
      default: null,
      doc: 'Name of a variable with that key.',
      group: 'Engine',
    },
    kvEvents: {
      kind: 'string',
      default: null,
      doc: 'Where the engine publishes KV events, e.g. tcp://gpu-7:5557.',
      group: 'Engine',
    },
    kvTopic: { kind: 'string', default: '', doc: 'Topic of its events.', group: 'Engine' },
    probe: {
      kind: 'boolean',
      default: true,
      doc: 'Let the engine compute a small prompt of token ids, twice, to see what it tells of it.',
      group: 'Engine',
    },
    json: { kind: 'boolean', default: false, doc: 'Print data instead of text.' },
  },
  check: ({ url, engineUrl, engineApiKeyFile, engineApiKeyEnv }) => [
    ...(url.length === 0 && engineUrl === null ? ['Give --url or --engine-url'] : []),
    ...(engineApiKeyFile !== null && engineApiKeyEnv !== null
      ? ['Give either --engine-api-key-file or --engine-api-key-env']
      : []),
  ],
});

export type DoctorValues = OptionValues<typeof doctorOptions.options>;

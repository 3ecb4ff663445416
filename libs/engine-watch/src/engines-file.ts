import { readFileSync } from 'node:fs';
import { copyRules } from '@kvasir/engine-events';
import { parse } from 'yaml';
import { engineKinds, readEngineSettings } from './engine-config.js';
import type { EngineConfig, EngineSettings } from './engine-config.js';

export type EnginesReading =
  | { readonly kind: 'ok'; readonly engines: readonly EngineConfig[] }
  | { readonly kind: 'invalid'; readonly problems: readonly string[] };

type Fields = Readonly<Record<string, unknown>>;

/** What each setting must be; the names are those of the flags, in camelCase. */
const SETTINGS = {
  engine: (value: unknown) => engineKinds.some((kind) => kind === value),
  url: isText,
  apiKeyFile: isText,
  apiKeyEnv: isText,
  kvEvents: isText,
  kvReplay: isText,
  kvTopic: isText,
  kvCopies: (value: unknown) => copyRules.some((rule) => rule === value),
  dataParallelRanks: isCount,
  role: (value: unknown) => value === 'prefill' || value === 'decode' || value === 'both',
  endpoint: isText,
  workerId: isText,
  model: isText,
  blockSize: isCount,
  contextTokensMax: isCount,
  tokenizerPath: isText,
  taints: isTextList,
  loraNames: isTextList,
} as const satisfies Readonly<Record<keyof EngineSettings, (value: unknown) => boolean>>;

const DEFAULTS: Omit<EngineSettings, 'url'> = {
  engine: 'vllm',
  apiKeyFile: null,
  apiKeyEnv: null,
  kvEvents: null,
  kvReplay: null,
  kvTopic: '',
  kvCopies: null,
  dataParallelRanks: 1,
  role: 'both',
  endpoint: null,
  workerId: null,
  model: null,
  blockSize: null,
  contextTokensMax: null,
  tokenizerPath: null,
  taints: [],
  loraNames: [],
};

/**
 * Reads a file of engines, with every problem at once.
 * @param enginesMin 0 also takes an empty list: the last engine was taken out.
 */
export function readEnginesFile(path: string, enginesMin: 0 | 1 = 1): EnginesReading {
  try {
    return readEngines(parse(readFileSync(path, 'utf8')), path, enginesMin);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { kind: 'invalid', problems: [`Cannot read ${path}: ${reason}`] };
  }
}

export function readEngines(document: unknown, path: string, enginesMin: 0 | 1 = 1): EnginesReading {
  const list = isFields(document) ? document['engines'] : null;
  if (!Array.isArray(list) || list.length < enginesMin)
    return { kind: 'invalid', problems: [`${path} must have a list "engines" with at least one engine`] };
  const problems: string[] = [];
  const engines: EngineConfig[] = [];
  for (const [index, item] of list.entries()) {
    const where = `${path}: engines[${index}].`;
    const wrong = isFields(item) ? problemsOf(item, where) : [`${where} must be a map`];
    problems.push(...wrong);
    if (wrong.length > 0) continue;
    const reading = readEngineSettings(
      { ...DEFAULTS, ...(item as EngineSettings) },
      (setting) => `${where}${setting}`,
    );
    if (reading.kind === 'ok') engines.push(reading.config);
    else problems.push(...reading.problems);
  }
  const ids = engines.map(({ workerId }) => workerId);
  for (const id of new Set(ids.filter((id, index) => ids.indexOf(id) !== index)))
    problems.push(`${path}: two engines have the workerId "${id}"`);
  return problems.length === 0 ? { kind: 'ok', engines } : { kind: 'invalid', problems };
}

function problemsOf(item: Fields, where: string): string[] {
  const problems = Object.entries(item).flatMap(([name, value]) => {
    if (!Object.hasOwn(SETTINGS, name)) return [`${where}${name} is no setting`];
    return SETTINGS[name as keyof EngineSettings](value)
      ? []
      : [`${where}${name} cannot be ${JSON.stringify(value)}`];
  });
  return item['url'] === undefined ? [...problems, `${where}url is missing`] : problems;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isTextList(value: unknown): boolean {
  return Array.isArray(value) && value.every(isText);
}

function isCount(value: unknown): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

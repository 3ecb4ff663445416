import type { WorkerRecord } from '@kvasir/contract';
import type { ModelCard, ModelList } from '@kvasir/openai';
import type { EndpointDirectory } from './directory.js';

const OWN_CARD = { object: 'model', owned_by: 'kvasir', permission: [] } as const;
const MS_PER_S = 1000;
/** Incarnations begin with their birth, as 12 hex digits of ms since 1970. */
const BIRTH = /^([0-9a-f]{12})-/;

/** Every name that a client can ask for: models under all their names, and adapters. A name that two pools serve is listed once. */
export function modelList(directories: readonly EndpointDirectory[]): ModelList {
  const cards = new Map<string, ModelCard>();
  for (const directory of directories) {
    const { model, serving, contextTokensMax: max_model_len } = directory;
    if (model === null || serving.length === 0) continue;
    const card = { ...OWN_CARD, created: servedSinceS(serving), root: model };
    cards.set(model, { id: model, ...card, parent: null, max_model_len });
    for (const id of directory.otherNames) cards.set(id, { id, ...card, parent: null, max_model_len });
    for (const id of directory.loraNames)
      cards.set(id, { id, ...card, root: id, parent: model, max_model_len: null });
  }
  return { object: 'list', data: [...cards.values()] };
}

/** What a request that names no model is for while nobody has said what he serves: it is refused for lack of workers, not for lack of a name. */
const NOT_SAID = 'the only model';

/** The model of a request that names none, as engines take it; null when there are several to choose from. */
export function onlyModel(directories: readonly EndpointDirectory[]): string | null {
  const models = new Set(directories.flatMap(({ model }) => model ?? []));
  const [model = NOT_SAID] = models;
  return models.size > 1 ? null : model;
}

/** Since when the oldest worker serves, in seconds since 1970: the same on every frontend. 0 when no worker's life says when it began. */
function servedSinceS(workers: readonly WorkerRecord[]): number {
  const births = workers.flatMap(({ incarnation }) => {
    const birth = BIRTH.exec(incarnation)?.[1];
    return birth === undefined ? [] : [Number.parseInt(birth, 16)];
  });
  return births.length === 0 ? 0 : Math.floor(Math.min(...births) / MS_PER_S);
}

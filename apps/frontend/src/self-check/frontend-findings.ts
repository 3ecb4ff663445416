import { hostname } from 'node:os';
import {
  answerFindings,
  modelFindings,
  neighbourFindings,
  prefillFindings,
  routerFindings,
  workerFindings,
} from '@kvasir/self-check';
import type { AnswerWindow, Finding } from '@kvasir/self-check';
import type { RouterHop } from '../router-hop.js';
import type { PromptTokens } from '../serving/prompt-tokens.js';
import type { WorkerPool } from '../worker-pool.js';
import type { Neighbours } from './neighbours.js';

/** What the self-check of a frontend looks at. */
export interface CheckedFrontend {
  readonly namespace: string;
  readonly decode: Pick<WorkerPool, 'directory' | 'findings'>;
  readonly aggregated: Pick<WorkerPool, 'directory' | 'findings'>;
  readonly prefill: Pick<RouterHop, 'directory' | 'silentRouters'>;
  readonly prompts: Pick<PromptTokens, 'tokenizerFor'>;
  readonly neighbours: Pick<Neighbours, 'all'>;
  readonly answers: AnswerWindow;
  readonly epochMs: () => number;
}

/** What is wrong with a frontend and with what it sees, now. */
export function frontendFindings(seen: CheckedFrontend): readonly Finding[] {
  const { decode, aggregated, prefill, prompts, epochMs } = seen;
  const generating = [decode.directory, aggregated.directory];
  const directories = [...generating, prefill.directory];
  const workers = directories.flatMap((directory) => directory.all());
  const ids = new Set<string>(workers.map(({ workerId }) => workerId));
  seen.answers.retain((workerId) => ids.has(workerId));
  const { endpoint, routers } = prefill.directory;
  return [
    ...generating.flatMap(({ model, tokenizerPath }) =>
      model === null ? [] : modelFindings({ model, ...prompts.tokenizerFor(tokenizerPath) }),
    ),
    ...workerFindings(workers, { hostName: hostname(), epochMs: epochMs() }),
    ...directories.flatMap((directory) => routerFindings(directory.routers)),
    ...prefillFindings({
      endpoint,
      routers,
      workers: prefill.directory.all(),
      silentRouters: prefill.silentRouters(),
    }),
    ...answerFindings(seen.answers),
    ...decode.findings(),
    ...aggregated.findings(),
    ...neighbourFindings({
      namespace: seen.namespace,
      generatingWorkers: generating.reduce((sum, directory) => sum + directory.all().length, 0),
      others: othersOf(seen),
    }),
  ];
}

function othersOf({ prefill, neighbours, namespace }: CheckedFrontend) {
  const { length } = prefill.directory.all();
  return [{ name: `${namespace}.prefill.generate`, workers: length }, ...neighbours.all()];
}

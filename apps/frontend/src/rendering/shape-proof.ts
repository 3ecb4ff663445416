import type { PromptRequest } from '@kvasir/openai';
import { probeRequests } from './probe-conversations.js';
import { promptShape } from './prompt-shape.js';
import type { ShapeBook } from './shape-book.js';

/** Ids of a probe; null when there are none to be had. */
export type RenderProbe = (request: PromptRequest) => Promise<Uint32Array | null>;

/** Renders every probe here and by the engine, and writes down what differs. What one of the two cannot render proves nothing. */
export async function proveShapes(
  model: string,
  book: ShapeBook,
  { here, engine }: { readonly here: RenderProbe; readonly engine: RenderProbe },
): Promise<void> {
  for (const request of probeRequests(model)) {
    const [own, theirs] = await Promise.all([here(request), engine(request)]);
    if (own === null || theirs === null) continue;
    const shape = promptShape(request);
    if (areEqual(own, theirs)) book.proved(shape);
    else book.contradicted({ shape, reason: 'probe', ownTokens: own.length, engineTokens: theirs.length });
  }
}

function areEqual(one: Uint32Array, other: Uint32Array): boolean {
  return one.length === other.length && one.every((id, index) => id === other[index]);
}

import type { FastifyInstance } from 'fastify';
import type { Adapters } from '../adapters.js';
import { readFields, sendError } from './body-fields.js';

/** Loads and unloads adapters, as vLLM with `VLLM_ALLOW_RUNTIME_LORA_UPDATING`. There is nothing to load: the path is not looked at. */
export function addAdapterRoutes(server: FastifyInstance, adapters: Adapters): void {
  addRoute(server, '/v1/load_lora_adapter', (name) =>
    adapters.load(name)
      ? { kind: 'done', said: `Success: LoRA adapter '${name}' added successfully.` }
      : { kind: 'refused', status: 400, said: `The lora adapter '${name}' has already been loaded.` },
  );
  addRoute(server, '/v1/unload_lora_adapter', (name) =>
    adapters.unload(name)
      ? { kind: 'done', said: `Success: LoRA adapter '${name}' removed successfully.` }
      : { kind: 'refused', status: 404, said: `The lora adapter '${name}' cannot be found.` },
  );
}

type Outcome =
  | { readonly kind: 'done'; readonly said: string }
  | { readonly kind: 'refused'; readonly status: number; readonly said: string };

function addRoute(server: FastifyInstance, path: string, change: (name: string) => Outcome): void {
  server.post(path, (request, reply) => {
    const fields = readFields(request.body, reply);
    if (fields === null) return reply;
    const name = fields['lora_name'];
    if (typeof name !== 'string' || name === '')
      return sendError(reply, 400, `'lora_name' must be a text that is not empty`);
    const outcome = change(name);
    return outcome.kind === 'done'
      ? reply.send(outcome.said)
      : sendError(reply, outcome.status, outcome.said);
  });
}

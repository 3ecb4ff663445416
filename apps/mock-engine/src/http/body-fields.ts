import { readJsonBody, REQUEST_LIMITS } from '@kvasir/openai';
import type { FastifyReply } from 'fastify';
import { vllmApi } from '../dialects/vllm.js';
import { engineError } from './engine-error.js';

/** The members of a JSON body; null when it is none, and then the reply is sent. */
export function readFields(body: unknown, reply: FastifyReply): Readonly<Record<string, unknown>> | null {
  const reading = readJsonBody(body instanceof Uint8Array ? body : new Uint8Array(0), REQUEST_LIMITS);
  // An engine needs all of them, as values.
  if (reading.kind === 'ok')
    return JSON.parse(reading.body.bytes.toString('utf8')) as Record<string, unknown>;
  void sendError(reply, 400, reading.error.message);
  return null;
}

/** In vLLM's shape: its routes, and the mock's own, are the ones with such bodies. */
export function sendError(reply: FastifyReply, status: number, message: string): FastifyReply {
  return reply.code(status).send(vllmApi.errorBody(engineError(status, message)));
}

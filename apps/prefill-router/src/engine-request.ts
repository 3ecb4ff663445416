import type { WorkerRecord } from '@kvasir/contract';
import { dialectOf } from '@kvasir/engines';
import type { EngineRequest, ServingRequest } from '@kvasir/engines';
import { parseCompletionRequest, readJsonBody, REQUEST_LIMITS, spliceJson } from '@kvasir/openai';
import type { JsonBody } from '@kvasir/openai';
import { rpcError } from '@kvasir/rpc';
import type { GenerateRequest, RouterPrompt } from '@kvasir/rpc';
import type { RequestId } from '@kvasir/units';

const TRANSFER_PARAMS = 'kv_transfer_params';
const EMPTY_OBJECT = Buffer.from('{}');
const NULL = Buffer.from('null');

/** The engine's own fields of a request, checked to be a JSON object. */
export type SamplingFields = JsonBody;

/** @throws RpcError `RPC_INVALID_FIELD` unless it is a JSON object in UTF-8, or empty. */
export function readSampling(request: GenerateRequest): SamplingFields {
  const json = request.samplingJson.length === 0 ? EMPTY_OBJECT : request.samplingJson;
  const reading = readJsonBody(json, REQUEST_LIMITS);
  if (reading.kind === 'ok') return reading.body;
  throw rpcError('RPC_INVALID_FIELD', `Cannot read sampling_json: ${reading.error.message}`);
}

/**
 * The request for the chosen engine: a streamed completion of the token ids, with the caller's fields byte for byte. What routing decides (model,
 * prompt, streaming, salt) wins over what the caller put among them.
 * @throws RpcError `RPC_INVALID_FIELD` for fields that no engine would take, for media, and for a hand-over that the chosen engine cannot fetch.
 */
export function engineRequest(options: {
  readonly requestId: RequestId;
  readonly prompt: RouterPrompt;
  readonly sampling: SamplingFields;
  readonly worker: WorkerRecord;
  readonly rank: number;
}): EngineRequest {
  const { requestId, prompt, sampling, worker } = options;
  if ((prompt.media?.length ?? 0) > 0)
    throw rpcError(
      'RPC_INVALID_FIELD',
      'Cannot send the request to an engine: token ids do not carry media; use FindBestWorker and send them yourself',
    );
  const dialect = dialectOf(worker.dialect);
  const reading = parseCompletionRequest(completionBody(prompt, sampling, worker.model));
  if (reading.kind === 'invalid')
    throw rpcError('RPC_INVALID_FIELD', `Cannot send the request to an engine: ${reading.error.message}`);
  const serving: ServingRequest = {
    request: reading.request,
    requestId,
    forwardedHeaders: [],
    asksForUsage: false,
  };
  const rank = worker.rankCount > 1 ? options.rank : null;
  // Dialects drop a client's transfer parameters; those of a caller of this service are part of its contract.
  const json = transferParams(sampling);
  if (json === null) return dialect.aggregatedLeg(serving, rank);
  if (dialect.handover === null)
    throw rpcError(
      'RPC_INVALID_FIELD',
      `Cannot send ${TRANSFER_PARAMS} to ${worker.workerId}: ${worker.dialect} engines do not fetch by them`,
    );
  return dialect.handover.decodeLeg(serving, { dialect: worker.dialect, json }, rank);
}

function completionBody(prompt: RouterPrompt, sampling: SamplingFields, model: string): Buffer {
  const { tokens, loraName, cacheSalt } = prompt;
  const salt = cacheSalt === undefined ? null : JSON.stringify(cacheSalt);
  return spliceJson(sampling.bytes, sampling.members(), {
    set: {
      // Engines address an adapter as a model of its own.
      model: JSON.stringify(loraName ?? model),
      prompt: `[${tokens.join(',')}]`,
      stream: 'true',
      ...(salt === null ? {} : { cache_salt: salt }),
    },
    remove: salt === null ? ['cache_salt'] : [],
  });
}

function transferParams(sampling: SamplingFields): Buffer | null {
  const json = sampling.raw(TRANSFER_PARAMS);
  return json === null || json.equals(NULL) ? null : json;
}

/** Where blocks are that a prefill engine keeps: vLLM's `kv_transfer_params` of its NIXL connector in pull mode. */
export interface RemoteBlocks {
  readonly engineId: string;
  readonly requestId: string;
  readonly host: string;
  readonly port: number;
}

export type TransferWish =
  /** An ordinary request. */
  | { readonly kind: 'none' }
  /** Compute the prompt and keep its blocks. */
  | { readonly kind: 'keep' }
  /** Get the prompt's blocks from there. */
  | { readonly kind: 'fetch'; readonly from: RemoteBlocks }
  /** Asks to fetch but does not say from where: computed here, as vLLM does, with a warning. */
  | { readonly kind: 'incomplete'; readonly missing: readonly string[] };

/** Reads `kv_transfer_params` of a request; absent or null is an ordinary one. */
export function readTransferWish(value: unknown): TransferWish {
  if (typeof value !== 'object' || value === null) return { kind: 'none' };
  const fields = value as Readonly<Record<string, unknown>>;
  if (fields['do_remote_decode'] === true) return { kind: 'keep' };
  if (fields['do_remote_prefill'] !== true) return { kind: 'none' };
  const engineId = fields['remote_engine_id'];
  const requestId = fields['remote_request_id'];
  const host = fields['remote_host'];
  const port = fields['remote_port'];
  const missing: string[] = [];
  if (typeof engineId !== 'string') missing.push('remote_engine_id');
  if (typeof requestId !== 'string') missing.push('remote_request_id');
  if (typeof host !== 'string') missing.push('remote_host');
  if (typeof port !== 'number') missing.push('remote_port');
  if (
    typeof engineId === 'string' &&
    typeof requestId === 'string' &&
    typeof host === 'string' &&
    typeof port === 'number'
  ) {
    return { kind: 'fetch', from: { engineId, requestId, host, port } };
  }
  return { kind: 'incomplete', missing };
}

/** What the prefill engine answers with. */
export function keptParams(
  kept: RemoteBlocks & { readonly blocks: readonly number[]; readonly promptTokens: number },
): Readonly<Record<string, unknown>> {
  return {
    do_remote_prefill: true,
    do_remote_decode: false,
    remote_block_ids: [kept.blocks],
    remote_engine_id: kept.engineId,
    remote_request_id: kept.requestId,
    remote_host: kept.host,
    remote_port: kept.port,
    tp_size: 1,
    remote_num_tokens: kept.promptTokens,
    transfer_mode: 'pull',
  };
}

import { EngineHttp } from '@kvasir/engine-watch';
import type { EngineAccess } from '@kvasir/engine-watch';
import { ApiKey } from '@kvasir/engines';
import type { ApiKeySource } from '@kvasir/engines';
import { engineFindings } from '@kvasir/self-check';
import type { CheckCode, Finding } from '@kvasir/self-check';
import { systemClock } from '@kvasir/service';
import { result } from './examination.js';
import type { Examination, Result } from './examination.js';
import { resultOf } from './found-results.js';
import type { DoctorValues } from './options.js';
import { probeEngineCache } from './probe-engine.js';
import type { ProbeOutcome } from './probe-engine.js';

const HEALTH_TIMEOUT_MS = 5_000;

type Facts = Awaited<ReturnType<EngineHttp['facts']>>;

/** Asks an engine that nobody need stand before what it is. Never rejects. */
export async function examineEngine(url: string, values: DoctorValues): Promise<Examination> {
  const http = new EngineHttp();
  try {
    const source = keySource(values);
    const apiKey = source === null ? null : new ApiKey(source, () => systemClock.nowMs());
    const engine: EngineAccess = { url: url.replace(/\/+$/, ''), dialect: values.engine, apiKey };
    return { address: url, results: await resultsOf(http, engine, values) };
  } finally {
    await http.close();
  }
}

async function resultsOf(
  http: EngineHttp,
  engine: EngineAccess,
  values: DoctorValues,
): Promise<readonly Result[]> {
  const health = await http.health(engine, HEALTH_TIMEOUT_MS);
  if (health.kind !== 'ok') {
    const seen =
      health.kind === 'status' ? `GET /health answers ${health.status}` : `GET /health: ${health.kind}`;
    return [
      result('error', 'it does not answer', seen, 'start the engine, or give the address that it listens on'),
    ];
  }
  const facts = await http.facts(engine);
  const model = facts.names?.[0] ?? null;
  const probed =
    model === null || !values.probe
      ? null
      : await probeEngineCache({
          ...values,
          engine,
          model,
          blockSize: facts.blockSize,
          prefixCaching: facts.prefixCaching,
          prng: Math.random,
        });
  const found = findingsOf(engine, facts, { values, probed });
  return [...inOrder(facts, { values, probed, found }), ...found.map(resultOf)];
}

interface Seen {
  readonly values: DoctorValues;
  /** Null when nothing was tried. */
  readonly probed: ProbeOutcome | null;
}

function findingsOf(engine: EngineAccess, facts: Facts, { values, probed }: Seen): readonly Finding[] {
  const { kvEvents } = values;
  const { modelsStatus, prefixCaching, blockSize } = facts;
  const found = engineFindings({
    workerId: new URL(engine.url).host,
    url: engine.url,
    isRegistered: true,
    refusal: null,
    rival: null,
    holder: 'the doctor',
    modelsStatus,
    hasApiKey: engine.apiKey !== null,
    hasKvEvents: kvEvents !== null,
    prefixCaching,
    ownBlockSize: blockSize,
    poolBlockSize: blockSize,
    sockets:
      kvEvents === null || probed === null
        ? []
        : [{ rank: 0, endpoint: kvEvents, wasConnected: probed.wasConnected }],
    account: { filledBlocks: 0, idleStores: 0 },
    leftOut: new Map(),
  });
  return [...found, ...(probed?.findings ?? [])];
}

/** Ticks, and what could not be seen. */
function inOrder(
  { names, blockSize, contextTokensMax, prefixCaching, modelsStatus }: Facts,
  { values, probed, found }: Seen & { readonly found: readonly Finding[] },
): readonly Result[] {
  const codes = new Set(found.map(({ code }) => code));
  const results = [result('ok', `it answers, as ${values.engine}`, null)];
  const tick = (code: CheckCode, title: string, isKnown: boolean): void => {
    if (codes.has(code)) return;
    results.push(isKnown ? result('ok', title, null) : result('unknown', `whether ${title}`, null));
  };
  if (names !== null) results.push(result('ok', `it serves ${names.join(', ')}`, null));
  else if (!codes.has('CHECK_API_KEY'))
    results.push(
      result('error', 'it does not say its model', `its list of models answers ${modelsStatus ?? 'nothing'}`),
    );
  if (blockSize !== null) results.push(result('ok', `its blocks have ${blockSize} tokens`, null));
  if (contextTokensMax !== null)
    results.push(result('ok', `its context has ${contextTokensMax} tokens`, null));
  tick('CHECK_PREFIX_CACHING_OFF', 'prefix caching is on', prefixCaching !== null);
  if (values.kvEvents !== null && !codes.has('CHECK_KV_EVENTS_NOT_CONNECTED'))
    tick('CHECK_KV_EVENTS_SILENT', 'KV events come when it computes', probed?.problem === null);
  if (probed !== null && probed.problem !== null)
    results.push(result('error', 'it does not generate', probed.problem, 'see its log'));
  tick(
    'CHECK_CACHED_NOT_REPORTED',
    probed?.cachedTokens === null || probed === null
      ? 'it reports cached tokens'
      : `it reports cached tokens (${probed.cachedTokens} the second time)`,
    probed?.problem === null && prefixCaching !== false,
  );
  return results;
}

function keySource({ engineApiKeyFile, engineApiKeyEnv }: DoctorValues): ApiKeySource | null {
  if (engineApiKeyFile !== null) return { kind: 'file', path: engineApiKeyFile };
  return engineApiKeyEnv === null ? null : { kind: 'env', name: engineApiKeyEnv };
}

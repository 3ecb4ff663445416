import { EngineHttp } from '@kvasir/engine-watch';
import type { EngineAccess } from '@kvasir/engine-watch';
import { ApiKey } from '@kvasir/engines';
import type { ApiKeySource } from '@kvasir/engines';
import { checks, engineFindings } from '@kvasir/self-check';
import type { CheckCode, WatchedEngine } from '@kvasir/self-check';
import { systemClock } from '@kvasir/service';
import { result } from './examination.js';
import type { Examination, Result } from './examination.js';
import { resultOf } from './found-results.js';
import type { DoctorValues } from './options.js';

const HEALTH_TIMEOUT_MS = 5_000;

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
  const observed: WatchedEngine = {
    workerId: new URL(engine.url).host,
    url: engine.url,
    isRegistered: true,
    hasKvEvents: values.kvEvents !== null,
    prefixCaching: facts.prefixCaching,
  };
  const found = engineFindings(observed);
  const codes = new Set(found.map(({ code }) => code));
  const inOrder = (code: CheckCode, title: string, isKnown = true): Result[] => {
    if (codes.has(code)) return [];
    return [
      isKnown ? result('ok', title, null) : result('unknown', checks[code].title, 'the engine does not say'),
    ];
  };
  return [
    result('ok', `it answers, as ${values.engine}`, null),
    ...inOrder('CHECK_PREFIX_CACHING_OFF', 'prefix caching is on', facts.prefixCaching !== null),
    ...inOrder('CHECK_NO_KV_EVENTS', 'KV events are named'),
    ...found.map(resultOf),
  ];
}

function keySource({ engineApiKeyFile, engineApiKeyEnv }: DoctorValues): ApiKeySource | null {
  if (engineApiKeyFile !== null) return { kind: 'file', path: engineApiKeyFile };
  return engineApiKeyEnv === null ? null : { kind: 'env', name: engineApiKeyEnv };
}

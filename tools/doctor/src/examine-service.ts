import { request } from 'undici';
import { result } from './examination.js';
import type { Examination, Result } from './examination.js';
import { resultOf } from './found-results.js';
import type { FindingText } from './found-results.js';

const TIMEOUT_MS = 5_000;

/** Asks a running program what its self-check has found. Never rejects. */
export async function examineService(url: string): Promise<Examination> {
  return { address: url, results: await resultsOf(url) };
}

async function resultsOf(url: string): Promise<readonly Result[]> {
  const answer = await readyOf(url);
  if (typeof answer === 'string')
    return [
      result('error', 'it does not answer', answer, 'start it, or give the address that it listens on'),
    ];
  const { status, body } = answer;
  const findings = body['findings'];
  if (!Array.isArray(findings) || (status !== 200 && status !== 503))
    return [
      result(
        'error',
        "it is none of Kvasir's programs",
        `GET ${url}/ready answers ${status} without findings`,
        'give the URL of a frontend, or the admin port of a router or an engine agent; an engine is --engine-url',
      ),
    ];
  const reason = typeof body['reason'] === 'string' ? body['reason'] : 'it does not say why';
  const ready =
    status === 200
      ? result('ok', 'it answers and is ready', null)
      : result('error', 'it is not ready', reason, 'see what is found below, and its log');
  const found = (findings as unknown[]).filter(isFinding).map(resultOf);
  return [
    ready,
    ...(found.length === 0 ? [result('ok', 'its self-check finds nothing wrong', null)] : found),
  ];
}

/** A sentence when nothing can be read. */
async function readyOf(
  url: string,
): Promise<string | { readonly status: number; readonly body: Readonly<Record<string, unknown>> }> {
  try {
    const answer = await request(`${url.replace(/\/+$/, '')}/ready`, {
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const text = await answer.body.text();
    return { status: answer.statusCode, body: fieldsOf(text) };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function fieldsOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
  } catch {
    return {};
  }
}

function isFinding(value: unknown): value is FindingText {
  if (typeof value !== 'object' || value === null) return false;
  const { code, severity, subject, message } = value as Partial<Record<keyof FindingText, unknown>>;
  return (
    typeof code === 'string' &&
    (severity === 'error' || severity === 'warning') &&
    typeof subject === 'string' &&
    typeof message === 'string'
  );
}

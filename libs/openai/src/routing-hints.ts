import type { RequestFields } from './request-fields.js';
import type { RoutingHints } from './requests.js';

const SESSION_ID_LENGTH_MAX = 256;

type Fields = Readonly<Record<string, unknown>>;

/** Reads what a request says under `nvext` of how it would like to be served. Parts that other programs read are left alone. */
export function readRoutingHints(fields: RequestFields): RoutingHints {
  const nvext = fields.record('nvext');
  const router = part(fields, nvext, 'router');
  const agent = part(fields, nvext, 'agent_hints');
  const session = part(fields, nvext, 'session_control');
  return {
    ttftTargetMs: target(fields, router?.['ttft_target'], 'nvext.router.ttft_target'),
    itlTargetMs: target(fields, router?.['itl_target'], 'nvext.router.itl_target'),
    priority: priority(fields, agent?.['priority']),
    sessionId: sessionId(fields, session?.['session_id']),
  };
}

function part(fields: RequestFields, nvext: Fields | null, name: string): Fields | null {
  const value = nvext?.[name] ?? null;
  if (value === null) return null;
  if (typeof value === 'object' && !Array.isArray(value)) return value as Fields;
  fields.reject('invalid_type', `'nvext.${name}' must be an object`, `nvext.${name}`);
  return null;
}

function target(fields: RequestFields, value: unknown, name: string): number | null {
  if (value === undefined || value === null) return null;
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value;
  fields.reject('invalid_value', `'${name}' must be a time in milliseconds, at least 0`, name);
  return null;
}

function priority(fields: RequestFields, value: unknown): number | null {
  if (value === undefined || value === null) return null;
  if (typeof value === 'number' && Number.isInteger(value) && Math.abs(value) < 2 ** 31) return value;
  fields.reject(
    'invalid_value',
    "'nvext.agent_hints.priority' must be a whole number",
    'nvext.agent_hints.priority',
  );
  return null;
}

function sessionId(fields: RequestFields, value: unknown): string | null {
  if (value === undefined || value === null || value === '') return null;
  if (typeof value === 'string' && value.length <= SESSION_ID_LENGTH_MAX) return value;
  const name = 'nvext.session_control.session_id';
  fields.reject(
    'invalid_value',
    `'${name}' must be text of at most ${SESSION_ID_LENGTH_MAX} characters`,
    name,
  );
  return null;
}

import { checks } from '@kvasir/self-check';
import type { Check, Finding } from '@kvasir/self-check';
import type { Result } from './examination.js';

/** A finding as a cross. One of a newer version than this is told as it came. */
export function resultOf({ code, severity, subject, message }: FindingText): Result {
  const check = (checks as Readonly<Record<string, Check>>)[code];
  const title = `${check?.title ?? code}: ${subject}`;
  const end = check === undefined ? '' : `; ${check.remedy}`;
  if (check === undefined || !message.endsWith(end))
    return { kind: severity, code, title, seen: message, remedy: null };
  return { kind: severity, code, title, seen: message.slice(0, -end.length), remedy: check.remedy };
}

/** A finding as another program tells it. */
export type FindingText = Omit<Finding, 'code'> & { readonly code: string };

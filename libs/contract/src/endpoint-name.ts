import type { EndpointName } from './records.js';

const PART = /^[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?$/;

/**
 * Parses `namespace.component.endpoint`. Each part is 1 to 63 of `a-z 0-9 _ -`, so that it can stand in a NATS subject and a Redis key.
 * @returns null when the text is not such a name.
 */
export function parseEndpointName(text: string): EndpointName | null {
  const parts = text.split('.');
  const [namespace, component, endpoint] = parts;
  if (parts.length !== 3 || namespace === undefined || component === undefined || endpoint === undefined)
    return null;
  if (!parts.every((part) => PART.test(part))) return null;
  return { namespace, component, endpoint };
}

/** The text that `parseEndpointName` reads. */
export function formatEndpointName(name: EndpointName): string {
  return `${name.namespace}.${name.component}.${name.endpoint}`;
}

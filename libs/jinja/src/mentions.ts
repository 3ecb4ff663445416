/** Whether a part of a template's tree reads a name anywhere. */
export function mentions(part: unknown, name: string): boolean {
  if (typeof part !== 'object' || part === null) return false;
  if ('kind' in part && part.kind === 'name' && 'name' in part && part.name === name) return true;
  return Object.values(part).some((inner: unknown) => mentions(inner, name));
}

/** No empty token, no white space, no wildcard. */
const SUBJECT = /^[^\s.*>]+(\.[^\s.*>]+)*$/;
const PATTERN = /^(\*|[^\s.*>]+)(\.(\*|[^\s.*>]+))*(\.>)?$/;

/** @throws TypeError when the text is no subject that can be published to. */
export function assertSubject(subject: string): void {
  if (!SUBJECT.test(subject))
    throw new TypeError(
      `Cannot use a subject: tokens must be non-empty and hold no space, "*" or ">", received ${JSON.stringify(subject)}`,
    );
}

/** Says whether a subject fits; its tokens are passed as well, so that one split serves many patterns. */
export type SubjectMatcher = (subject: string, tokens: readonly string[]) => boolean;

/**
 * `*` stands for one token, a final `>` for one or more.
 * @throws TypeError when the text is no pattern.
 */
export function compilePattern(pattern: string): SubjectMatcher {
  if (pattern === '>') return () => true;
  if (!PATTERN.test(pattern))
    throw new TypeError(`Cannot subscribe: not a subject pattern, received ${JSON.stringify(pattern)}`);
  const wanted = pattern.split('.');
  const takesRest = wanted.at(-1) === '>';
  if (!takesRest && !wanted.includes('*')) return (subject) => subject === pattern;
  const fixed = takesRest ? wanted.slice(0, -1) : wanted;
  return (_subject, tokens) =>
    (takesRest ? tokens.length > fixed.length : tokens.length === fixed.length) &&
    fixed.every((token, index) => token === '*' || token === tokens[index]);
}

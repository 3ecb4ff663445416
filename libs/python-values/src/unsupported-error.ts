/** Python has an answer here that this library cannot give. Never answered by a guess. */
export class UnsupportedError extends Error {
  constructor(
    /** What is missing, short and the same for each occurrence: it is counted and told once. */
    readonly what: string,
  ) {
    super(`${what} is not supported`);
  }
}

/** The template itself refuses what it was given: `raise_exception(…)`. */
export class RaisedError extends Error {}

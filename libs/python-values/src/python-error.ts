/** Python would raise here too: whoever renders the same with Python gets no text either. */
export class PythonError extends Error {
  constructor(
    /** The class that Python raises, such as `TypeError`. */
    readonly pythonType: string,
    message: string,
  ) {
    super(message);
  }
}

export function typeError(message: string): PythonError {
  return new PythonError('TypeError', message);
}

export function valueError(message: string): PythonError {
  return new PythonError('ValueError', message);
}

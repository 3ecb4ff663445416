import { PythonError, UnsupportedError } from '@kvasir/python-values';
import type { Value } from '@kvasir/python-values';
import type { Body } from './ast.js';
import { compileBody } from './compile-statement.js';

import { Frame } from './frame.js';
import type { Surroundings } from './frame.js';
import { globalFrame } from './globals.js';
import { parseTemplate } from './parse-template.js';
import { RaisedError } from './raised-error.js';
import type { Run } from './run.js';

/** What came of a rendering. `text` of a failure is what had been written before: the beginning of what Python would write. */
export type Rendered =
  | { readonly kind: 'text'; readonly text: string }
  /** The template refuses what it was given: `raise_exception`. */
  | { readonly kind: 'raised'; readonly text: string; readonly reason: string }
  /** Python raises an error here. */
  | { readonly kind: 'error'; readonly text: string; readonly reason: string }
  /** Python may have an answer that this library has not. */
  | { readonly kind: 'unsupported'; readonly text: string; readonly reason: string };

/** A chat template that renders as Python's Jinja does in the sandbox and with the settings of Hugging Face's `transformers`. */
export class Template {
  readonly body: Body;
  private readonly run: Run;

  /** @throws TemplateSyntaxError, UnsupportedError */
  constructor(readonly source: string) {
    this.body = parseTemplate(source);
    this.run = compileBody(this.body);
  }

  /** @param variables by name; never changed. */
  render(variables: ReadonlyMap<string, Value>, surroundings: Surroundings): Rendered {
    const frame = new Frame(globalFrame(surroundings), { chunks: [] });
    for (const [name, value] of variables) frame.set(name, value);
    try {
      this.run(frame.inner());
      return { kind: 'text', text: frame.text() };
    } catch (error) {
      return failure(error, frame.text());
    }
  }
}

function failure(error: unknown, text: string): Rendered {
  if (error instanceof RaisedError) return { kind: 'raised', text, reason: error.message };
  if (error instanceof PythonError)
    return { kind: 'error', text, reason: `${error.pythonType}: ${error.message}` };
  if (error instanceof UnsupportedError) return { kind: 'unsupported', text, reason: error.what };
  if (error instanceof RangeError)
    return { kind: 'unsupported', text, reason: 'a template that is nested so deep' };
  throw error;
}

import { readOptions } from '@kvasir/service';
import type { OptionSpecs, OptionTable, OptionValues } from '@kvasir/service';

/** What a program's options are when nothing is said. */
export function defaultsOf<Specs extends OptionSpecs>(options: OptionTable<Specs>): OptionValues<Specs> {
  const reading = readOptions(options, { argv: [], env: {} });
  if (reading.kind !== 'ok')
    throw new TypeError(`Cannot take the defaults of ${options.program}: they do not hold`);
  return reading.values;
}

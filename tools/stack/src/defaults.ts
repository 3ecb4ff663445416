import { readOptions } from '@kvasir/service';
import type { OptionSpecs, OptionTable, OptionValues } from '@kvasir/service';

/** What a program's options are when nothing is said but `given`, for options that must be given. */
export function defaultsOf<Specs extends OptionSpecs>(
  options: OptionTable<Specs>,
  given: Readonly<Record<string, string>> = {},
): OptionValues<Specs> {
  const argv = Object.entries(given).flatMap(([name, value]) => [`--${name}`, value]);
  const reading = readOptions(options, { argv, env: {} });
  if (reading.kind !== 'ok')
    throw new TypeError(`Cannot take the defaults of ${options.program}: they do not hold`);
  return reading.values;
}

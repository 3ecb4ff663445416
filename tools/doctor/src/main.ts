import { EXIT_BAD_CONFIGURATION, readOptions } from '@kvasir/service';
import { diagnose } from './doctor.js';
import { doctorOptions } from './options.js';

const reading = readOptions(doctorOptions, { argv: process.argv.slice(2), env: process.env });
switch (reading.kind) {
  case 'help':
    process.stdout.write(reading.text);
    break;
  case 'version':
    process.stdout.write('doctor 0.1.0\n');
    break;
  case 'invalid':
    process.stderr.write(`${reading.problems.join('\n')}\n`);
    process.exitCode = EXIT_BAD_CONFIGURATION;
    break;
  case 'ok': {
    const { text, exitCode } = await diagnose(reading.values);
    process.stdout.write(text);
    process.exitCode = exitCode;
  }
}

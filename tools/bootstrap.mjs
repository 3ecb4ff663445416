/**
 * What `npm start`, `npm test` and every `npm run` command of the README run: makes a fresh clone ready (packages, build), then does the command.
 * Plain JavaScript without dependencies, because nothing is installed yet.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
const NODE_MINIMUM = { major: 20, minor: 19 };
const EXIT_USAGE = 64;

/** Who has started this; npm, as a rule. */
const PARENT = process.ppid;
const PARENT_POLL_MS = 500;

/** Debian keeps servers where not every user's PATH looks. */
process.env.PATH = `${process.env.PATH ?? ''}:/usr/sbin:/usr/local/sbin`;

/** Nx must neither leave a daemon behind nor ask the network. */
const ENVIRONMENT = { ...process.env, NX_DAEMON: 'false', NX_NO_CLOUD: 'true', NX_TUI: 'false' };

function fail(sentence, code) {
  process.stderr.write(`${sentence}\n`);
  process.exit(code);
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  const isOldEnough =
    major > NODE_MINIMUM.major || (major === NODE_MINIMUM.major && minor >= NODE_MINIMUM.minor);
  if (!isOldEnough) {
    fail(
      `Kvasir needs Node ${NODE_MINIMUM.major}.${NODE_MINIMUM.minor} or newer, this is Node ${process.versions.node}.`,
      EXIT_USAGE,
    );
  }
}

/** Runs a tool of this workspace; ends the process with its exit code when it fails. */
function run(command, args, options = {}) {
  const result = spawnSync(command, args, { cwd: ROOT, stdio: 'inherit', env: ENVIRONMENT, ...options });
  if (result.error) fail(`Cannot run ${command}: ${result.error.message}`, 1);
  if (result.status !== 0 && !options.allowFailure) process.exit(result.status ?? 1);
  return result;
}

const bin = (name) => join(ROOT, 'node_modules', '.bin', name);
const newestOf = (path) => (existsSync(path) ? statSync(path).mtimeMs : 0);

/** Installs exactly what the lock file says, once per lock file. */
function install() {
  const lock = join(ROOT, 'package-lock.json');
  const stamp = join(ROOT, 'node_modules', '.kvasir-installed');
  const wanted = createHash('sha256').update(readFileSync(lock)).digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  const byHand = join(ROOT, 'node_modules', '.package-lock.json');
  if (newestOf(byHand) < newestOf(lock)) {
    process.stderr.write('Installing packages (only when the lock file has changed) …\n');
    run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { stdio: ['ignore', 2, 2] });
  }
  writeFileSync(stamp, wanted);
}

/** Compiles what has changed; a second or so when nothing has. */
function build() {
  run(bin('tsc'), ['-b', 'tsconfig.build.json'], { stdio: ['ignore', 2, 2] });
}

/** Continues in this process, so that a Ctrl-C reaches one process and no forwarding can double it. */
async function become(entry, args) {
  const file = join(ROOT, entry);
  if (!existsSync(file))
    fail(`Cannot run ${dirname(dirname(entry))}: this version does not have it yet (see README.md).`, 1);
  process.argv = [process.argv[0], file, ...args];
  endWithNpm();
  await import(pathToFileURL(file).href);
}

/** The scripts `exec` node, so that npm is its parent. npm passes on some of the signals that end it; of the others, and of SIGKILL, this process hears only by having another parent. */
function endWithNpm() {
  if (process.env.npm_lifecycle_event === undefined) return;
  const timer = setInterval(() => {
    if (process.ppid === PARENT) return;
    clearInterval(timer);
    // Nobody waits for requests any more.
    process.kill(process.pid, 'SIGINT');
  }, PARENT_POLL_MS);
  timer.unref();
}

// openssl makes the certificates of tests.
const SERVERS = ['nats-server', 'redis-server', 'openssl'];
const isInstalled = (program) =>
  (process.env.PATH ?? '').split(':').some((folder) => folder !== '' && existsSync(join(folder, program)));

/** Tests and distributed stacks run real servers: brings Debian's packages when they are missing and this user may. */
function installServers() {
  const missing = SERVERS.filter((program) => !isInstalled(program));
  if (missing.length === 0) return;
  const advice = `install ${missing.join(' and ')} (on Debian and Ubuntu: apt install ${missing.join(' ')})`;
  if (!isInstalled('apt-get') || process.getuid?.() !== 0)
    fail(`Cannot go on without ${missing.join(' and ')}: ${advice}.`, 1);
  process.stderr.write(`Installing ${missing.join(' and ')} …\n`);
  const apt = (args) =>
    run('apt-get', ['-qq', ...args], {
      stdio: ['ignore', 2, 2],
      env: { ...ENVIRONMENT, DEBIAN_FRONTEND: 'noninteractive' },
      allowFailure: true,
    }).status === 0;
  const install = ['install', '-y', '--no-install-recommends', ...missing];
  if (!apt(install) && !(apt(['update']) && apt(install))) fail(`Cannot install: ${advice}.`, 1);
}

/** All tests with the one closing line `N passed, M failed`. */
function test(args) {
  mkdirSync(join(ROOT, 'tmp'), { recursive: true });
  const report = join(ROOT, 'tmp', 'vitest.json');
  const result = run(
    bin('vitest'),
    ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...args],
    { allowFailure: true },
  );
  const counts = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : null;
  if (counts === null) fail('The test runner ended without a report.', 1);
  // A file that does not load has no cases: it counts as one failure, so that it cannot hide.
  const brokenFiles = counts.testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.length === 0,
  ).length;
  console.log(`${counts.numPassedTests} passed, ${counts.numFailedTests + brokenFiles} failed`);
  process.exit(result.status ?? 1);
}

/** The one gate: format, boundaries, types, dead code, unit tests (not `--without-tests`, for whoever has just run them all). */
function check(args) {
  const steps = [
    ['format', bin('prettier'), ['--check', '--log-level=warn', '.']],
    ['types', bin('tsc'), ['-b']],
    ['lint and boundaries', bin('nx'), ['run-many', '-t', 'lint', '--output-style=static', '--parallel=2']],
    ['dead code', bin('knip'), ['--no-progress']],
    ['unit tests', bin('vitest'), ['run', '--project', 'unit', '--reporter=dot']],
  ];
  const wanted = args.includes('--without-tests') ? steps.filter(([name]) => name !== 'unit tests') : steps;
  for (const [name, command, stepArgs] of wanted) {
    process.stderr.write(`\n── ${name}\n`);
    run(command, stepArgs);
  }
  process.stderr.write('\nAll checks passed.\n');
}

const isDistributed = (args) => args.includes('--distributed');
const always = () => true;
const never = () => false;

/** Programs by the name of their command: where they are, and when real servers must be there. */
const PROGRAMS = {
  start: ['tools/stack', isDistributed],
  frontend: ['apps/frontend', never],
  'engine-agent': ['apps/engine-agent', never],
  'prefill-router': ['apps/prefill-router', never],
  'global-router': ['apps/global-router', never],
  doctor: ['tools/doctor', never],
  replay: ['tools/replay', isDistributed],
  bench: ['tools/bench', always],
  faults: ['tools/faults', always],
  churn: ['tools/churn', always],
  'e2e:vllm': ['tools/e2e-vllm', always],
  fuzz: ['tools/fuzz', never],
  docs: ['tools/reference', never],
};

async function runProgram([folder, needsServers], args) {
  if (needsServers(args)) installServers();
  build();
  await become(`${folder}/dist/main.js`, args);
}

const COMMANDS = {
  ...Object.fromEntries(
    Object.entries(PROGRAMS).map(([name, program]) => [name, (args) => runProgram(program, args)]),
  ),
  test: (args) => {
    installServers();
    build();
    test(args);
  },
  check,
};

checkNode();
const [name, ...args] = process.argv.slice(2);
const command = COMMANDS[name];
if (command === undefined) {
  fail(`Cannot run "${name ?? ''}": the commands are ${Object.keys(COMMANDS).join(', ')}.`, EXIT_USAGE);
}
install();
await command(args);

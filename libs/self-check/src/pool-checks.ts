import { finding } from './finding.js';
import type { Finding } from './finding.js';

/** `namespace.component.endpoint`. */
export interface Place {
  readonly namespace: string;
  readonly component: string;
  readonly endpoint: string;
}

/** A worker as the registry has it. */
export interface RegisteredWorker {
  readonly workerId: string;
  readonly url: string;
  readonly role: 'prefill' | 'decode' | 'both';
  readonly endpoint: Place;
  /** Begins with its birth, as 12 hex digits of ms since 1970, when its agent made it. */
  readonly incarnation: string;
  /** `HOST/PID` of its agent. */
  readonly holder?: string | undefined;
}

export interface RegisteredRouter {
  readonly routerId: string;
  /** `host:port`. */
  readonly address: string;
}

export interface Here {
  /** Name of this machine, as holders name theirs. */
  readonly hostName: string;
  readonly epochMs: number;
}

/** How far a clock may be ahead of this one before it counts. */
const SKEW_MS_MAX = 5_000;
const BIRTH = /^([0-9a-f]{12})-/;
const UNSPECIFIED = new Set(['0.0.0.0', '::', '[::]', '*']);

/** What is wrong with the workers that a program sees, at whichever endpoints. */
export function workerFindings(workers: readonly RegisteredWorker[], here: Here): readonly Finding[] {
  return [
    ...workers.flatMap((worker) => oneWorker(worker, here)),
    ...doubles(workers, ({ url }) => url, twoIds),
    ...doubles(workers, ({ workerId }) => workerId, twoEngines),
  ];
}

function oneWorker(worker: RegisteredWorker, here: Here): readonly Finding[] {
  const { workerId, url, role, endpoint, holder } = worker;
  const found: Finding[] = [];
  const host = hostOf(url);
  const isElsewhere = holder !== undefined && hostNameOf(holder) !== here.hostName;
  if (UNSPECIFIED.has(host) || (isLoopback(host) && isElsewhere))
    found.push(
      finding(
        'CHECK_ADDRESS_NOT_REACHABLE',
        workerId,
        `"${workerId}" is advertised at ${url}${holder === undefined ? '' : ` by ${holder}`}, which means another machine here`,
      ),
    );
  const { component } = endpoint;
  if ((component === 'prefill' && role === 'decode') || (component === 'decode' && role === 'prefill'))
    found.push(
      finding(
        'CHECK_ROLE',
        workerId,
        `"${workerId}" has the role ${role} and is registered at ${nameOf(endpoint)}`,
      ),
    );
  const aheadMs = birthOf(worker) - here.epochMs;
  if (aheadMs > SKEW_MS_MAX)
    found.push(
      finding(
        'CHECK_CLOCK_SKEW',
        workerId,
        `"${workerId}" was registered ${Math.round(aheadMs / 1000)} s from now by the clock of ${holder ?? 'its agent'}`,
      ),
    );
  return found;
}

/** Groups of more than one by a key; each is judged. */
function doubles(
  workers: readonly RegisteredWorker[],
  keyOf: (worker: RegisteredWorker) => string,
  judge: (same: readonly RegisteredWorker[]) => Finding | null,
): readonly Finding[] {
  const groups = new Map<string, RegisteredWorker[]>();
  for (const worker of workers) {
    const group = groups.get(keyOf(worker));
    if (group === undefined) groups.set(keyOf(worker), [worker]);
    else group.push(worker);
  }
  return [...groups.values()].flatMap((same) => (same.length < 2 ? [] : (judge(same) ?? [])));
}

function twoIds(same: readonly RegisteredWorker[]): Finding | null {
  const [first] = same;
  if (first === undefined || new Set(same.map(({ workerId }) => workerId)).size < 2) return null;
  return finding(
    'CHECK_ENGINE_OF_TWO_IDS',
    first.url,
    `${first.url} is ${same.map(described).join(' and ')}`,
  );
}

function twoEngines(same: readonly RegisteredWorker[]): Finding | null {
  const [first] = same;
  if (first === undefined || new Set(same.map(({ url }) => url)).size < 2) return null;
  const places = same.map(({ url, endpoint, holder }) => `${url} at ${nameOf(endpoint)}${heldBy(holder)}`);
  return finding(
    'CHECK_ID_OF_TWO_ENGINES',
    first.workerId,
    `"${first.workerId}" is the name of ${places.join(' and of ')}`,
  );
}

function described({ workerId, endpoint, holder }: RegisteredWorker): string {
  return `"${workerId}" at ${nameOf(endpoint)}${heldBy(holder)}`;
}

function heldBy(holder: string | undefined): string {
  return holder === undefined ? '' : ` (held by ${holder})`;
}

/** A worker of whose cache nothing is heard although it publishes. */
export function unheardFinding({ workerId, endpoint, holder }: RegisteredWorker): Finding {
  return finding(
    'CHECK_PUBLISHER_NOT_HEARD',
    workerId,
    `"${workerId}" at ${nameOf(endpoint)}${heldBy(holder)} publishes KV events, but nobody answers here who knows what it holds`,
  );
}

/** What is wrong with the routers that a program may call. */
export function routerFindings(routers: readonly RegisteredRouter[]): readonly Finding[] {
  return routers.flatMap(({ routerId, address }) =>
    UNSPECIFIED.has(hostOf(`tcp://${address}`))
      ? [
          finding(
            'CHECK_ADDRESS_NOT_REACHABLE',
            routerId,
            `the router ${routerId} is advertised at ${address}`,
          ),
        ]
      : [],
  );
}

/** Whether prefill workers can be used. */
export function prefillFindings(prefill: {
  readonly endpoint: Place;
  readonly workers: readonly RegisteredWorker[];
  readonly routers: readonly RegisteredRouter[];
  /** Addresses of routers that did not answer when they were last asked. */
  readonly silentRouters: ReadonlySet<string>;
}): readonly Finding[] {
  const { endpoint, workers, routers, silentRouters } = prefill;
  if (workers.length === 0) return [];
  const name = nameOf(endpoint);
  const there = `${workers.length} prefill ${workers.length === 1 ? 'worker is' : 'workers are'} registered at ${name}`;
  if (routers.length === 0) return [finding('CHECK_NO_PREFILL_ROUTER', name, `${there}, and no router`)];
  if (!routers.every(({ address }) => silentRouters.has(address))) return [];
  const addresses = routers.map(({ address }) => address).join(', ');
  return [finding('CHECK_PREFILL_ROUTER_UNREACHABLE', name, `${there}, and nobody answers at ${addresses}`)];
}

/** Whether anybody generates, and who is there if nobody does. */
export function neighbourFindings(seen: {
  readonly namespace: string;
  readonly generatingWorkers: number;
  /** Endpoints at which no worker of this program is looked for, or that do not generate, with how many workers they have. */
  readonly others: readonly { readonly name: string; readonly workers: number }[];
}): readonly Finding[] {
  const { namespace, generatingWorkers, others } = seen;
  const peopled = others.filter(({ workers }) => workers > 0);
  if (generatingWorkers > 0 || peopled.length === 0) return [];
  const named = peopled.map(({ name, workers }) => `${workers} at ${name}`).join(', ');
  return [
    finding(
      'CHECK_NOBODY_GENERATES',
      namespace,
      `no worker is registered at ${namespace}.decode.generate or ${namespace}.aggregated.generate, but ${named}`,
    ),
  ];
}

function nameOf({ namespace, component, endpoint }: Place): string {
  return `${namespace}.${component}.${endpoint}`;
}

function birthOf({ incarnation }: RegisteredWorker): number {
  return Number.parseInt(BIRTH.exec(incarnation)?.[1] ?? '0', 16);
}

function hostNameOf(holder: string): string {
  return holder.replace(/\/[^/]*$/, '');
}

/** Of `scheme://host:port/path`, in brackets for IPv6. */
function hostOf(url: string): string {
  return /^[a-z]+:\/\/(\[[^\]]*\]|[^:/]*)/i.exec(url)?.[1]?.toLowerCase() ?? '';
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127(\.\d+){3}$/.test(host);
}

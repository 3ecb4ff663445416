import { BlockList, isIP } from 'node:net';

/** Which URLs of workers may be asked. */
export interface WorkerUrls {
  allows(url: string): boolean;
}

interface Rule {
  readonly hosts: (host: string) => boolean;
  readonly portMin: number;
  readonly portMax: number;
}

export type WorkerUrlsReading =
  | { readonly kind: 'ok'; readonly urls: WorkerUrls }
  | { readonly kind: 'invalid'; readonly problems: readonly string[] };

const PORT_MAX = 65_535;
const RULE = /^(\[[^\]]+\](?:\/\d{1,3})?|[^:]+?)(?::(\d{1,5})(?:-(\d{1,5}))?)?$/;
const NAME = /^(\*\.)?[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$/;

/**
 * Reads rules, each a host and perhaps `:port` or `:port-port`. A host is an address or a network (`10.0.0.0/8`, `[fd00::]/8`), which fits URLs with an
 * address in them, or a name (`gpu-1.example.com`, `*.example.com`), which fits URLs with that name: names are compared, never looked up.
 * No rule allows everything.
 */
export function readWorkerUrls(rules: readonly string[]): WorkerUrlsReading {
  const read = rules.map((text) => readRule(text));
  const problems = read.flatMap((rule, index) =>
    rule === null
      ? [
          `--worker-url-allow must be a host, an address or a network, with or without ports, received "${rules[index] ?? ''}"`,
        ]
      : [],
  );
  if (problems.length > 0) return { kind: 'invalid', problems };
  const known = read.filter((rule) => rule !== null);
  return { kind: 'ok', urls: { allows: (url) => known.length === 0 || fitsAny(known, url) } };
}

function readRule(text: string): Rule | null {
  const [, host, from, to] = RULE.exec(text) ?? [];
  if (host === undefined) return null;
  const portMin = from === undefined ? 0 : Number(from);
  const portMax = to === undefined ? (from === undefined ? PORT_MAX : portMin) : Number(to);
  if (portMin > portMax || portMax > PORT_MAX) return null;
  const hosts = readHosts(host.toLowerCase());
  return hosts === null ? null : { hosts, portMin, portMax };
}

function readHosts(host: string): Rule['hosts'] | null {
  const [address = '', bits] = host.replace(/[[\]]/g, '').split('/');
  const family = isIP(address);
  if (family !== 0) return addressesOf(address, family, bits);
  if (bits !== undefined || !NAME.test(host)) return null;
  return host.startsWith('*.') ? (name) => name.endsWith(host.slice(1)) : (name) => name === host;
}

function addressesOf(address: string, family: number, bits: string | undefined): Rule['hosts'] | null {
  const widest = family === 6 ? 128 : 32;
  const prefix = bits === undefined ? widest : Number(bits);
  if (!Number.isInteger(prefix) || prefix > widest) return null;
  const list = new BlockList();
  list.addSubnet(address, prefix, family === 6 ? 'ipv6' : 'ipv4');
  return (host) => {
    const its = isIP(host);
    return its !== 0 && list.check(host, its === 6 ? 'ipv6' : 'ipv4');
  };
}

function fitsAny(rules: readonly Rule[], url: string): boolean {
  // The parser writes addresses in one way, whatever they look like: 0x7f.1 is 127.0.0.1.
  if (!URL.canParse(url)) return false;
  const { hostname, port, protocol } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  const number = port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port);
  return rules.some(
    ({ hosts, portMin, portMax }) => number >= portMin && number <= portMax && hosts(host.toLowerCase()),
  );
}

import type { IncomingHttpHeaders } from 'node:http';
import { BlockList, isIP } from 'node:net';

/** Addresses in `X-Forwarded-For` that are looked at, from the nearest on. */
const FORWARDED_MAX = 32;

export interface ClientNameOptions {
  /** CIDR blocks or addresses whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: readonly string[];
  /** Header that names the client instead of its address, lower case; null for none. */
  readonly keyHeader: string | null;
}

/** Tells by whom a request is: what per-client limits are counted under. */
export type NameClient = (headers: IncomingHttpHeaders, socketAddress: string | undefined) => string;

/** @throws TypeError when a block is none. */
export function clientNames({ trustedProxies, keyHeader }: ClientNameOptions): NameClient {
  const trusted = proxyBlocks(trustedProxies);
  return (headers, socketAddress) => {
    const key = keyHeader === null ? undefined : headers[keyHeader];
    if (typeof key === 'string' && key !== '') return `key ${key}`;
    const nearest = plainAddress(socketAddress ?? '');
    return `address ${network(forwardedFor(headers['x-forwarded-for'], nearest, trusted))}`;
  };
}

/** Why one of the blocks is none; null when all are. */
export function proxyBlockProblem(blocks: readonly string[]): string | null {
  const wrong = blocks.find((block) => parseBlock(block) === null);
  return wrong === undefined
    ? null
    : `--trusted-proxies must be addresses or CIDR blocks, received "${wrong}"`;
}

interface Block {
  readonly address: string;
  readonly family: 'ipv4' | 'ipv6';
  readonly prefixBits: number;
}

function parseBlock(text: string): Block | null {
  const [address = '', bits, ...more] = text.split('/');
  const version = isIP(address);
  if (version === 0 || more.length > 0) return null;
  const bitsMax = version === 4 ? 32 : 128;
  if (bits !== undefined && !/^\d{1,3}$/.test(bits)) return null;
  const prefixBits = bits === undefined ? bitsMax : Number(bits);
  return prefixBits > bitsMax ? null : { address, family: version === 4 ? 'ipv4' : 'ipv6', prefixBits };
}

function proxyBlocks(blocks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const text of blocks) {
    const block = parseBlock(text);
    if (block === null) throw new TypeError(`Cannot trust proxies: "${text}" is no CIDR block`);
    list.addSubnet(block.address, block.prefixBits, block.family);
  }
  return list;
}

/** The first address from the right that is no proxy of ours: everything left of it anybody may have written. */
function forwardedFor(
  header: string | readonly string[] | undefined,
  nearest: string,
  trusted: BlockList,
): string {
  let address = nearest;
  if (header === undefined || !isTrusted(trusted, address)) return address;
  const hops = (typeof header === 'string' ? header : header.join(','))
    .split(',', FORWARDED_MAX * 4)
    .reverse();
  for (const hop of hops.slice(0, FORWARDED_MAX)) {
    const text = plainAddress(hop.trim());
    if (isIP(text) === 0) return address;
    address = text;
    if (!isTrusted(trusted, address)) return address;
  }
  return address;
}

function isTrusted(trusted: BlockList, address: string): boolean {
  const version = isIP(address);
  return version !== 0 && trusted.check(address, version === 4 ? 'ipv4' : 'ipv6');
}

/** Without brackets, port, zone, or the prefix that IPv4 has on sockets of both. */
function plainAddress(text: string): string {
  const bracketed = /^\[([^\]]*)\]/.exec(text)?.[1];
  const withoutPort = bracketed ?? (/^[\d.]+:\d+$/.test(text) ? (text.split(':', 1)[0] ?? '') : text);
  const [address = ''] = withoutPort.split('%', 1);
  return address.toLowerCase().startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}

const IPV6_GROUPS = 8;
const IPV6_NETWORK_GROUPS = 4;

/** IPv6 by its /64: that is what one client gets. */
function network(address: string): string {
  if (isIP(address) !== 6) return address;
  const [head = '', tail] = address.toLowerCase().split('::', 2);
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const gap = tail === undefined ? 0 : Math.max(0, IPV6_GROUPS - left.length - right.length);
  const groups = [...left, ...new Array<string>(gap).fill('0'), ...right];
  const kept = groups.slice(0, IPV6_NETWORK_GROUPS).map((group) => group.replace(/^0+(?=.)/, ''));
  return `${kept.join(':')}::/64`;
}

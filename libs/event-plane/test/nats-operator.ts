import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nkeys } from 'nats';

interface KeyPair {
  getPublicKey(): string;
  getSeed(): Uint8Array;
  sign(bytes: Uint8Array): Uint8Array;
}

/** The package has them without types. */
const keyPairs = nkeys as Readonly<Record<'createOperator' | 'createAccount' | 'createUser', () => KeyPair>>;

/** A server that trusts an operator, and a user of one of its accounts. */
export interface Operator {
  /** For the server's `-c`. */
  readonly configPath: string;
  /** Of a user whom the server knows. */
  readonly credentialsPath: string;
  /** Of a user whose account the server has never heard of. */
  readonly strangerPath: string;
}

/** Makes keys and signed claims, as the `nsc` tool does. */
export function makeOperator(): Operator {
  const folder = mkdtempSync(join(tmpdir(), 'kvasir-nats-operator-'));
  const [operator, account, stranger] = [
    keyPairs.createOperator(),
    keyPairs.createAccount(),
    keyPairs.createAccount(),
  ];
  const operatorToken = sign(operator, operator, { type: 'operator', version: 2 });
  const accountToken = sign(operator, account, { type: 'account', version: 2, limits: UNLIMITED });
  const configPath = join(folder, 'server.conf');
  writeFileSync(
    configPath,
    [
      `operator: ${operatorToken}`,
      'resolver: MEMORY',
      `resolver_preload: { ${account.getPublicKey()}: ${accountToken} }`,
      '',
    ].join('\n'),
  );
  return {
    configPath,
    credentialsPath: writeUser(join(folder, 'user.creds'), account),
    strangerPath: writeUser(join(folder, 'stranger.creds'), stranger),
  };
}

/** -1: no limit. */
const UNLIMITED = {
  ...{ subs: -1, data: -1, payload: -1, imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1 },
  ...{ mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 },
};

function writeUser(path: string, account: KeyPair): string {
  const user = keyPairs.createUser();
  const token = sign(account, user, {
    type: 'user',
    version: 2,
    pub: {},
    sub: {},
    subs: -1,
    data: -1,
    payload: -1,
  });
  const seed = Buffer.from(user.getSeed()).toString();
  writeFileSync(
    path,
    [...fenced('NATS USER JWT', token), '', ...fenced('USER NKEY SEED', seed), ''].join('\n'),
  );
  return path;
}

const fenced = (what: string, text: string): string[] => [
  `-----BEGIN ${what}-----`,
  text,
  `------END ${what}------`,
];

/** A token in the form that NATS servers read: claims of one key about another, signed. */
function sign(issuer: KeyPair, subject: KeyPair, claims: object): string {
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const body = [
    encode({ typ: 'JWT', alg: 'ed25519-nkey' }),
    encode({
      ...{ jti: subject.getPublicKey(), iat: 1_700_000_000, iss: issuer.getPublicKey(), name: 'test' },
      ...{ sub: subject.getPublicKey(), nats: claims },
    }),
  ].join('.');
  return `${body}.${Buffer.from(issuer.sign(Buffer.from(body))).toString('base64url')}`;
}

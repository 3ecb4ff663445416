import {
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COMMA,
  keyText,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  skipSpace,
} from './json-members.js';
import type { JsonMember } from './json-members.js';
import { numberEnd, stringRunEnd, wordEnd } from './json-tokens.js';
import { TokenArrayReader } from './token-array.js';

/** What a JSON object may consist of. */
export interface JsonWalkLimits {
  /** Objects and arrays within each other. */
  readonly depthMax: number;
  /** Values of all kinds, names of members not counted; an array of token ids counts as one. */
  readonly valuesMax: number;
  /** Members of the object itself. */
  readonly membersMax: number;
  /** Items of the prompt whose places are kept; further ones are only counted. */
  readonly promptsMax: number;
}

/** Where one value lies. */
export interface JsonRange {
  readonly start: number;
  /** Offset after its last byte. */
  readonly end: number;
}

/** What stands in a prompt: the ids themselves when they were plain, else where the value lies. */
export type PromptItem = JsonRange & { readonly tokens: Uint32Array | null };

/** The member that is looked into: a prompt of ids, or the items of an array, or (no item) any other value. */
export interface WalkedPrompt {
  readonly tokens: Uint32Array | null;
  readonly items: readonly PromptItem[];
  readonly itemCount: number;
}

export type WalkOutcome =
  | {
      readonly kind: 'object';
      readonly members: readonly JsonMember[];
      /** Of the last member of that name; null when there is none. */
      readonly prompt: WalkedPrompt | null;
    }
  /** Well-formed or not: its first byte says that it is no object. */
  | { readonly kind: 'noObject' }
  | { readonly kind: 'malformed'; readonly at: number; readonly expected: string }
  | { readonly kind: 'tooMuch'; readonly limit: Exclude<keyof JsonWalkLimits, 'promptsMax'> };

type State = 'top' | 'firstKey' | 'key' | 'colon' | 'firstItem' | 'value' | 'after' | 'end';
/** What is being read across steps. */
type Inside = 'nothing' | 'key' | 'text' | 'tokens';

const COLON = 0x3a;
const KINDS_AT_FIRST = 32;

/**
 * Walks once over a JSON object and accepts exactly what `JSON.parse` accepts of valid UTF-8, without making values: it tells where the members lie and
 * reads arrays of token ids in the member called `promptKey`. In as many steps as wanted, so that a large body does not stop everything else; O(bytes),
 * and within the limits whatever the bytes are.
 */
export class JsonWalk {
  readonly #bytes: Buffer;
  readonly #limits: JsonWalkLimits;
  readonly #promptKey: string | null;
  readonly #members: JsonMember[] = [];
  #at = 0;
  #state: State = 'top';
  #inside: Inside = 'nothing';
  #outcome: WalkOutcome | null = null;
  /** Of each open object or array its opening byte. */
  #kinds = new Uint8Array(KINDS_AT_FIRST);
  #depth = 0;
  #valueCount = 0;
  /** Of the member of the object itself that is being read. */
  #key = '';
  #keyStart = 0;
  #valueStart = 0;
  #tokens: TokenArrayReader | null = null;
  #prompt: { tokens: Uint32Array | null; items: PromptItem[]; itemCount: number } | null = null;
  #itemStart = 0;

  constructor(bytes: Buffer, limits: JsonWalkLimits, promptKey: string | null = null) {
    this.#bytes = bytes;
    this.#limits = limits;
    this.#promptKey = promptKey;
  }

  /** Bytes that are still to be walked over. */
  get bytesLeft(): number {
    return this.#outcome === null ? this.#bytes.length - this.#at : 0;
  }

  /** Walks over about `bytesMax` more bytes. @returns null when there are more. */
  step(bytesMax: number): WalkOutcome | null {
    const end = Math.min(this.#bytes.length, this.#at + bytesMax);
    while (this.#at < end && this.#outcome === null) this.#read(end);
    if (this.#outcome === null && this.#at >= this.#bytes.length) this.#finish();
    return this.#outcome;
  }

  #finish(): void {
    if (this.#state === 'end') {
      this.#outcome = { kind: 'object', members: this.#members, prompt: this.#prompt };
    } else this.#fail('more');
  }

  #fail(expected: string): void {
    this.#outcome = { kind: 'malformed', at: Math.min(this.#at, this.#bytes.length), expected };
  }

  #read(end: number): void {
    switch (this.#inside) {
      case 'key':
      case 'text':
        this.#readString(end);
        return;
      case 'tokens':
        this.#readTokens(end);
        return;
      case 'nothing': {
        const byte = this.#bytes[this.#at] ?? 0;
        if (byte > 0x20) this.#readNext(byte);
        else this.#skipSpace(end);
      }
    }
  }

  #skipSpace(end: number): void {
    const at = skipSpace(this.#bytes, this.#at, end);
    if (at === this.#at) this.#fail('no control character');
    this.#at = at;
  }

  #readNext(byte: number): void {
    switch (this.#state) {
      case 'top':
        if (byte === OPEN_BRACE) this.#open(byte);
        else this.#outcome = { kind: 'noObject' };
        return;
      case 'firstKey':
        if (byte === CLOSE_BRACE) this.#close();
        else this.#readKey(byte);
        return;
      case 'key':
        this.#readKey(byte);
        return;
      case 'colon':
        if (byte === COLON) {
          this.#at += 1;
          this.#state = 'value';
        } else this.#fail("':'");
        return;
      case 'firstItem':
        if (byte === CLOSE_BRACKET) this.#close();
        else this.#readValue(byte);
        return;
      case 'value':
        this.#readValue(byte);
        return;
      case 'after':
        this.#readAfter(byte);
        return;
      case 'end':
        this.#fail('nothing');
    }
  }

  #readKey(byte: number): void {
    if (byte !== QUOTE) {
      this.#fail('the name of a member');
      return;
    }
    if (this.#depth === 1) this.#keyStart = this.#at;
    this.#at += 1;
    this.#inside = 'key';
  }

  #readValue(byte: number): void {
    this.#valueCount += 1;
    if (this.#valueCount > this.#limits.valuesMax) {
      this.#outcome = { kind: 'tooMuch', limit: 'valuesMax' };
      return;
    }
    if (this.#depth === 1) this.#beginMember();
    else if (this.#isPromptItem()) this.#itemStart = this.#at;
    if (byte === QUOTE) {
      this.#at += 1;
      this.#inside = 'text';
    } else if (byte === OPEN_BRACKET && this.#mayBeTokens()) {
      this.#tokens = new TokenArrayReader(this.#bytes, this.#at);
      this.#inside = 'tokens';
    } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      this.#open(byte);
    } else {
      const end = byte > 0x39 ? wordEnd(this.#bytes, this.#at) : numberEnd(this.#bytes, this.#at);
      if (end < 0) this.#fail('a value');
      else this.#endValue(end);
    }
  }

  #readAfter(byte: number): void {
    const kind = this.#kinds[this.#depth - 1];
    if (byte === COMMA) {
      this.#at += 1;
      this.#state = kind === OPEN_BRACE ? 'key' : 'value';
    } else if (byte === (kind === OPEN_BRACE ? CLOSE_BRACE : CLOSE_BRACKET)) this.#close();
    else this.#fail(kind === OPEN_BRACE ? "',' or '}'" : "',' or ']'");
  }

  #readString(end: number): void {
    const at = stringRunEnd(this.#bytes, this.#at, end);
    if (at < 0) {
      this.#at = -at;
      this.#fail('no control character and no such escape in a text');
      return;
    }
    this.#at = at;
    if (this.#bytes[at] !== QUOTE) return;
    const isKey = this.#inside === 'key';
    this.#inside = 'nothing';
    if (!isKey) {
      this.#endValue(at + 1);
      return;
    }
    if (this.#depth === 1) this.#key = keyText(this.#bytes, this.#keyStart, at);
    this.#at = at + 1;
    this.#state = 'colon';
  }

  #readTokens(end: number): void {
    const reader = this.#tokens;
    const read = reader?.step(end) ?? 'notPlain';
    if (read === 'more') {
      this.#at = reader?.at ?? this.#at;
      return;
    }
    this.#inside = 'nothing';
    this.#tokens = null;
    if (read === 'notPlain') {
      // Walked over once more, as any other array.
      this.#at = this.#depth === 1 ? this.#valueStart : this.#itemStart;
      this.#open(OPEN_BRACKET);
    } else this.#endValue(read.end, read.tokens);
  }

  #open(kind: number): void {
    if (this.#depth >= this.#limits.depthMax) {
      this.#outcome = { kind: 'tooMuch', limit: 'depthMax' };
      return;
    }
    if (this.#depth === this.#kinds.length) {
      const larger = new Uint8Array(this.#kinds.length * 2);
      larger.set(this.#kinds);
      this.#kinds = larger;
    }
    this.#kinds[this.#depth] = kind;
    this.#depth += 1;
    this.#at += 1;
    this.#state = kind === OPEN_BRACE ? 'firstKey' : 'firstItem';
  }

  #close(): void {
    this.#depth -= 1;
    if (this.#depth > 0) this.#endValue(this.#at + 1);
    else {
      this.#at += 1;
      this.#state = 'end';
    }
  }

  #endValue(end: number, tokens: Uint32Array | null = null): void {
    this.#at = end;
    this.#state = 'after';
    if (this.#depth === 1) this.#endMember(end, tokens);
    else if (this.#isPromptItem()) this.#endPromptItem(end, tokens);
  }

  #beginMember(): void {
    this.#valueStart = this.#at;
    if (this.#key === this.#promptKey) this.#prompt = { tokens: null, items: [], itemCount: 0 };
  }

  #endMember(valueEnd: number, tokens: Uint32Array | null): void {
    if (this.#members.length >= this.#limits.membersMax) {
      this.#outcome = { kind: 'tooMuch', limit: 'membersMax' };
      return;
    }
    this.#members.push({
      key: this.#key,
      start: this.#keyStart,
      valueStart: this.#valueStart,
      valueEnd,
    });
    if (tokens !== null && this.#prompt !== null) this.#prompt.tokens = tokens;
  }

  #endPromptItem(end: number, tokens: Uint32Array | null): void {
    const prompt = this.#prompt;
    if (prompt === null) return;
    prompt.itemCount += 1;
    if (prompt.items.length < this.#limits.promptsMax)
      prompt.items.push({ start: this.#itemStart, end, tokens });
  }

  #mayBeTokens(): boolean {
    return (this.#depth === 1 && this.#key === this.#promptKey) || this.#isPromptItem();
  }

  #isPromptItem(): boolean {
    return this.#depth === 2 && this.#key === this.#promptKey && this.#kinds[1] === OPEN_BRACKET;
  }
}

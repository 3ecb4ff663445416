import { KERNEL_BYTES_HEX } from './generated/kernel-bytes.js';

/*
 * The hashing itself is a WebAssembly kernel (assembly/kernel.ts). Measured on 131,072 tokens in blocks of 64 (2,048 blocks,
 * one call, Node 20, 2 vCPU Xeon, mean): the kernel with SIMD 68 µs, copy included; the same arithmetic in JavaScript on
 * 32-bit halves with Math.imul (bench/plain-arithmetic.ts) 940 µs. One N-API call per block costs 465 µs or more.
 *
 * Its memory is fixed (4 pages, 256 KiB): longer prompts go through it in slices. It keeps no state between calls of this
 * package's functions, which are synchronous, so one instance serves all.
 */
export interface Kernel {
  readonly memory: { readonly buffer: ArrayBuffer };
  inputOffset(): number;
  inputBytes(): number;
  localOffset(): number;
  sequenceOffset(): number;
  hashesBytes(): number;
  hashBytes(length: number, seedLo: number, seedHi: number): void;
  startLong(seedLo: number, seedHi: number): void;
  continueLong(rounds: number): void;
  finishLong(remainder: number, lengthLo: number, lengthHi: number): void;
  hashBlocks(
    blockCount: number,
    blockBytes: number,
    localSeedLo: number,
    localSeedHi: number,
    chainSeedLo: number,
    isRooted: number,
    parentLo: number,
    parentHi: number,
  ): void;
}

/** The part of the WebAssembly interface used here: cores are compiled without the types of any host. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
};

function bytesFromHex(hex: string): Uint8Array {
  const bytes = new Uint8Array(hex.length / 2);
  for (let index = 0; index < bytes.length; index += 1) {
    bytes[index] = Number.parseInt(hex.slice(index * 2, index * 2 + 2), 16);
  }
  return bytes;
}

const module = new WebAssembly.Module(bytesFromHex(KERNEL_BYTES_HEX));
export const kernel = new WebAssembly.Instance(module).exports as Kernel;

const buffer = kernel.memory.buffer;

/** Bytes that one call of the kernel can take. */
export const INPUT_BYTES = kernel.inputBytes();
/** Blocks that one call of the kernel can answer. */
export const BLOCKS_PER_CALL_MAX = kernel.hashesBytes() / 8;

export const inputBytes = new Uint8Array(buffer, kernel.inputOffset(), INPUT_BYTES);
export const inputTokens = new Uint32Array(buffer, kernel.inputOffset(), INPUT_BYTES / 4);
export const localWords = new Uint32Array(buffer, kernel.localOffset(), BLOCKS_PER_CALL_MAX * 2);
export const sequenceWords = new Uint32Array(buffer, kernel.sequenceOffset(), BLOCKS_PER_CALL_MAX * 2);

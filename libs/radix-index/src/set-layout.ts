/** Words before the members of an interned set: blocks that have it, members, hash, stamp, words of members. */
export const REFS = 0;
export const SIZE = 1;
export const HASH_LO = 2;
export const HASH_HI = 3;
/** Another one for every set that ever lived at an offset, 0 while none does. */
export const STAMP = 4;
export const WORDS = 5;
export const HEADER_WORDS = 6;

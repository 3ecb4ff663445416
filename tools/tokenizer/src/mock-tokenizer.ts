/** Merges asked for; the corpus decides how many there are. */
export const MERGE_COUNT_MAX = 1_500;
/** `src` and `dist` lie side by side, so both find the same files. */
export const corpusUrl = new URL('../corpus/harbour.txt', import.meta.url);
export const outputUrl = new URL('../../../libs/text/assets/mock/', import.meta.url);

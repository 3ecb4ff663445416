/**
 * Who may know whom, as one table. ESLint enforces it (`eslint.config.mjs`); `tools/workspace` proves that it does.
 * The words are those of docs/architecture.md, "Libraries".
 */
export const dependencyRules = [
  { sourceTag: 'type:core', onlyDependOnLibsWithTags: ['type:core'], allowedExternalImports: [] },
  { sourceTag: 'type:contract', onlyDependOnLibsWithTags: ['type:core', 'type:contract'] },
  { sourceTag: 'type:platform', onlyDependOnLibsWithTags: ['type:core', 'type:platform'] },
  {
    sourceTag: 'type:adapter',
    onlyDependOnLibsWithTags: ['type:core', 'type:contract', 'type:platform', 'type:adapter'],
  },
  {
    sourceTag: 'type:app',
    onlyDependOnLibsWithTags: ['type:core', 'type:contract', 'type:platform', 'type:adapter'],
  },
  {
    sourceTag: 'type:testing',
    onlyDependOnLibsWithTags: ['type:core', 'type:contract', 'type:platform', 'type:adapter'],
  },
  {
    sourceTag: 'type:tool',
    onlyDependOnLibsWithTags: [
      'type:core',
      'type:contract',
      'type:platform',
      'type:adapter',
      'type:testing',
      'type:app',
      'type:tool',
    ],
  },
];

/** In test files: the same table, with the test kit and test libraries allowed. */
export const testDependencyRules = dependencyRules.map(({ sourceTag, onlyDependOnLibsWithTags }) => ({
  sourceTag,
  onlyDependOnLibsWithTags: [...new Set([...onlyDependOnLibsWithTags, 'type:testing'])],
}));

const impureGlobals = [
  'Date',
  'performance',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'queueMicrotask',
  'process',
  'Buffer',
  'console',
  'crypto',
  'fetch',
  'Promise',
];

/** What a core may not touch: time, randomness, I/O, waiting, and anything outside cores. */
export const coreBans = {
  'no-restricted-globals': [
    'error',
    ...impureGlobals.map((name) => ({
      name,
      message: `A core takes what it needs as arguments; it does not use ${name}.`,
    })),
  ],
  'no-restricted-properties': [
    'error',
    { object: 'Math', property: 'random', message: 'A core takes a Prng as an argument.' },
  ],
  'no-restricted-imports': [
    'error',
    {
      patterns: [
        { regex: '^node:', message: 'A core does no I/O.' },
        { regex: '^(?!\\.|@kvasir/)', message: 'A core imports cores only.' },
      ],
    },
  ],
  'no-restricted-syntax': [
    'error',
    { selector: ':function[async=true]', message: 'A core is synchronous.' },
    { selector: 'AwaitExpression', message: 'A core is synchronous.' },
    { selector: 'TSEnumDeclaration', message: 'Use a union of literals.' },
    { selector: 'ExportDefaultDeclaration', message: 'Use a named export.' },
    { selector: 'ExportAllDeclaration', message: 'Name what is exported.' },
  ],
};

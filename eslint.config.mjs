import nx from '@nx/eslint-plugin';
import globals from 'globals';
import tseslint from 'typescript-eslint';
import { coreBans, dependencyRules, testDependencyRules } from './tools/boundaries.mjs';

/** Names that say nothing about the domain. */
const NAMING = [
  'error',
  { selector: 'typeLike', format: ['PascalCase'] },
  { selector: 'enumMember', format: ['PascalCase'] },
];

const boundaries = (depConstraints) => [
  'error',
  {
    allow: [],
    enforceBuildableLibDependency: false,
    allowCircularSelfDependency: true,
    banTransitiveDependencies: true,
    depConstraints,
  },
];

export default tseslint.config(
  {
    ignores: [
      '**/dist/**',
      '**/node_modules/**',
      '**/generated/**',
      '.nx/**',
      'coverage/**',
      '**/assembly/**',
    ],
  },
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.strictTypeChecked],
    plugins: { '@nx': nx },
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@nx/enforce-module-boundaries': boundaries(dependencyRules),
      '@typescript-eslint/naming-convention': NAMING,
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/no-unnecessary-condition': [
        'error',
        { allowConstantLoopConditions: 'only-allowed-literals' },
      ],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      'no-restricted-syntax': [
        'error',
        {
          selector: 'TSEnumDeclaration',
          message: 'Use a union of literals: enums emit code and do not narrow.',
        },
        { selector: 'ExportDefaultDeclaration', message: 'Use a named export: one name per idea.' },
        { selector: 'ExportAllDeclaration', message: 'Name what is exported: the index is the public door.' },
        { selector: 'Decorator', message: 'Decorators hide control flow.' },
      ],
      'max-lines': ['error', { max: 500, skipBlankLines: false, skipComments: false }],
      'max-lines-per-function': ['error', { max: 70, skipBlankLines: true, skipComments: true, IIFEs: true }],
      'max-params': ['error', 4],
      'max-depth': ['error', 4],
      'max-classes-per-file': ['error', 1],
      eqeqeq: 'error',
    },
  },
  {
    files: [
      'libs/{units,block-hash,radix-index,cost-model,worker-health,self-check,scheduler,engine-sim,python-values,jinja}/src/**/*.ts',
    ],
    ignores: ['**/*.test.ts', '**/*.bench.ts'],
    rules: coreBans,
  },
  {
    files: ['**/*.test.ts', '**/*.bench.ts', '**/test/**/*.ts', '**/bench/**/*.ts'],
    rules: {
      '@nx/enforce-module-boundaries': boundaries(testDependencyRules),
      // A describe block is a list of cases, not a function with one job.
      'max-lines-per-function': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
    },
  },
  {
    // Composition by command line: default exports are what their tools load.
    files: ['*.config.ts'],
    rules: { 'no-restricted-syntax': 'off' },
  },
  {
    files: ['**/*.mjs'],
    languageOptions: { globals: globals.node },
  },
);

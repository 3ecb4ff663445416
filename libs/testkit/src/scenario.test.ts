import { describe, expect, it } from 'vitest';
import { runScenario } from './scenario.js';

const upper = (command: string): string => (command === 'quiet' ? '' : command.toUpperCase());

describe('runScenario()', () => {
  it('puts what the commands print below the divider, comments kept', () => {
    const text = '# The story.\n\n# A step.\nab\nquiet\ncd\n----\nold\n\nlast\n----\n';
    expect(runScenario(text, upper)).toBe(
      '# The story.\n\n# A step.\nab\nquiet\ncd\n----\nAB\nCD\n\nlast\n----\nLAST\n',
    );
  });

  it('gives back a text that is right already, and completes one without output', () => {
    const right = 'ab\n----\nAB\n';
    expect(runScenario(right, upper)).toBe(right);
    expect(runScenario('ab\n', upper)).toBe(right);
  });
});

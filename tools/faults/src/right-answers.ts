import { Client } from './client.js';
import { questionOf, TURNS } from './conversations.js';

/** Answers of an undisturbed engine, by the key of the question. */
export type RightAnswers = ReadonlyMap<string, string>;

/** Asks an engine itself, while nothing troubles it. @throws Error when it does not answer. */
export async function rightAnswers(
  engineUrl: string,
  options: {
    readonly model: string;
    readonly clients: number;
    readonly timeoutMs: number;
    readonly nowMs: () => number;
  },
): Promise<RightAnswers> {
  const client = new Client(engineUrl, options);
  const answers = new Map<string, string>();
  const learn = async (number: number): Promise<void> => {
    for (let turn = 0; turn < TURNS; turn += 1) {
      const question = questionOf(number, turn);
      const received = await client.ask({ ...question, isStreamed: false }, { processes: new Set() });
      if (!received.isFinished || received.text === '')
        throw new Error(`Cannot learn the right answers: ${received.error ?? 'the engine says nothing'}`);
      answers.set(question.key, received.text);
    }
  };
  await Promise.all(Array.from({ length: options.clients }, (_, number) => learn(number)));
  await client.close();
  return answers;
}

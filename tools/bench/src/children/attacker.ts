/** Sends one of the attacks to a port, when it is asked to; answers when all of it has been sent or refused. Ends with its parent. */
import { attacks, startAttack } from '../attacks.js';

const [name, port] = process.argv.slice(2);
const attack = attacks().find((each) => each.name === name);
if (attack === undefined) throw new TypeError(`Cannot attack: there is no attack "${name ?? ''}"`);
process.on('message', () => {
  void startAttack(attack, Number(port)).sent.then(() => process.send?.({ isSent: true }));
});
process.on('disconnect', () => process.exit(0));
process.send?.({ port: 0 });

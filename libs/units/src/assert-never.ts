/** Proves at compile time that a switch is total; throws with the value when the types were lied to. */
export function assertNever(value: never): never {
  throw new TypeError(`Cannot handle an unknown variant: received ${JSON.stringify(value)}`);
}

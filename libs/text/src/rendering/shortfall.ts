/** Why a prompt cannot be known here. The engine has the say in every case. */
export type ShortfallReason =
  /** The body has what engines refuse, or no JSON. */
  | 'requestInvalid'
  /** The template refuses the messages, or Python would raise an error. */
  | 'templateRefused'
  /** The template, or a value in the request, needs what this renderer does not have. */
  | 'templateUnsupported';

/** Codes of the errors that tell of a shortfall. */
export const shortfallCodes = {
  requestInvalid: 'TEXT_REQUEST_INVALID',
  templateRefused: 'TEXT_TEMPLATE_REFUSED',
  templateUnsupported: 'TEXT_TEMPLATE_UNSUPPORTED',
} as const satisfies Record<ShortfallReason, string>;

export interface Shortfall {
  readonly kind: 'refused';
  readonly why: ShortfallReason;
  readonly reason: string;
  /** How the prompt begins as far as that is known; empty when it is not. */
  readonly beginning: string;
}

export function shortfall(why: ShortfallReason, reason: string, beginning = ''): Shortfall {
  return { kind: 'refused', why, reason, beginning };
}

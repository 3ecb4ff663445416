/** Names of errors that engines write into `type` or `code`, in lower case without `_`, and the status that each stands for. */
const STATUS_OF_NAME: ReadonlyMap<string, number> = new Map(
  Object.entries({
    badrequest: 400,
    badrequesterror: 400,
    invalidrequest: 400,
    invalidrequesterror: 400,
    invalidvalue: 400,
    invalidtype: 400,
    invalidprompt: 400,
    valueerror: 400,
    typeerror: 400,
    keyerror: 400,
    jsondecodeerror: 400,
    validationerror: 400,
    requestvalidationerror: 400,
    vllmvalidationerror: 400,
    templateerror: 400,
    contextlengthexceeded: 400,
    contextwindowexceedederror: 400,
    enginerefused: 400,
    authenticationerror: 401,
    unauthorized: 401,
    invalidapikey: 401,
    permissiondenied: 403,
    permissiondeniederror: 403,
    permissionerror: 403,
    forbidden: 403,
    notfound: 404,
    notfounderror: 404,
    modelnotfound: 404,
    conflicterror: 409,
    requesttoolarge: 413,
    unprocessableentity: 422,
    unprocessableentityerror: 422,
    toomanyrequests: 429,
    ratelimit: 429,
    ratelimiterror: 429,
    ratelimitexceeded: 429,
    notimplemented: 501,
    notimplementederror: 501,
    internalerror: 500,
    internalservererror: 500,
    servererror: 500,
    runtimeerror: 500,
    enginedeaderror: 500,
    badgateway: 502,
    serviceunavailable: 503,
    serviceunavailableerror: 503,
    overloaded: 503,
    overloadederror: 503,
    gatewaytimeout: 504,
  }),
);

/** What an error that names no status it knows counts as. */
export const UNNAMED_ERROR_STATUS = 500;

/**
 * The status that an error within a 200 answer stands for, by its own `code` and `type`: a number or its digits, else a name of an error. `code` goes
 * before `type`, for engines derive the type from it. An error that says nothing known is the engine's.
 */
export function statusOfError(said: { readonly code?: unknown; readonly type?: unknown }): number {
  return statusOf(said.code) ?? statusOf(said.type) ?? UNNAMED_ERROR_STATUS;
}

function statusOf(value: unknown): number | null {
  if (typeof value === 'number') return isErrorStatus(value) ? value : null;
  if (typeof value !== 'string') return null;
  if (/^\d{3}$/.test(value)) return statusOf(Number(value));
  return STATUS_OF_NAME.get(value.replace(/[_\s-]/g, '').toLowerCase()) ?? null;
}

function isErrorStatus(value: number): boolean {
  return Number.isInteger(value) && value >= 400 && value < 600;
}

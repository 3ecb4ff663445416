import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { errorBody, openAiError } from '@kvasir/openai';
import type { OpenAiError } from '@kvasir/openai';

/** Why a connection was given up, as it is counted; `tooMany` were open. */
export type ConnectionFault = 'tooMany' | ParserFault;

type ParserFault = 'malformed' | 'headersTooLarge' | 'headersTimeout' | 'transferEncoding' | 'broken';

/** What the parser says of an error, apart from what breaks. */
export interface ParserError extends Error {
  readonly code?: string;
}

/**
 * Answers what never became a request: a request line that is none, a head that is too long or too slow, a coding that is not known. Nothing is written
 * when the connection is gone, or an answer has begun on it.
 */
export function answerConnectionError(error: ParserError, socket: Socket, requestId: string): ParserFault {
  const fault = faultOf(error.code ?? '');
  const told = fault === 'broken' ? null : explain(fault);
  if (told === null || !socket.writable || hasAnswerBegun(socket)) {
    socket.destroy();
    return fault;
  }
  const json = Buffer.from(JSON.stringify(errorBody(told)));
  const head = [
    `HTTP/1.1 ${told.status} ${STATUS_CODES[told.status] ?? 'Error'}`,
    'content-type: application/json',
    `content-length: ${json.length}`,
    `x-request-id: ${requestId}`,
    'connection: close',
  ];
  socket.end(Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), json]));
  return fault;
}

function faultOf(code: string): ParserFault {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return 'headersTooLarge';
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return 'headersTimeout';
    case 'HPE_INVALID_TRANSFER_ENCODING':
      return 'transferEncoding';
    default:
      return code.startsWith('HPE_') ? 'malformed' : 'broken';
  }
}

function explain(fault: Exclude<ParserFault, 'broken'>): OpenAiError {
  switch (fault) {
    case 'malformed':
      return openAiError('malformed_http', 'What was sent is not a valid HTTP request');
    case 'headersTooLarge':
      return openAiError('headers_too_large', 'The head of the request is longer than the server takes');
    case 'headersTimeout':
      return openAiError('request_incomplete', 'The head of the request did not arrive in time');
    case 'transferEncoding':
      return openAiError(
        'unsupported_transfer_encoding',
        'The only transfer encoding that is taken is "chunked", without content-length',
      );
  }
}

/** Node keeps the answer that is being written at the socket. */
function hasAnswerBegun(
  socket: Socket & { readonly _httpMessage?: { readonly headersSent?: boolean } | null },
) {
  return socket._httpMessage?.headersSent === true;
}

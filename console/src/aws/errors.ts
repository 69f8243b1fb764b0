/** An error as it is told to people. */
export interface Told {
  /** The error code, or what failed. */
  code: string;
  message: string;
  /** For support; only of errors that the server answered with. */
  requestId?: string;
}

interface ServiceError {
  name: string;
  message?: string;
  Message?: string;
  $metadata?: { requestId?: string; httpStatusCode?: number };
}

/** Puts any error into words. */
export function tell(error: unknown): Told {
  if (typeof error !== 'object' || error === null) return { code: 'Error', message: String(error) };
  const e = error as ServiceError;
  const message = e.message || e.Message || 'The server gave no reason.';
  if (!e.$metadata) {
    const offline = e.name === 'TypeError' && /fetch|network/i.test(message);
    return offline ? { code: 'Unreachable', message: 'The server cannot be reached.' } : { code: e.name || 'Error', message };
  }
  return { code: e.name, message: message === 'UnknownError' ? `The server answers ${e.$metadata.httpStatusCode}.` : message, requestId: e.$metadata.requestId };
}

/** Whether an error has this code. */
export function isCode(error: unknown, ...codes: string[]): boolean {
  return typeof error === 'object' && error !== null && codes.includes((error as ServiceError).name);
}

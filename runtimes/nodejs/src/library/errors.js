/** Says that a documented part of the library is not there yet. */
export function notImplemented(what) {
  throw new Error(`Nephele does not implement ${what} yet.`);
}

/** The text of whatever was thrown. */
export function messageOf(err) {
  if (err instanceof Error || (err && typeof err.message === 'string')) return err.message || String(err);
  return String(err);
}

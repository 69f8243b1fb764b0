// The header of active tracing: one trace for the run, a parent of its own for
// each sender. Nephele has no X-Ray: what the header reaches may record the
// trace, this run does not.
import crypto from 'node:crypto';

const hex = (bytes) => crypto.randomBytes(bytes).toString('hex');

/** Makes the run's trace, or undefined when the canary has no active tracing. */
export function traceOf(event) {
  if (!event?.activeTracing) return undefined;
  const root = `1-${Math.floor(Date.now() / 1000).toString(16).padStart(8, '0')}-${hex(12)}`;
  return {
    root,
    /** The headers of a request (X-Ray developer guide, "Tracing header"). */
    headers: () => ({ 'X-Amzn-Trace-Id': `Root=${root};Parent=${hex(8)};Sampled=1` }),
  };
}

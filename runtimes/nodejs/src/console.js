// console as a Lambda function has it: one line an event, with the time, the
// request id and the level; or, with structured logs, one JSON object. A
// newline inside a plain message becomes a carriage return, and the reader of
// the log turns it back.
import fs from 'node:fs';
import { format } from 'node:util';

const levels = { debug: 'DEBUG', info: 'INFO', log: 'INFO', trace: 'TRACE', warn: 'WARN', error: 'ERROR' };

/** Replaces console's methods. canaryName is for structured logs. */
export function installConsole(requestId, { structured = false, canaryName = '' } = {}) {
  for (const [method, level] of Object.entries(levels)) {
    console[method] = (...args) => {
      const time = new Date().toISOString();
      const message = format(...args);
      writeAll(structured
        ? `${JSON.stringify({ timestamp: time, level, canaryName, canaryRunId: requestId, message })}\n`
        : `${time}\t${requestId}\t${level}\t${message.replaceAll('\n', '\r')}\n`);
    };
  }
}

/** Whether logs are structured: CW_SYNTHETICS_LOG_FORMAT, else what the runtime starts with. */
export function structuredLogs(format, byDefault) {
  const wanted = String(format ?? '').toUpperCase();
  return wanted === 'JSON' || (wanted !== 'TEXT' && byDefault);
}

/** Writes to standard output at once: nothing is lost when the run is killed. */
function writeAll(text) {
  let rest = Buffer.from(text);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(fs.writeSync(1, rest));
    } catch (err) {
      if (err.code !== 'EAGAIN') return;
    }
  }
}

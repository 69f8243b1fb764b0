// console as a Lambda function has it: one line an event, with the time, the
// request id and the level. A newline inside a message becomes a carriage
// return, and the reader of the log turns it back.
import fs from 'node:fs';
import { format } from 'node:util';

const levels = { debug: 'DEBUG', info: 'INFO', log: 'INFO', trace: 'TRACE', warn: 'WARN', error: 'ERROR' };

/** Replaces console's methods. */
export function installConsole(requestId) {
  for (const [method, level] of Object.entries(levels)) {
    console[method] = (...args) => {
      const message = format(...args).replaceAll('\n', '\r');
      writeAll(`${new Date().toISOString()}\t${requestId}\t${level}\t${message}\n`);
    };
  }
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

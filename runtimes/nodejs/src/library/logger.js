// SyntheticsLogger: console and a file in the artifacts, at one level.
import fs from 'node:fs';
import path from 'node:path';

const names = ['DEBUG', 'INFO', 'WARN', 'ERROR'];

export class SyntheticsLogger {
  #level = 1;
  #fd = null;
  #dir = null;

  /** Says where the file goes. Not part of the public surface. */
  _open(dir) {
    this.#dir = dir;
  }

  getLogLevel() {
    return this.#level;
  }

  setLogLevel(level) {
    if (!Number.isInteger(level) || level < 0 || level > 3) {
      throw new Error(`Invalid log level ${level}: use 0 (debug), 1 (info), 2 (warn) or 3 (error)`);
    }
    this.#level = level;
  }

  debug(message, ex) {
    this.#write(0, message, ex);
  }

  info(message, ex) {
    this.#write(1, message, ex);
  }

  log(message, ex) {
    this.#write(1, message, ex);
  }

  warn(message, ex) {
    this.#write(2, message, ex);
  }

  error(message, ex) {
    this.#write(3, message, ex);
  }

  #write(level, message, ex) {
    if (level < this.#level) return;
    const text = `${names[level]}: ${message}${ex === undefined ? '' : ` ${ex?.stack ?? ex}`}`;
    console[names[level].toLowerCase()](text);
    if (!this.#dir) return;
    const now = new Date().toISOString();
    this.#fd ??= fs.openSync(path.join(this.#dir, `${now.replace(/[:.]/g, '-')}-log.txt`), 'a');
    try {
      fs.writeSync(this.#fd, `${now} ${text}\n`);
    } catch (err) {
      console.error(`ERROR: the log file cannot be written: ${err.message}`);
      this.#dir = null;
    }
  }
}

/** The one logger of the run. */
export const log = new SyntheticsLogger();

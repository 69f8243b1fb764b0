// SyntheticsLogger: console and a file in the artifacts, at one level.
import fs from 'node:fs';
import path from 'node:path';

const names = ['DEBUG', 'INFO', 'WARN', 'ERROR'];
const levels = { TRACE: 0, DEBUG: 0, INFO: 1, WARN: 2, ERROR: 3, FATAL: 3 };

export class SyntheticsLogger {
  LOG_LEVEL_DEBUG = 0;
  LOG_LEVEL_INFO = 1;
  LOG_LEVEL_WARN = 2;
  LOG_LEVEL_ERROR = 3;
  #level = 1;
  #fd = null;
  #file = null;
  #dir = null;
  #prefix = true;

  /**
   * Says where the file goes, and the level by its name (CW_SYNTHETICS_LOG_LEVEL);
   * a name that is none changes nothing. Structured logs have the level in a
   * field of its own and no prefix. Not part of the public surface.
   */
  _open(dir, level, structured) {
    this.#dir = dir;
    this.#level = levels[String(level ?? '').toUpperCase()] ?? this.#level;
    this.#prefix = !structured;
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

  getLogFilePath() {
    return this.#file;
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
    const text = `${message}${ex === undefined || ex === null ? '' : ` ${ex?.stack ?? ex}`}`;
    console[names[level].toLowerCase()](this.#prefix ? `${names[level]}: ${text}` : text);
    if (this.#dir) this.#keep(`${names[level]}: ${text}`);
  }

  #keep(text) {
    const now = new Date().toISOString();
    try {
      this.#file ??= path.join(this.#dir, `${now.replace(/[:.]/g, '-')}-log.txt`);
      this.#fd ??= fs.openSync(this.#file, 'a');
      fs.writeSync(this.#fd, `${now} ${text}\n`);
    } catch (err) {
      this.#dir = null;
      console.error(`ERROR: the log file cannot be written: ${err.message}`);
    }
  }
}

/** The one logger of the run. */
export const log = new SyntheticsLogger();

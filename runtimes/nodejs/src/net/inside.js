// What listens inside the box: a browser's debugging port, a server of the
// script. It is reached without the proxy, whose loopback is another one.
import fs from 'node:fs';
import os from 'node:os';

const LISTEN = '0A';
const outside = new Set(); // ports of our own that nobody else means
let own; // whether the network namespace is the box's own

/** True when host:port names a socket that a process of this box listens on. */
export function listensInside(host, port) {
  if (!/^(localhost|127\.\d+\.\d+\.\d+|::1)$/.test(host)) return false;
  if (outside.has(Number(port))) return false;
  own ??= Object.keys(os.networkInterfaces()).every((name) => name === 'lo');
  return own && ['/proc/net/tcp', '/proc/net/tcp6'].some((table) => listed(table, Number(port)));
}

/** Says that a port that listens inside is not for scripts: who names it means another. */
export function notInside(port) {
  outside.add(port);
}

/** Looks a port up in a table of sockets, see proc_net_tcp in the kernel's documentation. */
function listed(table, port) {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  try {
    return fs.readFileSync(table, 'latin1').split('\n').slice(1).some((line) => {
      const [, local, , state] = line.trim().split(/\s+/);
      return state === LISTEN && local?.endsWith(`:${hex}`);
    });
  } catch {
    return false;
  }
}

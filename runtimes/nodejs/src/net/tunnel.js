// The way out of the box: every TCP connection becomes a CONNECT on the unix
// socket of the run's egress proxy.
import net from 'node:net';
import { learn } from './egress.js';

const connectNatively = net.Socket.prototype.connect;

/** An error shaped like the ones of the net module. */
function failure(target, head, body) {
  const code = /^x-nephele-egress:\s*(\S+)/im.exec(head)?.[1] ?? 'ECONNREFUSED';
  const refused = code === 'refused';
  const text = body.trim() || head.split('\r\n')[0];
  const err = new Error(refused ? text : `connect ${code} ${target}: ${text}`);
  err.code = refused ? 'EACCES' : code;
  err.errno = -1;
  err.syscall = code === 'ENOTFOUND' ? 'getaddrinfo' : 'connect';
  [err.address, err.port] = split(target);
  if (code === 'ENOTFOUND') err.hostname = err.address;
  return err;
}

function split(target) {
  const at = target.lastIndexOf(':');
  return [target.slice(0, at).replace(/^\[|\]$/g, ''), Number(target.slice(at + 1))];
}

function join(host, port) {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/**
 * Connects socket to host:port through the proxy. The socket stays "connecting"
 * until the far end has answered, so a refused port is an 'error' and never a
 * 'connect', as on a direct connection.
 */
export function tunnel(socket, proxy, host, port) {
  const target = join(host, port);
  const { emit, push } = socket;
  let head = Buffer.alloc(0);
  const finish = () => {
    socket.emit = emit;
    socket.push = push;
  };
  const answer = (chunk) => {
    if (chunk === null) {
      finish();
      socket.destroy(failure(target, '', 'the proxy hung up'));
      return false;
    }
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf('\r\n\r\n');
    if (end < 0) return true;
    const text = head.subarray(0, end).toString('latin1');
    const rest = head.subarray(end + 4);
    if (!/^HTTP\/1\.[01] 200/.test(text)) {
      const length = Number(/^content-length:\s*(\d+)/im.exec(text)?.[1] ?? 0);
      if (rest.length < length) return true;
      finish();
      socket.destroy(failure(target, text, rest.toString('utf8')));
      return false;
    }
    finish();
    learn(target, text);
    socket.connecting = false;
    socket.emit('connect');
    socket.emit('ready');
    return rest.length > 0 ? socket.push(rest) : true;
  };
  socket.emit = function (event, ...args) {
    if (event === 'ready') return true;
    if (event !== 'connect') return emit.call(socket, event, ...args);
    socket._writeGeneric(false, `CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`, 'latin1', () => {});
    socket.push = answer;
    socket.connecting = true;
    // A connecting stream puts off its reading, so this starts below it.
    socket._handle.reading = true;
    socket._handle.readStart();
    return true;
  };
  connectNatively.call(socket, { path: proxy });
  return socket;
}

/** Opens a plain connection to the proxy itself. */
export function toProxy(proxy) {
  return connectNatively.call(new net.Socket(), { path: proxy });
}

/** What net.Socket.prototype.connect was called with: [options, listener]. */
export function connectArguments(args) {
  if (Array.isArray(args[0])) return args[0];
  const listener = args.find((a) => typeof a === 'function');
  if (typeof args[0] === 'object' && args[0] !== null) return [args[0], listener];
  if (typeof args[0] === 'string' && !/^\d+$/.test(args[0])) return [{ path: args[0] }, listener];
  return [{ port: args[0], host: typeof args[1] === 'string' ? args[1] : undefined }, listener];
}

// Makes everything in this process that opens TCP connections go through the
// proxy: sockets, http and https with any agent, TLS, and fetch.
import https from 'node:https';
import net from 'node:net';
import { Duplex } from 'node:stream';
import tls from 'node:tls';
import { learn } from './egress.js';
import { listensInside, notInside } from './inside.js';
import { connectArguments, toProxy, tunnel } from './tunnel.js';

/** Installs the proxy at the given unix socket. */
export function installProxy(proxy) {
  installSockets(proxy);
  installTLS();
  installFetch();
}

function installSockets(proxy) {
  const native = net.Socket.prototype.connect;
  net.Socket.prototype.connect = function (...args) {
    const [options, listener] = connectArguments(args);
    if (options.path || listensInside(options.host || 'localhost', options.port)) return native.apply(this, args);
    if (listener) this.once('connect', listener);
    this.connecting = true;
    return tunnel(this, proxy, options.host || 'localhost', options.port);
  };
}

/**
 * TLS takes over the reading of the socket below it at once, so that socket
 * must be through with the proxy first. https can wait for it; tls.connect
 * must return a socket, and gets a stream that becomes one later.
 */
function installTLS() {
  const connect = tls.connect;
  https.Agent.prototype.createConnection = function (options, done) {
    const raw = net.connect({ host: options.host, port: options.port });
    raw.once('error', done);
    raw.once('connect', () => {
      raw.off('error', done);
      done(null, connect({ ...options, path: undefined, socket: raw }));
    });
  };
  tls.connect = function (...args) {
    const [options, listener] = tlsArguments(args);
    if (options.socket || options.path) return connect.apply(this, args);
    const servername = options.servername ?? (net.isIP(options.host ?? '') ? '' : options.host);
    return connect({ ...options, servername, socket: new Later(options) }, listener);
  };
}

function tlsArguments(args) {
  const listener = args.find((a) => typeof a === 'function');
  const more = args.find((a, i) => i > 0 && typeof a === 'object' && a !== null) ?? {};
  const [options] = connectArguments(args);
  return [{ ...options, ...more }, listener];
}

/** A stream that is a socket as soon as the socket is connected. */
class Later extends Duplex {
  constructor({ host, port }) {
    super();
    this.socket = net.connect({ host: host || 'localhost', port });
    this.socket.on('data', (chunk) => this.push(chunk) || this.socket.pause());
    this.socket.on('end', () => this.push(null));
    this.socket.on('error', (err) => this.destroy(err));
    this.socket.on('close', () => this.destroy());
  }

  _read() {
    this.socket.resume();
  }

  _write(chunk, encoding, done) {
    this.socket.write(chunk, encoding, done);
  }

  _final(done) {
    this.socket.end(done);
  }

  _destroy(err, done) {
    this.socket.destroy();
    done(err);
  }
}

/** Node keeps its fetch's connections in a dispatcher that is made when needed. */
function installFetch() {
  const native = globalThis.fetch;
  if (!native) return;
  const key = Symbol.for('undici.globalDispatcher.1');
  let installed = false;
  globalThis.fetch = function fetch(...args) {
    if (!installed) {
      installed = true;
      void globalThis.Headers; // loads the library
      const Agent = globalThis[key]?.constructor;
      if (Agent) globalThis[key] = new Agent({ connect: fetchConnect });
    }
    return native.apply(this, args);
  };
}

function fetchConnect({ hostname, port, protocol, servername }, done) {
  const host = hostname.replace(/^\[|\]$/g, '');
  const secure = protocol === 'https:';
  const raw = net.connect({ host, port: Number(port) || (secure ? 443 : 80) });
  raw.once('error', (err) => done(err, null));
  raw.once('connect', () => {
    if (!secure) return done(null, raw);
    const name = servername || (net.isIP(host) ? '' : host);
    const socket = tls.connect({ socket: raw, servername: name, ALPNProtocols: ['http/1.1'] });
    socket.once('error', (err) => done(err, null));
    socket.once('secureConnect', () => done(null, socket));
  });
}

/**
 * Listens on loopback and passes each connection to the proxy: a browser can
 * only be given a TCP proxy. Resolves to the port.
 */
export function forwarder(proxy) {
  const server = net.createServer((inner) => {
    const outer = toProxy(proxy);
    const close = () => {
      inner.destroy();
      outer.destroy();
    };
    inner.on('error', close).on('close', close);
    outer.on('error', close).on('close', close);
    inner.once('data', (asked) => {
      const target = /^CONNECT (\S+) /.exec(asked.toString('latin1', 0, 300))?.[1];
      if (target) outer.once('data', (told) => learn(target, told.toString('latin1', 0, 1000)));
    });
    inner.pipe(outer).pipe(inner);
  });
  server.unref();
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      notInside(port);
      resolve(port);
    });
  });
}

"""Passes TCP connections on loopback to the unix socket of the run's proxy.

A browser can only be given a TCP proxy, and a Python socket cannot change its
family. So both connect to this port. It is served by a process of its own: a
script that computes must not stop the browser's traffic, and a thread would
share the interpreter with it.
"""
import os
import selectors
import socket

_CHUNK = 64 * 1024


def start(path):
    """Starts the process. Returns the port on 127.0.0.1."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", 0))
    listener.listen(128)
    port = listener.getsockname()[1]
    # While the launcher lives, it holds the writing end of this pipe.
    alive, _ = os.pipe()
    child = os.fork()
    if child == 0:
        # The process is nobody's child, so that a script which waits for its
        # children does not wait for this one.
        if os.fork() == 0:
            _become(listener, alive, _, path)
        os._exit(0)
    os.waitpid(child, 0)
    os.close(alive)
    listener.close()
    return port


def _become(listener, alive, other, path):
    try:
        os.close(other)
        os.setsid()
        null = os.open(os.devnull, os.O_RDWR)
        for fd in (0, 1, 2):
            os.dup2(null, fd)
        _Forwarder(listener, alive, path).run()
    finally:
        os._exit(0)


class _End:
    """One end of a connection: what it has sent and the other end has not taken yet."""

    __slots__ = ("sock", "other", "unsent", "ended")

    def __init__(self, sock):
        self.sock, self.other, self.unsent, self.ended = sock, None, b"", False


class _Forwarder:
    def __init__(self, listener, alive, path):
        self.listener, self.alive, self.path = listener, alive, path
        self.selector = selectors.DefaultSelector()

    def run(self):
        self.listener.setblocking(False)
        self.selector.register(self.listener, selectors.EVENT_READ)
        self.selector.register(self.alive, selectors.EVENT_READ)
        while True:
            for key, events in self.selector.select():
                if key.fileobj == self.alive:
                    return
                if key.fileobj is self.listener:
                    self._accept()
                    continue
                end = key.data
                try:
                    if events & selectors.EVENT_WRITE:
                        self._write(end.other)
                    if events & selectors.EVENT_READ:
                        self._read(end)
                except OSError:
                    self._close(end)

    def _accept(self):
        try:
            inner, _ = self.listener.accept()
        except OSError:
            return
        outer = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            outer.connect(self.path)
        except OSError:
            inner.close()
            outer.close()
            return
        inner.setblocking(False)
        inner.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        outer.setblocking(False)
        a, b = _End(inner), _End(outer)
        a.other, b.other = b, a
        for end in (a, b):
            self.selector.register(end.sock, selectors.EVENT_READ, end)

    def _read(self, end):
        try:
            end.unsent = end.sock.recv(_CHUNK)
        except BlockingIOError:
            return
        if not end.unsent:
            end.ended = True
        self._write(end)

    def _write(self, end):
        """Sends what end has to the other end, and says what to wait for next."""
        if end.unsent:
            try:
                end.unsent = end.unsent[end.other.sock.send(end.unsent):]
            except BlockingIOError:
                pass
        if end.ended and not end.unsent:
            end.other.sock.shutdown(socket.SHUT_WR)
            if end.other.ended and not end.other.unsent:
                self._close(end)
                return
        self._wait(end)
        self._wait(end.other)

    def _wait(self, end):
        events = 0
        if not end.ended and not end.unsent:
            events |= selectors.EVENT_READ
        if end.other.unsent:
            events |= selectors.EVENT_WRITE
        known = end.sock in self.selector.get_map()
        if events and known:
            self.selector.modify(end.sock, events, end)
        elif events:
            self.selector.register(end.sock, events, end)
        elif known:
            self.selector.unregister(end.sock)

    def _close(self, end):
        for one in (end, end.other):
            if one.sock.fileno() < 0:
                continue
            try:
                self.selector.unregister(one.sock)
            except KeyError:
                pass
            one.sock.close()

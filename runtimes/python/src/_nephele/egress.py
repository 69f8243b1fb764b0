"""The way out of the box: every TCP connection becomes a CONNECT to the proxy.

The box has loopback and nothing else, not even names. So a name is not
resolved here: getaddrinfo hands it on as an address, and connect asks the
proxy for it. What is on top (http.client, urllib, requests, boto3, asyncio,
TLS) does not notice.

Loopback is two places: this box, and the machine around it, where the site is
that a canary on a laptop watches. A connection to it is first tried in the
box, where a driver or a server of the script's own may listen, and goes to the
proxy when nobody does.
"""
import _socket
import errno
import ipaddress
import os
import socket

from . import forwarder
from .after import after_import

# Ports in the box that belong to the run: never looked for on the machine.
own_ports = set()

_port = None  # of the forwarder
_PATIENCE = 60.0  # seconds that the proxy has to answer where the socket has no limit of its own
_connect, _resolve = _socket.socket.connect, _socket.getaddrinfo


def install(path):
    """Leads everything to the proxy at the unix socket. Returns the port of its twin on loopback."""
    global _port
    _port = forwarder.start(path)
    socket.socket.connect = connect
    socket.socket.connect_ex = connect_ex
    socket.getaddrinfo = getaddrinfo
    after_import("asyncio.selector_events", _install_asyncio)
    return _port


def connect(sock, address):
    """socket.connect."""
    if not _tunnelled(sock, address):
        return _connect(sock, address)
    limit = _socket.socket.gettimeout(sock)
    if limit == 0:
        _socket.socket.settimeout(sock, _PATIENCE)
    try:
        _reach(sock, address)
    finally:
        if limit == 0:
            _socket.socket.settimeout(sock, limit)
    return None


def connect_ex(sock, address):
    """socket.connect_ex: the number of the error in place of an exception."""
    try:
        connect(sock, address)
    except socket.gaierror:
        raise
    except TimeoutError as err:
        return err.errno or errno.EAGAIN
    except OSError as err:
        if err.errno is None:
            raise
        return err.errno
    return 0


def getaddrinfo(host, port, family=0, type=0, proto=0, flags=0):
    """socket.getaddrinfo: names become addresses that connect understands."""
    name = host.decode("ascii") if isinstance(host, bytes) else host
    if name is None or _literal(name) or _local(name) or flags & socket.AI_NUMERICHOST:
        return _native_infos(host, port, family, type, proto, flags)
    number = _resolve("127.0.0.1", port, socket.AF_INET, type, proto)[0][4][1]
    name = name.encode("idna").decode("ascii")
    family = family or socket.AF_INET
    kind = type or socket.SOCK_STREAM
    proto = proto or (socket.IPPROTO_UDP if kind == socket.SOCK_DGRAM else socket.IPPROTO_TCP)
    address = (name, number) if family == socket.AF_INET else (name, number, 0, 0)
    canonical = name if flags & socket.AI_CANONNAME else ""
    return [(socket.AddressFamily(family), socket.SocketKind(kind), proto, canonical, address)]


def _native_infos(host, port, family, type, proto, flags):
    return [
        (socket.AddressFamily(f), socket.SocketKind(k), p, canonical, address)
        for f, k, p, canonical, address in _resolve(host, port, family, type, proto, flags)
    ]


def _tunnelled(sock, address):
    return (
        sock.family in (socket.AF_INET, socket.AF_INET6)
        and sock.type == socket.SOCK_STREAM
        and isinstance(address, tuple)
        and len(address) >= 2
    )


def _literal(host):
    try:
        ipaddress.ip_address(host.split("%", 1)[0])
        return True
    except ValueError:
        return False


def _local(host):
    if host.lower().rstrip(".") in ("", "localhost"):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def _reach(sock, address):
    host, port = address[0], address[1]
    if isinstance(host, bytes):
        host = host.decode("ascii")
    if _local(host):
        if port in own_ports or port == _port:
            return _connect(sock, address)
        try:
            return _connect(sock, address)
        except ConnectionRefusedError:
            pass
    return _ask(sock, host or "127.0.0.1", port)


def _ask(sock, host, port):
    """Connects to host:port through the proxy."""
    local = "127.0.0.1" if sock.family == socket.AF_INET else "::ffff:127.0.0.1"
    try:
        _connect(sock, (local, _port))
    except ConnectionAbortedError:  # how Linux tells that the refusal before this has been noticed
        _connect(sock, (local, _port))
    target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    _socket.socket.sendall(sock, f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode("ascii", "replace"))
    head = _read_head(sock)
    if head.split(b" ", 2)[1:2] != [b"200"]:
        raise _failure(sock, host, target, head)


def _read_head(sock):
    """Reads up to the empty line and not a byte further: those are the target's."""
    head = b""
    while True:
        seen = _socket.socket.recv(sock, 4096, socket.MSG_PEEK)
        if not seen:
            return head
        end = (head + seen).find(b"\r\n\r\n")
        wanted = len(seen) if end < 0 else end + 4 - len(head)
        head += _socket.socket.recv(sock, wanted)
        if end >= 0:
            return head


def _failure(sock, host, target, head):
    """The exception that a direct connection would have raised."""
    fields = {}
    for line in head.decode("latin-1").split("\r\n")[1:]:
        name, _, value = line.partition(":")
        fields[name.strip().lower()] = value.strip()
    text = _read_body(sock, int(fields.get("content-length") or 0)) or f"the proxy closed the connection to {target}"
    code = fields.get("x-nephele-egress", "ECONNREFUSED")
    if code == "ENOTFOUND":
        return socket.gaierror(socket.EAI_NONAME, f"Name or service not known: {host}")
    if code == "refused":
        return PermissionError(errno.EACCES, text)
    number = getattr(errno, code, errno.ECONNREFUSED)
    return OSError(number, f"{os.strerror(number)}: {target}")


def _read_body(sock, size):
    body = b""
    while len(body) < min(size, 4096):
        more = _socket.socket.recv(sock, 4096)
        if not more:
            break
        body += more
    return body.decode("utf-8", "replace").strip()


def _install_asyncio(module):
    """Connections of an event loop are made in a thread, so that the loop goes on."""
    loop = module.BaseSelectorEventLoop
    native = loop.sock_connect

    async def sock_connect(self, sock, address):
        if not _tunnelled(sock, address):
            return await native(self, sock, address)
        return await self.run_in_executor(None, _connect_copy, sock.family, sock.type, os.dup(sock.fileno()), address)

    loop.sock_connect = sock_connect


def _connect_copy(family, kind, fd, address):
    """Connects a socket by a descriptor of its own: the loop may close its one at any time."""
    with socket.socket(family, kind, fileno=fd) as copy:
        copy.settimeout(_PATIENCE)
        connect(copy, address)

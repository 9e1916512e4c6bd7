"""The port of the pages: bound before anything is shown, by whoever then serves there or starts who does."""

from __future__ import annotations

import errno
import socket
from dataclasses import dataclass

from data_io.errors import UserError
from search.web.address import ANY_ADDRESS


@dataclass(frozen=True)
class Listener:
    """A port that is bound and listens; it can be handed to a process that is started.

    Attributes
    ----------
    host : str
        As it was asked for.
    port : int
        The one that was found, where any free one was asked for.
    socket : socket.socket
    """

    host: str
    port: int
    socket: socket.socket

    @property
    def url(self) -> str:
        """The address to open in a browser on this machine."""
        name = "localhost" if self.host in ANY_ADDRESS else self.host
        return f"http://{f'[{name}]' if ':' in name else name}:{self.port}"


def listen(host: str = "localhost", port: int = 8080) -> Listener:
    """Bind a port; "localhost" means IPv4, so that one name is one port.

    Parameters
    ----------
    host : str
        Name or address of the interface to bind, such as ``localhost`` or ``0.0.0.0``.
    port : int
        0 takes any free one.

    Raises
    ------
    UserError
        When the host is unknown here, or the port is taken, reserved or out of range.
    """
    if not 0 <= port <= 65535:
        raise UserError(f"--port {port}: not a port; give one from 1024 to 65535, or 0 for any free one")
    listener = None
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = min(found, key=lambda entry: entry[0] != socket.AF_INET)
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen()
    except (OSError, UnicodeError) as error:
        if listener is not None:
            listener.close()
        raise UserError(_explain(error, host, port)) from error
    return Listener(host, listener.getsockname()[1], listener)


def _explain(error: OSError | UnicodeError, host: str, port: int) -> str:
    number = error.errno if isinstance(error, OSError) else None
    if number == errno.EADDRINUSE:
        return f"--port {port}: in use on {host}; give another --port, or --port 0 for any free one"
    if number in {errno.EACCES, errno.EPERM}:
        return f"--port {port}: reserved for the administrator; give one above 1023"
    reason = error.strerror if isinstance(error, OSError) else "not a host name"
    return f"--host {host!r}: cannot be served on ({reason}); give localhost or an address of this machine"

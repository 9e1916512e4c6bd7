"""Where the pages are served, and under which names they are asked for."""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass

from data_io.errors import UserError
from search.web.guard import is_host_name

ANY_ADDRESS = frozenset({"0.0.0.0", "::"})
_ROOT_PATH = re.compile(r"(?:/[\w.~-]+)+", re.ASCII)


@dataclass(frozen=True)
class Address:
    """Where the pages are served, and under which names they are asked for.

    Attributes
    ----------
    host : str
        The interface; with an address for all of them every IP address and this machine's own name are
        accepted in requests.
    port : int
        0 takes any free one.
    root_path : str
        The path below which a proxy shows the pages, such as ``/rbptune``; empty for none.
    names : tuple of str
        Further host names to answer to, such as that of a proxy.

    Raises
    ------
    UserError
        When the root path is none, or a name is not a host name alone.
    """

    host: str = "localhost"
    port: int = 8080
    root_path: str = ""
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "root_path", self.root_path.rstrip("/"))
        if self.root_path and not _ROOT_PATH.fullmatch(self.root_path):
            raise UserError(f"--root-path {self.root_path!r}: not a path; write it such as /rbptune")
        for name in self.names:
            if not is_host_name(name):
                raise UserError(
                    f"--allow-host {name!r}: not a host name; give the name alone, such as lab.example.org"
                )

    @property
    def everywhere(self) -> bool:
        """Whether the pages answer on all interfaces."""
        return self.host in ANY_ADDRESS

    @property
    def accepted(self) -> list[str]:
        """The host names that requests may carry, besides those of the loopback."""
        own = [socket.gethostname(), socket.getfqdn()] if self.everywhere else [self.host]
        return [*own, *self.names]

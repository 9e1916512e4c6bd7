"""Who may read the pages, and who may write: by a token that was printed, or by a password."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import stat
from dataclasses import dataclass, field
from pathlib import Path

from data_io.errors import ConfigError

LEAST = 12  # characters of a password: whoever reaches the pages may guess
OTHERS = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True)
class Visitor:
    """Who asks for a page.

    Attributes
    ----------
    may_read, may_write : bool
    proof : str
        What a form has to carry, so that no other site's can be sent in this visitor's name; empty where
        nothing can be written.
    """

    may_read: bool
    may_write: bool
    proof: str = ""


@dataclass(frozen=True)
class Access:
    """Who may read, and who may write.

    A session is a random name with a signature, kept by the visitor's browser alone; all end with the server.

    Attributes
    ----------
    token : str or None
        Begins a session; None where that does not.
    password : str or None
        Begins a session, too. Where there is one, nothing is shown without a session.
    writes : bool
        Whether sessions may write. Default: False.
    """

    token: str | None = None
    password: str | None = field(default=None, repr=False)
    writes: bool = False
    _key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)

    @classmethod
    def make(cls, writes: bool, password_file: Path | None = None) -> Access:
        """Give the access to a server's pages: with a new token, or with the password of a file.

        Raises
        ------
        ConfigError
            When the file cannot be used.
        """
        if password_file is not None:
            return cls(password=read_password(password_file), writes=writes)
        return cls(token=secrets.token_urlsafe(24) if writes else None, writes=writes)

    def visitor(self, session: str | None) -> Visitor:
        """Tell what the bearer of a session may do."""
        name, _, signature = (session or "").partition(".")
        known = bool(name) and _same(signature, self._sign("session", name))
        writes = known and self.writes
        proof = self._sign("form", name) if writes else ""
        return Visitor(known or self.password is None, writes, proof)

    def begin(self) -> str:
        """Give a new session."""
        name = secrets.token_urlsafe(16)
        return f"{name}.{self._sign('session', name)}"

    def knows_token(self, token: str) -> bool:
        """Tell whether this is the server's token."""
        return self.token is not None and _same(token, self.token)

    def knows_password(self, password: str) -> bool:
        """Tell whether this is the password."""
        return self.password is not None and _same(password, self.password)

    def _sign(self, purpose: str, name: str) -> str:
        return hmac.new(self._key, f"{purpose} {name}".encode(), hashlib.sha256).hexdigest()


def proves(visitor: Visitor, proof: str) -> bool:
    """Tell whether a form came from a page that this visitor was shown."""
    return bool(visitor.proof) and _same(proof, visitor.proof)


def read_password(path: Path) -> str:
    """Read the first line of a file that nobody else can read.

    Raises
    ------
    ConfigError
        When the file cannot be read, others can read it, or the password is short.
    """
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not text"
        raise ConfigError(f"--password-file {path}: cannot be read ({reason}); name a text file") from error
    if mode & OTHERS:
        raise ConfigError(f"--password-file {path}: others may read or write it; chmod 600 {path}")
    password = text.split("\n", maxsplit=1)[0].rstrip("\r")
    if len(password) < LEAST:
        raise ConfigError(
            f"--password-file {path}: a password of {len(password)} characters; write {LEAST} or more in its "
            "first line"
        )
    return password


def _same(one: str, other: str) -> bool:
    """Compare in a time that tells nothing of where they differ."""
    return hmac.compare_digest(one.encode(errors="surrogatepass"), other.encode(errors="surrogatepass"))

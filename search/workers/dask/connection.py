"""Connect to a scheduler that runs; where that fails, say why in one line and within seconds."""

from __future__ import annotations

import asyncio
import logging
import re
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from distributed import Client, Security
from distributed.comm.addressing import get_address_host_port
from distributed.core import rpc

from data_io.errors import ConfigError, UserError

CONNECT_SECONDS = 5  # to reach it, and as many again for its answer


class ClusterError(UserError):
    """Workers that cannot be started, or a Dask scheduler that cannot be reached, or went away."""


def connect(address: str, tls: dict[str, str]) -> Client:
    """Connect to a scheduler.

    Parameters
    ----------
    address : str
        Such as ``tcp://10.0.0.1:8786`` or ``tls://...``.
    tls : dict
        Paths of the PEM files ca, cert and key; empty leaves it to Dask's own configuration.

    Raises
    ------
    ConfigError
        When address or files cannot be right.
    ClusterError
        When no scheduler answers.
    """
    silence_dask()
    _check_address(address)
    security = _security(address, tls)
    try:
        _check_kind(address, asyncio.run(_identify(address, security.get_connection_args("client"))))
        return Client(address, security=security, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, TypeError, ValueError, RuntimeError, MemoryError) as error:
        raise ClusterError(f"--scheduler {address}: {_explain(address, error)}") from error


def silence_dask() -> None:
    """Keep Dask's own log off the terminal: what matters to a user is said in the driver's words."""
    logging.getLogger("distributed").setLevel(logging.CRITICAL)


async def _identify(address: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Ask what answers at an address; a `Client` would wait for ever where it is no part of Dask."""
    async with (
        asyncio.timeout(2 * CONNECT_SECONDS),
        rpc(address, timeout=CONNECT_SECONDS, connection_args=arguments) as remote,
    ):
        answer: dict[str, Any] = await remote.identity()
    return answer


def _check_address(address: str) -> None:
    try:
        get_address_host_port(address)
    except ValueError as error:
        raise ConfigError(
            f"--scheduler {address}: is no address of a Dask scheduler; give it as 'dask scheduler' says it, "
            "such as tcp://10.0.0.1:8786"
        ) from error


def _check_kind(address: str, answer: dict[str, Any]) -> None:
    kind = str(answer.get("type", "server")).lower()
    if kind != "scheduler":
        raise ConfigError(
            f"--scheduler {address}: is a Dask {kind}; give the address of its scheduler"
            + (f", {answer['scheduler']}" if "scheduler" in answer else "")
        )


def _security(address: str, tls: dict[str, str]) -> Security:
    for path in tls.values():
        if not Path(path).is_file():
            raise ConfigError(f"--tls {path}: no such file; give the PEM files of CA, certificate and key")
    if tls and not address.startswith("tls://"):
        raise ConfigError(f"--scheduler {address}: with --tls the address begins with tls://")
    if not tls:
        return Security()
    security = Security(
        require_encryption=True,
        tls_ca_file=tls.get("ca"),
        tls_client_cert=tls.get("cert"),
        tls_client_key=tls.get("key"),
    )
    try:
        security.get_connection_args("client")
    except OSError as error:
        raise ConfigError(
            f"--tls {' '.join(tls.values())}: cannot be used ({error}); "
            "give the PEM files of CA, certificate and key"
        ) from error
    return security


def _explain(address: str, error: BaseException) -> str:
    """Say why there is no connection; Dask keeps the reason in the errors beneath."""
    if isinstance(error, TypeError):
        return "Dask has no certificates for it; give --tls CA CERT KEY"
    beneath = list(_causes(error))
    secure = [e for e in beneath if isinstance(e, ssl.SSLError | ValueError)]  # the latter is tornado's
    if secure:
        return (
            f"TLS with it fails ({secure[-1]}); give the PEM files that belong to it as --tls CA CERT KEY, "
            "or tcp:// where it speaks no TLS"
        )
    refused = [e for e in beneath if isinstance(e, OSError) and not isinstance(e, TimeoutError) and str(e)]
    if not refused:
        return "what answers there is no Dask scheduler; a dashboard's port is another than the scheduler's"
    reason = _refusal(address) or re.sub("^in <[^>]*>: ", "", str(refused[-1]))  # Dask's connector's name
    return f"no Dask scheduler answers there ({reason}); start one with 'dask scheduler' or fix the address"


def _refusal(address: str) -> str:
    """Ask the system why: of many tries Dask tells the last alone, and that one may have been cut short."""
    try:
        socket.create_connection(get_address_host_port(address), timeout=CONNECT_SECONDS).close()
    except OSError as error:
        return str(error)
    return ""


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__

"""A PostgreSQL server for the tests of studies, and a database of one's own on it."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest
import sqlalchemy

from tests.support.postgres import REQUIRED, find_programs, running_server


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    programs = find_programs()
    if programs is None:
        assert not REQUIRED, "PostgreSQL is required here and not installed"
        pytest.skip("no PostgreSQL server program (Debian: apt-get install postgresql)")
    with running_server(programs) as url:
        yield url


@pytest.fixture
def postgresql(server: str) -> str:
    """The address of an empty database."""
    name = f"db{uuid4().hex}"
    engine = sqlalchemy.create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sqlalchemy.text(f'CREATE DATABASE "{name}"'))
    engine.dispose()
    return server.replace("/postgres?", f"/{name}?")

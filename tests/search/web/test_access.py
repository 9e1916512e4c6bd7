"""Who may read and who may write: tokens, passwords, sessions."""

from __future__ import annotations

from pathlib import Path

import pytest

from data_io.errors import ConfigError
from search.web.access import Access, Visitor, proves
from search.web.origin import is_own

READER, STRANGER = Visitor(True, False), Visitor(False, False)


def test_a_session_of_a_writing_server_writes_and_no_other() -> None:
    access, other = Access.make(writes=True), Access.make(writes=True)
    session = access.begin()
    assert access.visitor(session).may_write
    name, _, signature = session.partition(".")
    forged = [
        None,
        "",
        ".",
        name,
        f"{name}.",
        f".{signature}",
        f"x{session}",
        session[:-1],
        f"{session}0",
        "é.é",
    ]
    for wrong in [*forged, other.begin()]:
        assert access.visitor(wrong) == READER


def test_a_read_only_server_has_no_token_and_its_sessions_write_nothing() -> None:
    access = Access.make(writes=False)
    assert access.token is None
    assert not access.knows_token("")
    assert access.visitor(access.begin()) == READER


def test_a_token_is_long_and_new_each_time() -> None:
    tokens = {Access.make(writes=True).token for _ in range(5)}
    assert len(tokens) == 5
    assert min(len(token or "") for token in tokens) >= 32


def test_forms_are_proved_by_their_own_session() -> None:
    access = Access.make(writes=True)
    one, two = (access.visitor(access.begin()) for _ in range(2))
    assert proves(one, one.proof)
    assert not proves(one, two.proof)
    assert not proves(one, "")
    assert not proves(READER, "")


def test_with_a_password_nothing_is_shown_without_it(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("correct horse battery\nnot this line\n")
    file.chmod(0o600)
    access = Access.make(writes=True, password_file=file)
    assert (access.token, access.visitor(None)) == (None, STRANGER)
    assert access.knows_password("correct horse battery")
    assert not any(
        map(access.knows_password, ["", "correct horse", "correct horse battery\n", "Ünicode\ud800"])
    )
    assert access.visitor(access.begin()).may_write
    assert "correct horse" not in repr(access)


@pytest.mark.parametrize(
    ("content", "mode", "said"),
    [
        (b"correct horse battery\n", 0o640, "others may read or write it; chmod 600 "),
        (b"correct horse battery\n", 0o602, "others may read or write it"),
        (b"short\ncorrect horse battery\n", 0o600, "a password of 5 characters"),
        (b"", 0o600, "a password of 0 characters"),
        (b"\xff\xfe\xfa" * 9, 0o600, "cannot be read (not text)"),
        (None, 0o600, "cannot be read (No such file or directory)"),
    ],
)
def test_a_password_file_that_will_not_do_is_refused(
    content: bytes | None, mode: int, said: str, tmp_path: Path
) -> None:
    file = tmp_path / "password"
    if content is not None:
        file.write_bytes(content)
        file.chmod(mode)
    with pytest.raises(ConfigError) as caught:
        Access.make(writes=True, password_file=file)
    assert str(caught.value).startswith(f"--password-file {file}: ")
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("headers", "own"),
    [
        (
            {"Host": "localhost:8080", "Origin": "http://localhost:8080", "Sec-Fetch-Site": "same-origin"},
            True,
        ),
        ({"Host": "lab.example.org", "Origin": "https://lab.example.org"}, True),
        ({"Host": "[::1]:8080", "Origin": "http://[::1]:8080"}, True),
        ({"Host": "localhost:8080"}, True),
        ({"Host": "localhost:8080", "Origin": "http://localhost:9000", "Sec-Fetch-Site": "same-site"}, False),
        ({"Host": "localhost:8080", "Origin": "null"}, False),
        ({"Host": "localhost:8080", "Origin": ""}, False),
        ({"Host": "localhost:8080", "Origin": "https://evil.example"}, False),
        ({"Host": "localhost:8080", "Origin": "http://localhost.evil.example:8080"}, False),
        ({"Host": "localhost:8080", "Origin": "http://[bad"}, False),
        ({"Host": "", "Origin": "null"}, False),
        ({"Host": "localhost", "Sec-Fetch-Site": "cross-site"}, False),
        ({"Host": "localhost", "Sec-Fetch-Site": "none"}, False),
    ],
)
def test_forms_of_other_sites_are_known_by_their_headers(headers: dict[str, str], own: bool) -> None:
    assert is_own(headers) is own

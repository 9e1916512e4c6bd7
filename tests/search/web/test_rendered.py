"""Pages and stamps that readers share."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest

from search.web import rendered
from search.web.rendered import MOST, Rendered


@pytest.fixture
def looks() -> Iterator[tuple[int]]:
    """What each look sees: that it is the first, the second, ..."""
    return ((number,) for number in count(1))


def test_one_look_serves_all_who_come_within_seconds(
    looks: Iterator[tuple[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = Rendered()
    now = 100.0
    monkeypatch.setattr(rendered.time, "monotonic", lambda: now)
    assert [pages.stamp("one", lambda: next(looks)) for _ in range(3)] == [(1,)] * 3
    assert pages.stamp("another", lambda: next(looks)) == (2,)
    now += rendered.FRESH_SECONDS
    assert pages.stamp("one", lambda: next(looks)) == (3,)
    pages.forget()
    assert pages.stamp("one", lambda: next(looks)) == (4,)


def test_a_look_that_fails_is_made_again(looks: Iterator[tuple[int]]) -> None:
    pages = Rendered()
    with pytest.raises(ZeroDivisionError):
        pages.stamp("one", lambda: (1 // 0,))
    assert pages.stamp("one", lambda: next(looks)) == (1,)


def test_a_page_is_rendered_once_and_the_oldest_is_forgotten() -> None:
    pages, made = Rendered(), []

    def render(tag: str) -> str:
        made.append(tag)
        return tag.upper()

    tags = [f"a{number}" for number in range(MOST + 1)]
    for tag in (*tags, *tags[1:]):
        assert pages.page(tag, lambda tag=tag: render(tag)) == tag.upper()
    assert made == tags
    pages.page(tags[0], lambda: render(tags[0]))
    assert made == [*tags, tags[0]]

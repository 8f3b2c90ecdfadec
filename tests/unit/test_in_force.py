"""Which version applies on a day: rule R9."""

from __future__ import annotations

from datetime import UTC, date, datetime

from hypothesis import given
from hypothesis import strategies as st

from generator.versions.front_matter import FrontMatter
from generator.versions.version import Version, in_force, upcoming


def versions(*days: int) -> list[Version]:
    """Versions that are effective on these days of June 2024."""
    return [
        Version(
            document="0" * 16,
            number=number,
            label=f"2024-01-{number:02}",
            commit="0" * 40,
            position=number,
            path="privacy.md",
            source_blob="0" * 40,
            published_at=datetime(2024, 1, number, tzinfo=UTC),
            effective_on=date(2024, 6, day),
            published_on=date(2024, 1, number),
            line=0,
            follows=number - 1 or None,
            withdraws=(),
            text_sha256="",
            returns_to=None,
            content_sha256="0" * 64,
            front=FrontMatter(),
            title="Privacy",
        )
        for number, day in enumerate(days, start=1)
    ]


def june(day: int) -> date:
    return date(2024, 6, day)


def test_in_force_is_the_highest_numbered_version_effective_on_the_day() -> None:
    first, second, third = versions(1, 5, 9)
    assert in_force([first, second, third], day=june(4)) is first
    assert in_force([first, second, third], day=june(5)) is second
    assert in_force([first, second, third], day=june(30)) is third


def test_where_none_is_in_force_yet_the_first_is_upcoming() -> None:
    first, second = versions(5, 9)
    assert in_force([first, second], day=june(4)) is None
    assert upcoming([first, second], day=june(4)) == [first, second]


def test_a_version_overtaken_before_its_day_never_comes_into_force() -> None:
    first, second, third = versions(1, 20, 10)
    assert upcoming([first, second, third], day=june(2)) == [third]
    assert in_force([first, second, third], day=june(25)) is third


def test_a_version_overtaken_on_its_day_never_comes_into_force() -> None:
    first, second, third = versions(1, 10, 10)
    assert upcoming([first, second, third], day=june(2)) == [third]


@given(days=st.lists(st.integers(1, 30), min_size=1, max_size=8), day=st.integers(1, 30))
def test_upcoming_are_exactly_those_that_will_once_be_in_force(days: list[int], day: int) -> None:
    history = versions(*days)
    will_be = {in_force(history, day=june(later)) for later in range(day + 1, 31)}
    coming = will_be - {in_force(history, day=june(day)), None}
    assert set(upcoming(history, day=june(day))) == coming
    assert upcoming(history, day=june(day)) == sorted(
        coming, key=lambda version: version.number if version else 0
    )

"""The status of a version on a day agrees with rule R9, which says what is in force."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from generator.site.version_status import VersionState, version_statuses
from generator.versions.front_matter import FrontMatter
from generator.versions.version import Version, in_force, upcoming

FIRST = date(2026, 1, 1)


def versions(*effective: int) -> list[Version]:
    return [
        Version(
            document="d",
            number=number,
            label=f"v{number}",
            commit="c",
            position=number,
            path="p.md",
            source_blob="b",
            published_at=datetime(2026, 1, 1, tzinfo=UTC),
            effective_on=FIRST + timedelta(days=days),
            published_on=date(2026, 1, 1),
            line=0,
            follows=number - 1 or None,
            withdraws=(),
            text_sha256="",
            returns_to=None,
            content_sha256="",
            front=FrontMatter(),
            title="T",
        )
        for number, days in enumerate(effective, 1)
    ]


def test_a_version_ends_on_the_first_effective_day_of_a_later_one() -> None:
    standing = version_statuses(versions(0, 10, 5), day=FIRST + timedelta(days=20))
    assert standing[1].until == FIRST + timedelta(days=5)
    assert standing[2].state is VersionState.NEVER_IN_FORCE
    assert standing[3].state is VersionState.IN_FORCE
    assert standing[3].until is None


@given(st.lists(st.integers(0, 20), min_size=1, max_size=8), st.integers(-2, 22))
def test_statuses_agree_with_what_is_in_force_and_upcoming(effective: list[int], today: int) -> None:
    history, day = versions(*effective), FIRST + timedelta(days=today)
    standing = version_statuses(history, day=day)
    current = in_force(history, day=day)
    assert [n for n, s in standing.items() if s.state is VersionState.IN_FORCE] == (
        [current.number] if current else []
    )
    assert sorted(n for n, s in standing.items() if s.state is VersionState.UPCOMING) == [
        version.number for version in upcoming(history, day=day)
    ]

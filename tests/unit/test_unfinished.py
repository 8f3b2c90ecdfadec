"""What a delivery says that could not finish: why, and what helps."""

from __future__ import annotations

from datetime import UTC, datetime

from subscribers.delivery.reporting import doubtful
from subscribers.delivery.unfinished import kept_waiting, open_ends
from subscribers.ledger.books import Books, Status
from subscribers.ledger.channel import Closure
from subscribers.ledger.ledger import Doubt
from subscribers.model import AnnouncementState

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
DOUBT = Doubt(
    batch_id=17,
    announcement_id=3,
    size=1,
    claimed_at=NOW,
    detail="time-out",
    transport="sendgrid",
    token="abc",
    request_sha256="d1",
    message_ids="3-5.feed",
)


def announcement(number: int, state: str, *, waiting: int = 2, reason: str | None = None) -> Status:
    return Status(
        announcement_id=number,
        state=AnnouncementState(state),
        made_at=NOW,
        site_url="https://policies.example/",
        commit="c",
        labels={},
        pause_reason=reason,
        fanned_out_at=NOW if waiting else None,
        books=Books(audience=waiting, accepted=0, excluded={}, rejected=0, unknown=0, waiting=waiting),
    )


def ends(*present: Status, not_before: datetime | None = None, closure: Closure | None = None) -> list[str]:
    return list(open_ends(present, [], not_before=not_before, closure=closure))


def test_an_announcement_behind_a_held_one_says_for_which_it_waits_and_is_no_failure() -> None:
    present = (announcement(4, "open", waiting=0), announcement(3, "held", waiting=0))
    assert ends(*present) == []
    assert kept_waiting(present) == (
        "announcement 4 waits for announcement 3, which is held: policy-notify release 3, or cancel 3"
    )


def test_an_announcement_that_was_held_alone_keeps_nobody_waiting() -> None:
    assert kept_waiting([announcement(3, "held", waiting=0)]) is None
    assert ends(announcement(3, "held", waiting=0)) == []


def test_a_pause_of_its_own_is_a_failure_with_its_reason() -> None:
    [end] = ends(announcement(3, "paused", reason="401"))
    assert end == "announcement 3 has paused itself: 401; mend it, then policy-notify release 3"


def test_whoever_waits_for_the_provider_is_told_until_when_and_why() -> None:
    assert ends(announcement(3, "open")) == ["2 wait: run policy-notify deliver again"]
    asked = Closure(until=NOW, detail="429 slow down", to_keep_pace=False)
    [end] = ends(announcement(3, "open"), not_before=NOW, closure=asked)
    assert end == (
        "2 wait: the provider is left alone until 2026-06-01 12:00:00 UTC (429 slow down); "
        "run policy-notify deliver then"
    )


def test_whoever_waits_for_the_pace_is_told_so() -> None:
    paced = Closure(until=NOW, detail="to keep the pace", to_keep_pace=True)
    [end] = ends(announcement(3, "open"), not_before=NOW, closure=paced)
    assert end == "2 wait for the pace's sake: run policy-notify deliver again"


def test_a_doubt_counts_one_recipient_as_one_and_can_be_looked_up() -> None:
    assert "batch 17 (1 recipient) is in doubt: time-out" in open_ends(
        [], [DOUBT], not_before=None, closure=None
    )
    for key in ("<3-5.feed@…>", "attempt=abc", "SHA-256 d1", "2026-06-01 12:00:00 UTC", "sendgrid"):
        assert key in doubtful(DOUBT)

"""A delivery that could not finish says why, and what to do."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from subscribers.delivery.status_report import as_json, domain_lines, pause_lines, reasons, unknown_line
from subscribers.delivery.unfinished import kept_waiting, open_ends, tried_again
from subscribers.ledger.provider_pause import ProviderPause
from subscribers.ledger.receiving_domains import DomainPause
from subscribers.ledger.totals import AnnouncementStatus, Totals
from subscribers.ledger.unknown_batches import UnknownBatch
from subscribers.model import AnnouncementState

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
DOUBT = UnknownBatch(
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


def announcement(
    number: int, state: str, *, waiting: int = 2, reason: str | None = None
) -> AnnouncementStatus:
    return AnnouncementStatus(
        announcement_id=number,
        state=AnnouncementState(state),
        made_at=NOW,
        site_url="https://policies.example/",
        commit="c",
        labels={},
        pause_reason=reason,
        fanned_out_at=NOW if waiting else None,
        totals=Totals(audience=waiting, accepted=0, excluded={}, rejected=0, unknown=0, waiting=waiting),
    )


def ends(
    *present: AnnouncementStatus, not_before: datetime | None = None, pause: ProviderPause | None = None
) -> list[str]:
    return list(open_ends(present, [], not_before=not_before, pause=pause))


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
    assert end == "announcement 3 has paused itself: 401; fix this, then run policy-notify release 3"


def test_the_operator_sees_until_when_and_why_messages_wait_for_the_provider() -> None:
    assert ends(announcement(3, "open")) == ["2 wait: run policy-notify deliver again"]
    asked = ProviderPause(until=NOW, detail="429 slow down", for_hourly_limit=False)
    [end] = ends(announcement(3, "open"), not_before=NOW, pause=asked)
    assert end == (
        "2 wait: the provider is paused until 2026-06-01 12:00:00 UTC (429 slow down); "
        "run policy-notify deliver then"
    )


def test_a_recipient_who_waits_for_another_attempt_is_no_failure_before_a_day() -> None:
    waits = replace(announcement(3, "open"), put_off={"4.2.2 mailbox full": 2})
    assert ends(waits) == []
    assert kept_waiting([announcement(4, "open", waiting=0), waits]) is None
    assert tried_again([waits], not_before=NOW) == (
        "2 recipients will be tried again at 2026-06-01 12:00 UTC or later: policy-notify deliver"
    )
    late = open_ends([waits], [], not_before=NOW, pause=None, put_off_for=timedelta(days=2))
    assert list(late) == [
        "a recipient has been waiting for another try for 2 days; policy-notify status says why"
    ]


def test_a_recipient_set_aside_by_this_run_is_a_failure_with_what_to_do() -> None:
    waits = replace(announcement(3, "open", waiting=1), set_aside={"5.7.1 not authorized": 1})
    [end] = open_ends([waits], [], not_before=None, pause=None, newly_set_aside=1)
    assert end.startswith("1 recipient was refused, perhaps not for the email address, and set aside; ")
    assert "policy-notify retry ANNOUNCEMENT" in end


def test_a_provider_that_wants_less_from_us_is_named_with_its_words() -> None:
    asked = ProviderPause(until=NOW, detail="451 4.7.1 slow down", for_hourly_limit=False)
    limited = ProviderPause(until=NOW, detail="the hourly limit", for_hourly_limit=True)
    assert list(pause_lines("smtp", asked)) == [
        "smtp: paused until 2026-06-01 12:00:00 UTC (451 4.7.1 slow down)"
    ]
    assert list(pause_lines("smtp", limited)) == list(pause_lines("smtp", None)) == []
    assert as_json([], [], {}, {}, pause=asked)["provider"] == {
        "paused_until": "2026-06-01T12:00:00+00:00",
        "reason": "451 4.7.1 slow down",
    }


def test_reasons_are_listed_by_their_number() -> None:
    refused = replace(
        announcement(3, "open", waiting=3),
        rejected={"5.1.1 unknown mailbox": 2, "5.4.4 domain without a route": 40},
        set_aside={"5.7.1 not authorized": 1},
        put_off={"4.2.2 mailbox full": 2},
    )
    assert list(reasons(refused)) == [
        "  rejected: 40 × 5.4.4 domain without a route, 2 × 5.1.1 unknown mailbox",
        "  set aside, tried again later: 1 × 5.7.1 not authorized; at once: policy-notify retry 3",
        "  put off by the server, tried again later: 2 × 4.2.2 mailbox full",
    ]


def test_the_operator_sees_how_many_wait_for_the_hourly_limit() -> None:
    limited = ProviderPause(until=NOW, detail="the hourly limit", for_hourly_limit=True)
    [end] = ends(announcement(3, "open"), not_before=NOW, pause=limited)
    assert end == "2 wait for the hourly limit: run policy-notify deliver again"


def test_an_unknown_batch_counts_each_recipient_once_and_can_be_looked_up() -> None:
    assert "batch 17 (1 recipient) is unconfirmed: time-out" in open_ends(
        [], [DOUBT], not_before=None, pause=None
    )
    for key in ("notify_attempt=abc", "SHA-256 d1", "2026-06-01 12:00:00 UTC", "sendgrid"):
        assert key in unknown_line(DOUBT)


def test_an_unknown_batch_is_looked_up_by_what_the_provider_knows() -> None:
    """SendGrid never got the Message-ID, a mail server never the attempt."""
    assert "Message-ID" not in unknown_line(DOUBT)
    assert "Message-ID <3-5.feed@…>" in unknown_line(replace(DOUBT, transport="smtp"))
    assert "abc" not in unknown_line(replace(DOUBT, transport="smtp"))


def test_an_unknown_message_is_left_to_the_log_where_there_is_one() -> None:
    words = "; ".join(
        open_ends([], [replace(DOUBT, transport="smtp")], not_before=None, pause=None, has_log=True)
    )
    assert "the mail server's log may settle an unconfirmed message" in words
    assert "not sent again by itself" not in words


def test_a_paused_domain_is_named_with_its_reason_and_the_way_on() -> None:
    [line] = domain_lines(
        [DomainPause(domain="picky.example", until=NOW, reason="5.7.26 sender not authenticated")]
    )
    assert line == (
        "picky.example: paused until 2026-06-01 12:00:00 UTC, since it refuses us "
        "(5.7.26 sender not authenticated) and other domains do not; "
        "at once: policy-notify retry ANNOUNCEMENT"
    )

"""Explains what a delivery has left unfinished, why, and what to do. Pure functions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from subscribers.ledger.provider_pause import ProviderPause
from subscribers.ledger.recovered import WHY
from subscribers.ledger.totals import AnnouncementStatus
from subscribers.ledger.unknown_batches import UnknownBatch
from subscribers.model import AnnouncementState

# A server wants to be tried for four to five days (RFC 5321, section 4.5.4.1). After the first day a person
# should know, while there is time to act.
LONG = timedelta(days=1)

LIVE = (AnnouncementState.HELD, AnnouncementState.OPEN, AnnouncementState.PAUSED)


def kept_waiting(present: Sequence[AnnouncementStatus]) -> str | None:
    """A line about announcements that wait because a person has stopped the one before; None without any."""
    queue = _in_turn(present)
    if len(queue) < 2 or queue[0].state == AnnouncementState.OPEN:
        return None
    turn, *behind = queue
    numbers = " and ".join(f"announcement {status.announcement_id}" for status in behind)
    first = turn.announcement_id
    return (
        f"{numbers} {'waits' if len(behind) == 1 else 'wait'} for announcement {first}, "
        f"which is {turn.state}: policy-notify release {first}, or cancel {first}"
    )


def open_ends(
    present: Sequence[AnnouncementStatus],
    unknown: Sequence[UnknownBatch],
    *,
    not_before: datetime | None,
    pause: ProviderPause | None,
    newly_set_aside: int = 0,
    put_off_for: timedelta = timedelta(),
    has_log: bool = False,
) -> Iterator[str]:
    """The reasons why a delivery is not finished, as lines.

    ``not_before`` is when more can be sent, ``pause`` why the provider may not be called until then.
    Recipients who wait for an announcement that a person has stopped are no such reason. Recipients who wait
    for their next attempt are one only if ``put_off_for`` is long, or if this run has set them aside. With
    ``has_log``, the mail server's log settles what is unknown.
    """
    recovered = Counter[int]()
    for batch in unknown:
        if batch.is_recovered:
            recovered[batch.announcement_id] += batch.size
        else:
            yield f"batch {batch.batch_id} ({counted(batch.size)}) is unconfirmed: {batch.detail}"
    for number, size in sorted(recovered.items()):
        yield f"announcement {number}: {counted(size)} unconfirmed: {WHY}"
    if has_log and len(unknown) > sum(batch.is_recovered for batch in unknown):
        yield (
            "the mail server's log may settle an unconfirmed message: run policy-notify deliver again, also "
            "after half an hour; if it stays unconfirmed, see policy-notify resolve --help"
        )
    elif unknown:
        yield "an unconfirmed batch is not sent again by itself; see policy-notify resolve --help"
    for status in present:
        if status.state == AnnouncementState.PAUSED and status.pause_reason:
            number = status.announcement_id
            yield (
                f"announcement {number} has paused itself: {status.pause_reason}; "
                f"fix this, then run policy-notify release {number}"
            )
    queue = _in_turn(present)
    if queue and queue[0].state == AnnouncementState.OPEN:
        number = sum(status.under_way for status in queue if status.state == AnnouncementState.OPEN)
        yield f"{number or 'all'} wait{_reason(not_before, pause)}"
    if newly_set_aside:
        verb = "was" if newly_set_aside == 1 else "were"
        yield (
            f"{counted(newly_set_aside)} {verb} refused, perhaps not for the email address, and set aside; "
            "policy-notify status says why, policy-notify retry ANNOUNCEMENT tries again at once"
        )
    if put_off_for > LONG:
        days = put_off_for.days
        yield (
            f"a recipient has been waiting for another try for {days} day{'' if days == 1 else 's'}; "
            "policy-notify status says why"
        )


def tried_again(present: Sequence[AnnouncementStatus], *, not_before: datetime | None) -> str | None:
    """A line about recipients who will be tried again, and when; None without any."""
    waiting = [status for status in present if status.state == AnnouncementState.OPEN]
    number = sum(status.totals.waiting - status.under_way for status in waiting)
    if not number:
        return None
    until = f" at {not_before:%Y-%m-%d %H:%M} UTC or later" if not_before else ""
    return f"{counted(number)} will be tried again{until}: policy-notify deliver"


def counted(size: int) -> str:
    """The number in words: 1 recipient, 2 recipients."""
    return f"{size:,} recipient{'' if size == 1 else 's'}"


def _reason(not_before: datetime | None, pause: ProviderPause | None) -> str:
    if not_before is None:
        return ": run policy-notify deliver again"
    until = f"{not_before:%Y-%m-%d %H:%M:%S} UTC"
    if pause is not None and pause.for_hourly_limit:
        return " for the hourly limit: run policy-notify deliver again"
    if pause is not None:
        return f": the provider is paused until {until} ({pause.detail}); run policy-notify deliver then"
    return f" for another try at {until}: run policy-notify deliver then"


def _in_turn(present: Sequence[AnnouncementStatus]) -> list[AnnouncementStatus]:
    """The announcements that are under way or have not begun, in the order they go out."""
    return sorted(
        (
            status
            for status in present
            if status.state in LIVE and (status.fanned_out_at is None or status.under_way)
        ),
        key=lambda status: status.announcement_id,
    )

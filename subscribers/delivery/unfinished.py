"""Says what a delivery has left open, why, and what to do; pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from subscribers.ledger.provider_pause import ProviderPause
from subscribers.ledger.totals import Status
from subscribers.ledger.unknown_batches import UnknownBatch
from subscribers.model import AnnouncementState

# A server wants four to five days of tries (RFC 5321, section 4.5.4.1). After one of them a person should
# know, and has time left to look.
LONG = timedelta(days=1)

LIVE = (AnnouncementState.HELD, AnnouncementState.OPEN, AnnouncementState.PAUSED)


def kept_waiting(present: Sequence[Status]) -> str | None:
    """Which announcements wait because a person has stopped the one before them; None where none does."""
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
    present: Sequence[Status],
    doubts: Sequence[UnknownBatch],
    *,
    not_before: datetime | None,
    pause: ProviderPause | None,
    newly_set_aside: int = 0,
    put_off_for: timedelta = timedelta(),
) -> Iterator[str]:
    """What keeps a delivery from being done.

    ``not_before`` is when something can be sent again that cannot now, ``pause`` why nobody calls the
    provider until then. A recipient who waits for an announcement that a person has stopped is no open end.
    Nor is one who waits for the time of another try, unless ``put_off_for`` is long, or this run set the
    recipient aside.
    """
    for doubt in doubts:
        yield f"batch {doubt.batch_id} ({counted(doubt.size)}) is in doubt: {doubt.detail}"
    if doubts:
        yield "what is in doubt is not sent again by itself; see policy-notify resolve --help"
    for status in present:
        if status.state == AnnouncementState.PAUSED and status.pause_reason:
            number = status.announcement_id
            yield (
                f"announcement {number} has paused itself: {status.pause_reason}; "
                f"mend it, then policy-notify release {number}"
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
            f"somebody has been waiting for another try for {days} day{'' if days == 1 else 's'}; "
            "policy-notify status says why"
        )


def tried_again(present: Sequence[Status], *, not_before: datetime | None) -> str | None:
    """Who waits for the time of another try, and until when; None where nobody does."""
    waiting = [status for status in present if status.state == AnnouncementState.OPEN]
    number = sum(status.totals.waiting - status.under_way for status in waiting)
    if not number:
        return None
    until = f" at {not_before:%Y-%m-%d %H:%M} UTC or later" if not_before else ""
    return f"{counted(number)} will be tried again{until}: policy-notify deliver"


def counted(size: int) -> str:
    """So many recipients."""
    return f"{size:,} recipient{'' if size == 1 else 's'}"


def _reason(not_before: datetime | None, pause: ProviderPause | None) -> str:
    if not_before is None:
        return ": run policy-notify deliver again"
    until = f"{not_before:%Y-%m-%d %H:%M:%S} UTC"
    if pause is not None and pause.for_hourly_limit:
        return " for the pace's sake: run policy-notify deliver again"
    if pause is not None:
        return f": the provider is left alone until {until} ({pause.detail}); run policy-notify deliver then"
    return f" until {until}, to be tried again: run policy-notify deliver then"


def _in_turn(present: Sequence[Status]) -> list[Status]:
    """The announcements that are under way or have not begun, in the order they go out."""
    return sorted(
        (
            status
            for status in present
            if status.state in LIVE and (status.fanned_out_at is None or status.under_way)
        ),
        key=lambda status: status.announcement_id,
    )

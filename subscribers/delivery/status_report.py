"""Says how announcements stand: lines for a person, JSON for a program."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from subscribers.announcing.publishing import Publication
from subscribers.ledger.provider_pause import ProviderPause
from subscribers.ledger.totals import Status
from subscribers.ledger.unknown_batches import UnknownBatch
from subscribers.model import Outcome
from subscribers.transports import ATTEMPT_ARGUMENT

Outcomes = Mapping[int, Mapping[str, int]]  # by announcement and outcome
Ends = Mapping[int, datetime | None]  # by announcement: when nobody will wait any more, where it is foretold


def told(publication: Publication) -> Iterator[str]:
    """What a publish has recorded."""
    if publication.opened:
        yield "the site is known from now on"
    if publication.deferred:
        yield "only editorial changes: they are told with the next material one"
    elif publication.announcement_id is None:
        yield "nothing new to announce"
    else:
        told = ", ".join(
            f"{item.document.slug} {version.label}" for item in publication.told for version in item.versions
        )
        yield f"announcement {publication.announcement_id}: {told}"


def described(
    present: Sequence[Status], doubts: Sequence[UnknownBatch], ends: Ends, outcomes: Outcomes
) -> Iterator[str]:
    """Every announcement's books with what the provider has reported since, then every doubt."""
    if not present:
        yield "nothing was announced yet"
    for status in present:
        end = ends.get(status.announcement_id)
        yield line(status) + (f"; at this pace until {end:%Y-%m-%d %H:%M} UTC" if end else "")
        yield from reasons(status)
        yield from _reported(outcomes.get(status.announcement_id, {}))
    for doubt in doubts:
        yield unknown_line(doubt)


def _reported(counted: Mapping[str, int]) -> Iterator[str]:
    """What became of the accepted messages, by the provider's signed events; none where no events come."""
    shown = ", ".join(f"{counted[outcome]:,} {outcome}" for outcome in Outcome if outcome in counted)
    if shown:
        yield f"  reported since by the provider: {shown}"


def unknown_line(doubt: UnknownBatch) -> str:
    """A doubt, and by what it can be found at the provider or in the log of the mail server."""
    # SendGrid is not told the Message-ID, and a mail server not the attempt.
    where = (
        f"custom argument {ATTEMPT_ARGUMENT}={doubt.token}"
        if doubt.transport == "sendgrid"
        else f"Message-ID <{doubt.message_ids}@…>"
    )
    request = f", request SHA-256 {doubt.request_sha256}" if doubt.request_sha256 else ""
    return (
        f"batch {doubt.batch_id} of announcement {doubt.announcement_id}: {doubt.size} in doubt "
        f"since {doubt.claimed_at:%Y-%m-%d %H:%M:%S} UTC: {doubt.detail}; "
        f"to look it up at {doubt.transport}, in the minute after: {where}{request}"
    )


def line(status: Status) -> str:
    """One announcement's books."""
    head = f"announcement {status.announcement_id}"
    if status.state == "baseline":
        return f"{head}: baseline of {status.made_at:%Y-%m-%d}, {len(status.labels)} documents, nobody told"
    books = status.totals
    state = "complete" if status.is_complete else str(status.state)
    if status.pause_reason:
        state += f" by itself ({status.pause_reason})"
    if status.fanned_out_at is None:
        return f"{head}: {state}, not begun"
    excluded = sum(books.excluded.values())
    reasons = ", ".join(f"{number} {reason}" for reason, number in sorted(books.excluded.items()))
    written = f" ({status.written} only written to files, not sent)" if status.written else ""
    return (
        f"{head}: {state}; audience {books.audience} = {books.accepted} accepted{written}"
        f" + {excluded} excluded{f' ({reasons})' if reasons else ''} + {books.rejected} rejected"
        f" + {books.unknown} unknown + {books.waiting} waiting"
    )


def only_written(number: int, folder: Path) -> str:
    """That messages were written to a folder, and how they would be sent."""
    messages = "message was" if number == 1 else "messages were"
    return (
        f"no email was sent: {number:,} {messages} written to {folder}/; "
        "to send, set POLICY_NOTIFY_TRANSPORT to smtp or sendgrid"
    )


def reasons(status: Status) -> Iterator[str]:
    """Why recipients were rejected, set aside or put off, the most frequent reason first."""
    number = status.announcement_id
    for words, counts, remedy in (
        ("rejected", status.rejected, ""),
        ("set aside, tried again later", status.set_aside, f"; at once: policy-notify retry {number}"),
        ("put off by the server, tried again later", status.put_off, ""),
    ):
        if counts:
            listed = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
            yield f"  {words}: " + ", ".join(f"{count:,} × {reason}" for reason, count in listed) + remedy


def left_alone(transport: str, pause: ProviderPause | None) -> Iterator[str]:
    """Until when nobody calls the provider, and why; nothing where somebody may."""
    if pause is not None and not pause.for_hourly_limit:
        yield f"{transport}: left alone until {pause.until:%Y-%m-%d %H:%M:%S} UTC ({pause.detail})"


def as_json(
    present: Sequence[Status],
    doubts: Sequence[UnknownBatch],
    ends: Ends,
    outcomes: Outcomes,
    *,
    pause: ProviderPause | None = None,
) -> dict[str, Any]:
    """The same for a program."""
    return {
        "provider": {"left_alone_until": pause.until.isoformat(), "reason": pause.detail}
        if pause is not None and not pause.for_hourly_limit
        else None,
        "announcements": [
            {
                "id": status.announcement_id,
                "state": status.state,
                "complete": status.is_complete,
                "made_at": status.made_at.isoformat(),
                "site_url": status.site_url,
                "commit": status.commit,
                "documents": dict(status.labels),
                "pause_reason": status.pause_reason,
                "audience": status.totals.audience,
                "accepted": status.totals.accepted,
                "only_written": status.written,
                "excluded": dict(status.totals.excluded),
                "rejected": status.totals.rejected,
                "unknown": status.totals.unknown,
                "waiting": status.totals.waiting,
                "rejected_because": dict(status.rejected),
                "set_aside": dict(status.set_aside),
                "put_off": dict(status.put_off),
                "outcomes": {
                    outcome.value: outcomes.get(status.announcement_id, {}).get(outcome, 0)
                    for outcome in Outcome
                },
                "ends_at": end.isoformat() if (end := ends.get(status.announcement_id)) else None,
            }
            for status in present
        ],
        "doubts": [
            {
                "batch": doubt.batch_id,
                "announcement": doubt.announcement_id,
                "size": doubt.size,
                "since": doubt.claimed_at.isoformat(),
                "detail": doubt.detail,
                "transport": doubt.transport,
                "attempt": doubt.token,
                "request_sha256": doubt.request_sha256,
                "message_ids": None if doubt.transport == "sendgrid" else doubt.message_ids,
            }
            for doubt in doubts
        ],
    }

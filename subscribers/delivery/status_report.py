"""Reports the state of all announcements: lines for a person, JSON for a program."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from subscribers.announcing.publishing import Publication
from subscribers.delivery.unfinished import counted
from subscribers.high_water_mark.shown_mark import ShownMark
from subscribers.ledger.provider_pause import ProviderPause
from subscribers.ledger.receiving_domains import BOUNCES, DomainPause
from subscribers.ledger.recovered import WHY
from subscribers.ledger.totals import AnnouncementStatus
from subscribers.ledger.unknown_batches import UnknownBatch
from subscribers.model import Outcome
from subscribers.transports import ATTEMPT_ARGUMENT

Outcomes = Mapping[int, Mapping[str, int]]  # by announcement and outcome
Ends = Mapping[int, datetime | None]  # by announcement: when it will be finished, if that can be estimated


def publication_lines(publication: Publication) -> Iterator[str]:
    """The result of a publish."""
    if publication.opened:
        yield "the site is known from now on"
    if publication.deferred:
        yield "only editorial changes: users will be notified of them with the next material one"
    elif publication.announcement_id is None:
        yield "nothing new to announce"
    else:
        versions = ", ".join(
            f"{item.document.slug} {version.label}"
            for item in publication.announced
            for version in item.versions
        )
        yield f"announcement {publication.announcement_id}: {versions}"


def described(
    present: Sequence[AnnouncementStatus], unknown: Sequence[UnknownBatch], ends: Ends, outcomes: Outcomes
) -> Iterator[str]:
    """The totals of every announcement, with the provider's later reports, then every unknown batch."""
    if not present:
        yield "nothing was announced yet"
    for status in present:
        end = ends.get(status.announcement_id)
        yield line(status) + (f"; at this rate until {end:%Y-%m-%d %H:%M} UTC" if end else "")
        yield from reasons(status)
        yield from _reported(outcomes.get(status.announcement_id, {}))
    for batch in unknown:
        if not batch.is_recovered:
            yield unknown_line(batch)
    yield from recovered_lines(unknown)


def recovered_lines(unknown: Sequence[UnknownBatch]) -> Iterator[str]:
    """A line for each announcement of which an old copy does not know who was notified."""
    sizes = Counter[int]()
    for batch in unknown:
        if batch.is_recovered:
            sizes[batch.announcement_id] += batch.size
    for number, size in sorted(sizes.items()):
        yield (
            f"announcement {number}: {counted(size)} unconfirmed: {WHY}; give policy-notify recover more "
            f"evidence, or decide: policy-notify resolve --announcement {number} --sent or --unsent"
        )


def _reported(counted: Mapping[str, int]) -> Iterator[str]:
    """The later reports on accepted messages, by the provider's signed events; nothing without events."""
    shown = ", ".join(f"{counted[outcome]:,} {outcome}" for outcome in Outcome if outcome in counted)
    if shown:
        yield f"  since reported by the provider: {shown}"


def unknown_line(unknown: UnknownBatch) -> str:
    """An unknown batch, and how to find it at the provider or in the log of the mail server."""
    # SendGrid does not get the Message-ID, and a mail server does not get the attempt.
    where = (
        f"custom argument {ATTEMPT_ARGUMENT}={unknown.token}"
        if unknown.transport == "sendgrid"
        else f"Message-ID <{unknown.message_ids}@…>"
    )
    request = f", request SHA-256 {unknown.request_sha256}" if unknown.request_sha256 else ""
    return (
        f"batch {unknown.batch_id} of announcement {unknown.announcement_id}: {unknown.size} unconfirmed "
        f"since {unknown.claimed_at:%Y-%m-%d %H:%M:%S} UTC: {unknown.detail}; "
        f"to find it at {unknown.transport}, search the minute after for {where}{request}"
    )


def line(status: AnnouncementStatus) -> str:
    """The state and the totals of one announcement."""
    head = f"announcement {status.announcement_id}"
    if status.state == "baseline":
        return (
            f"{head}: baseline of {status.made_at:%Y-%m-%d}, {len(status.labels)} documents, nobody notified"
        )
    counts = status.totals
    state = "complete" if status.is_complete else str(status.state)
    if status.pause_reason:
        state += f" by itself ({status.pause_reason})"
    if status.fanned_out_at is None:
        return f"{head}: {state}, not begun"
    excluded = sum(counts.excluded.values())
    reasons = ", ".join(f"{number} {reason}" for reason, number in sorted(counts.excluded.items()))
    written = f" ({status.written} only written to files, not sent)" if status.written else ""
    return (
        f"{head}: {state}; audience {counts.audience} = {counts.accepted} accepted{written}"
        f" + {excluded} excluded{f' ({reasons})' if reasons else ''} + {counts.rejected} rejected"
        f" + {counts.unknown} unknown + {counts.waiting} waiting"
    )


def only_written(number: int, folder: Path) -> str:
    """A warning that messages were only written to a folder, and how to send them."""
    messages = "message was" if number == 1 else "messages were"
    return (
        f"no email was sent: {number:,} {messages} written to {folder}/; "
        "to send, set POLICY_NOTIFY_TRANSPORT to smtp or sendgrid"
    )


def reasons(status: AnnouncementStatus) -> Iterator[str]:
    """The reasons why recipients were rejected, set aside or put off, the most frequent first."""
    number = status.announcement_id
    for words, counts, remedy in (
        ("rejected", status.rejected, ""),
        ("set aside, tried again later", status.set_aside, f"; at once: policy-notify retry {number}"),
        ("put off by the server, tried again later", status.put_off, ""),
    ):
        if counts:
            listed = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
            yield f"  {words}: " + ", ".join(f"{count:,} × {reason}" for reason, count in listed) + remedy


def pause_lines(transport: str, pause: ProviderPause | None) -> Iterator[str]:
    """Until when the provider is paused, and why; nothing if it is not."""
    if pause is not None and not pause.for_hourly_limit:
        yield f"{transport}: paused until {pause.until:%Y-%m-%d %H:%M:%S} UTC ({pause.detail})"


def domain_lines(pauses: Sequence[DomainPause]) -> Iterator[str]:
    """The receiving domains that get nothing for now, until when, and why."""
    for pause in pauses:
        why = f"it refuses us ({pause.reason}) and other domains do not"
        if pause.reason.startswith(BOUNCES):
            why = f"most of its messages bounce because of us ({pause.reason.removeprefix(BOUNCES)})"
        yield (
            f"{pause.domain}: paused until {pause.until:%Y-%m-%d %H:%M:%S} UTC, since {why}; "
            "at once: policy-notify retry ANNOUNCEMENT"
        )


def mark_line(mark: ShownMark) -> str:
    """The high-water mark, or why nothing may be sent because of it."""
    if mark.problem is not None:
        return mark.problem
    if mark.at is None:
        return f"high-water mark: none yet; it will be made at {mark.place}"
    counted = "1 request" if mark.requests == 1 else f"{mark.requests:,} requests"
    return f"high-water mark: {counted}, at {mark.at:%Y-%m-%d %H:%M:%S} UTC ({mark.place})"


def as_json(
    present: Sequence[AnnouncementStatus],
    unknown: Sequence[UnknownBatch],
    ends: Ends,
    outcomes: Outcomes,
    *,
    pause: ProviderPause | None = None,
    domains: Sequence[DomainPause] = (),
    mark: ShownMark | None = None,
) -> dict[str, Any]:
    """The same report for a program."""
    return {
        "provider": {"paused_until": pause.until.isoformat(), "reason": pause.detail}
        if pause is not None and not pause.for_hourly_limit
        else None,
        "paused_domains": [
            {"domain": domain.domain, "paused_until": domain.until.isoformat(), "reason": domain.reason}
            for domain in domains
        ],
        "high_water_mark": {
            "place": mark.place,
            "requests": mark.requests,
            "at": mark.at.isoformat() if mark.at else None,
            "problem": mark.problem,
        }
        if mark is not None
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
        "unknown_batches": [
            {
                "batch": batch.batch_id,
                "announcement": batch.announcement_id,
                "size": batch.size,
                "since": batch.claimed_at.isoformat(),
                "detail": batch.detail,
                "transport": batch.transport,
                "attempt": batch.token,
                "request_sha256": batch.request_sha256,
                "message_ids": None if batch.transport == "sendgrid" else batch.message_ids,
            }
            for batch in unknown
        ],
    }

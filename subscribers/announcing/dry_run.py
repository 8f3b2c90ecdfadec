"""What a publish would announce, to how many and in which words; nothing is recorded, nothing is sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import Engine

from subscribers.announcing.publishing import Plan
from subscribers.database import reading
from subscribers.ledger import totals
from subscribers.ledger.audience import FanOut, counts_for
from subscribers.messages.message import Message
from subscribers.site.history_json import PublishedHistory

UNRECORDED = 0  # the id of a baseline that a real publish would record first


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One message and how many people would get it."""

    message: Message
    people: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedAudience:
    """Who would get what; ``waits_for`` is an announcement whose audience has to be known first."""

    mails: tuple[Mail, ...]
    excluded: Mapping[str, int]
    waits_for: int | None


def count_audience(engine: Engine, history: PublishedHistory, plan: Plan) -> ExpectedAudience:
    """Count whom the planned announcement would reach if it went out now."""
    previous_id = plan.known[0].announcement_id
    if previous_id is not None and totals.statuses(engine)[0].fanned_out_at is None:
        return ExpectedAudience(mails=(), excluded={}, waits_for=previous_id)
    messages = {
        (language, last_notified_id or UNRECORDED): message
        for (language, last_notified_id), message in plan.messages.items()
    }
    own = history.language
    fan_out = FanOut(
        announcement_id=UNRECORDED,
        previous_id=previous_id or UNRECORDED,
        languages=[own, *sorted({language for language, _ in messages} - {own})],
        messages=[key for key, message in messages.items() if message is not None],
        batch_limit=1,
        first_batch_id=1,
    )
    mails: list[Mail] = []
    excluded: Counter[str] = Counter()
    with reading(engine) as connection:
        for language, last_notified_id, exclusion, number in connection.execute(counts_for(fan_out)):
            if exclusion is not None:
                excluded[exclusion] += number
            elif message := messages[language, last_notified_id]:
                mails.append(Mail(message=message, people=number))
    return ExpectedAudience(mails=tuple(mails), excluded=excluded, waits_for=None)


def described(plan: Plan, rehearsal: ExpectedAudience) -> Iterator[str]:
    """The rehearsal in words, a line each."""
    if plan.baseline is not None:
        yield "the site would be known from now on"
    if plan.deferred:
        yield "only editorial changes: they would be told with the next material one"
    elif not plan.is_announced:
        yield "nothing new to announce"
    else:
        told = (f"{item.document.slug} {version.label}" for item in plan.told for version in item.versions)
        yield f"would announce: {', '.join(told)}"
    for mail in rehearsal.mails:
        yield f"would tell {mail.people:,} in {mail.message.language}: {mail.message.subject}"
    if rehearsal.excluded:
        reasons = (f"{number:,} {reason}" for reason, number in sorted(rehearsal.excluded.items()))
        yield f"excluded: {', '.join(reasons)}"
    if rehearsal.waits_for is not None and plan.is_announced:
        yield f"to how many is known once announcement {rehearsal.waits_for} has begun"
    yield "dry run: nothing was recorded and nothing was sent"

"""The dry run of a publish: the messages it would send, and to how many. Nothing is recorded or sent."""

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
class ExpectedMessage:
    """One message, and how many recipients would get it."""

    message: Message
    recipients: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedAudience:
    """The messages and the exclusions that are to be expected.

    ``waits_for`` is an announcement whose audience must be known first; then nothing can be counted yet.
    """

    messages: tuple[ExpectedMessage, ...]
    excluded: Mapping[str, int]
    waits_for: int | None


def count_audience(engine: Engine, history: PublishedHistory, plan: Plan) -> ExpectedAudience:
    """Count the recipients that the planned announcement would have if it went out now."""
    previous_id = plan.known[0].announcement_id
    if previous_id is not None and totals.statuses(engine)[0].fanned_out_at is None:
        return ExpectedAudience(messages=(), excluded={}, waits_for=previous_id)
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
    expected: list[ExpectedMessage] = []
    excluded: Counter[str] = Counter()
    with reading(engine) as connection:
        for language, last_notified_id, exclusion, number in connection.execute(counts_for(fan_out)):
            if exclusion is not None:
                excluded[exclusion] += number
            elif message := messages[language, last_notified_id]:
                expected.append(ExpectedMessage(message=message, recipients=number))
    return ExpectedAudience(messages=tuple(expected), excluded=excluded, waits_for=None)


def described(plan: Plan, audience: ExpectedAudience) -> Iterator[str]:
    """The dry run in words, as lines."""
    if plan.baseline is not None:
        yield "the site would be known from now on"
    if plan.deferred:
        yield "only editorial changes: users would be notified of them with the next material one"
    elif not plan.is_announced:
        yield "nothing new to announce"
    else:
        versions = (
            f"{item.document.slug} {version.label}" for item in plan.announced for version in item.versions
        )
        yield f"would announce: {', '.join(versions)}"
    for each in audience.messages:
        message = each.message
        yield f"would notify {each.recipients:,} in {message.language}: {message.subject}"
        for file in message.attachments:
            yield f"  attached: {file.name} ({len(file.body):,} bytes)"
    if audience.excluded:
        reasons = (f"{number:,} {reason}" for reason, number in sorted(audience.excluded.items()))
        yield f"excluded: {', '.join(reasons)}"
    if audience.waits_for is not None and plan.is_announced:
        yield f"the number of recipients is known once announcement {audience.waits_for} has begun"
    yield "dry run: nothing was recorded and nothing was sent"

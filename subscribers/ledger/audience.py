"""The audience of an announcement: which users are notified, which are not, and why; one query for all.

Nothing is executed here: :mod:`subscribers.ledger.fan_out` runs the query in the transaction that freezes the
audience, and a dry run only counts its rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Integer,
    Select,
    and_,
    case,
    exists,
    func,
    literal,
    null,
    or_,
    select,
    true,
    tuple_,
)

from subscribers.model import BatchState, Exclusion, Outcome, batches, deliveries, users

# The provider accepted these messages, and they did not arrive.
MISSED = (Outcome.DROPPED, Outcome.BOUNCED)


@dataclass(frozen=True, slots=True, kw_only=True)
class FanOut:
    """Everything that decides the audience of one announcement.

    ``languages`` are those of its messages, the site's own first. ``messages`` says for which recipients
    there is a message: by language and by the announcement they were last notified of.
    """

    announcement_id: int
    previous_id: int
    languages: Sequence[str]
    messages: Sequence[tuple[str, int]]
    batch_limit: int
    first_batch_id: int


def deliveries_for(fan_out: FanOut) -> Select[int, int, str, int, str | None, int | None, int | None]:
    """One delivery for each registered user: in a batch of at most ``batch_limit`` recipients, or excluded.

    The recipients of a batch share a language and the announcement they were last notified of. Users who
    registered after the previous announcement count as notified of it. Users who missed it are notified of
    its changes too.
    """
    audience = _audience(fan_out)
    kind = case(
        *(
            (and_(audience.c.language == language, audience.c.last_notified_id == last_notified_id), number)
            for number, (language, last_notified_id) in enumerate(fan_out.messages)
        )
    )
    is_notified = audience.c.exclusion.is_(None)
    place = func.row_number().over(partition_by=(kind, is_notified), order_by=audience.c.recipient_id)
    # Each kind of message has its own range of batch numbers: to number them without gaps, everybody would
    # have to be sorted once more.
    limit = literal(fan_out.batch_limit, Integer)
    most_batches = select(func.max(users.c.id) // limit + 1).scalar_subquery()
    batch_id = fan_out.first_batch_id + kind * most_batches + (place - 1) // limit
    return select(
        literal(fan_out.announcement_id, Integer),
        audience.c.recipient_id,
        audience.c.language,
        audience.c.last_notified_id,
        audience.c.exclusion,
        audience.c.notified_with_id,
        case((is_notified, batch_id), else_=null()),
    )


def counts_for(fan_out: FanOut) -> Select[str, int, str | None, int]:
    """How many users would be notified or excluded, by language, last announcement and reason."""
    audience = _audience(fan_out)
    group = (audience.c.language, audience.c.last_notified_id, audience.c.exclusion)
    return select(*group, func.count()).group_by(*group).order_by(*group)


def reason_to_exclude(user: FromClause) -> ColumnElement[str | None]:
    """Why ``user`` may get no message of any announcement; null if there is no reason."""
    return case(
        (or_(user.c.erased_at.is_not(None), user.c.left_at.is_not(None)), Exclusion.LEFT.value),
        (user.c.restricted_at.is_not(None), Exclusion.RESTRICTED.value),
        (user.c.objected_at.is_not(None), Exclusion.OBJECTED.value),
        (user.c.unreachable.is_not(None), Exclusion.UNREACHABLE.value),
        else_=null(),
    )


def _audience(fan_out: FanOut) -> FromClause:
    # Without this, each column would be computed again wherever it is named.
    registered = _registered(fan_out).cte("registered").prefix_with("MATERIALIZED")
    shared = _shared_addresses(fan_out)
    exclusion = case(
        (registered.c.reason.is_not(None), registered.c.reason),
        (~_has_message(registered, fan_out), Exclusion.UNCHANGED.value),
        (shared.c.first_id < registered.c.recipient_id, Exclusion.SAME_ADDRESS.value),
        else_=null(),
    )
    return (
        select(
            registered.c.recipient_id,
            registered.c.language,
            registered.c.last_notified_id,
            exclusion.label("exclusion"),
            case((exclusion == Exclusion.SAME_ADDRESS.value, shared.c.first_id)).label("notified_with_id"),
        )
        .select_from(registered.outerjoin(shared, shared.c.recipient_id == registered.c.recipient_id))
        .subquery()
    )


def _registered(fan_out: FanOut) -> Select[int, str, int, str | None]:
    before = deliveries.alias("before")
    return (
        select(
            users.c.id.label("recipient_id"),
            _language(fan_out.languages).label("language"),
            _last_notified(fan_out.previous_id, before).label("last_notified_id"),
            reason_to_exclude(users).label("reason"),
        )
        .select_from(
            users.outerjoin(
                before,
                and_(
                    before.c.announcement_id == fan_out.previous_id,
                    before.c.recipient_id == users.c.id,
                ),
            ).outerjoin(batches, batches.c.id == before.c.batch_id)
        )
        .where(users.c.erased_at.is_(None), users.c.left_at.is_(None))
    )


def _shared_addresses(fan_out: FanOut) -> FromClause:
    """The users whose email address others have too, and the first of those who is notified there."""
    several = (
        select(users.c.email)
        .where(users.c.email.is_not(None))
        .group_by(users.c.email)
        .having(func.count() > 1)
    )
    sharing = _registered(fan_out).add_columns(users.c.email).where(users.c.email.in_(several)).subquery()
    is_notified = and_(sharing.c.reason.is_(None), _has_message(sharing, fan_out))
    first = func.min(case((is_notified, sharing.c.recipient_id))).over(partition_by=sharing.c.email)
    return select(sharing.c.recipient_id, first.label("first_id")).subquery()


def _has_message(user: FromClause, fan_out: FanOut) -> ColumnElement[bool]:
    return tuple_(user.c.language, user.c.last_notified_id).in_(fan_out.messages)


def _language(languages: Sequence[str]) -> ColumnElement[str]:
    """The message's language for a user: the same tag, else the language alone, else the site's own."""
    own, *others = languages
    tag = func.lower(users.c.language)
    matches = [
        (or_(tag == language.lower(), tag.startswith(f"{language.lower()}-")), literal(language))
        for language in sorted((own, *others), key=len, reverse=True)
    ]
    return case(*matches, else_=literal(own))


def _last_notified(previous_id: int, before: FromClause) -> ColumnElement[int]:
    """The announcement a user was last notified of.

    That is the previous one for users who got its message or needed none; others missed it, and for them it
    is what it was before.
    """
    known = case(
        (before.c.recipient_id.is_(None), true()),
        (before.c.exclusion == Exclusion.UNCHANGED.value, true()),
        (before.c.exclusion == Exclusion.SAME_ADDRESS.value, _was_notified_with(previous_id, before)),
        else_=_arrived(before, batches),
    )
    return case((known, literal(previous_id, Integer)), else_=before.c.last_notified_id)


def _was_notified_with(previous_id: int, before: FromClause) -> ColumnElement[bool]:
    """Whether the message to the other account with the same email address arrived."""
    first, its_batch = deliveries.alias("first"), batches.alias("its_batch")
    return (
        exists()
        .where(first.c.announcement_id == previous_id, first.c.recipient_id == before.c.notified_with_id)
        .where(its_batch.c.id == first.c.batch_id, _arrived(first, its_batch))
    )


def _arrived(delivery: FromClause, batch: FromClause) -> ColumnElement[bool]:
    return and_(
        batch.c.state == BatchState.ACCEPTED.value,
        or_(delivery.c.outcome.is_(None), delivery.c.outcome.not_in([outcome.value for outcome in MISSED])),
    )

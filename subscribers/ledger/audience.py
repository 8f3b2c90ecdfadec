"""Says who is told of an announcement and who is not, and why: one statement for any number of people.

Nothing is executed here; ``ledger.py`` runs the statement in the transaction that freezes the audience.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Insert,
    Integer,
    Select,
    and_,
    case,
    exists,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    true,
    tuple_,
)

from subscribers.model import BatchState, Exclusion, Outcome, batches, deliveries, users

# These were taken by the provider and did not arrive.
MISSED = (Outcome.DROPPED, Outcome.BOUNCED)


@dataclass(frozen=True, slots=True, kw_only=True)
class FanOut:
    """What the audience of one announcement follows from.

    ``languages`` are those of its messages, the site's own first. ``messages`` names who has one: a language
    and the announcement last told of.
    """

    announcement_id: int
    previous_id: int
    languages: Sequence[str]
    messages: Sequence[tuple[str, int]]
    batch_limit: int
    first_batch_id: int


def deliveries_for(fan_out: FanOut) -> Insert:
    """One delivery for each registered person: in a batch of at most ``batch_limit``, or excluded.

    A batch holds people of one language who were last told of one announcement. Whoever registered after the
    previous announcement counts as told of it; whoever missed it is told of that too.
    """
    audience = _audience(fan_out)
    kind = case(
        *(
            (and_(audience.c.language == language, audience.c.last_notified_id == last_notified_id), number)
            for number, (language, last_notified_id) in enumerate(fan_out.messages)
        )
    )
    is_told = audience.c.exclusion.is_(None)
    place = func.row_number().over(partition_by=(kind, is_told), order_by=audience.c.recipient_id)
    # Each kind of message has a range of numbers of its own: to number batches without gaps would take
    # another sort of everybody.
    limit = literal(fan_out.batch_limit, Integer)
    most_batches = select(func.max(users.c.id) // limit + 1).scalar_subquery()
    batch_id = fan_out.first_batch_id + kind * most_batches + (place - 1) // limit
    return insert(deliveries).from_select(
        [
            "announcement_id",
            "recipient_id",
            "language",
            "last_notified_id",
            "exclusion",
            "notified_with_id",
            "batch_id",
        ],
        select(
            literal(fan_out.announcement_id, Integer),
            audience.c.recipient_id,
            audience.c.language,
            audience.c.last_notified_id,
            audience.c.exclusion,
            audience.c.notified_with_id,
            case((is_told, batch_id), else_=null()),
        ),
    )


def counts_for(fan_out: FanOut) -> Select[str, int, str | None, int]:
    """How many people of each language and last announcement would be told, or excluded for which reason."""
    audience = _audience(fan_out)
    group = (audience.c.language, audience.c.last_notified_id, audience.c.exclusion)
    return select(*group, func.count()).group_by(*group).order_by(*group)


def hindrance(person: FromClause) -> ColumnElement[str | None]:
    """Why ``person`` may get no mail at all; null when nothing stands against it."""
    return case(
        (or_(person.c.erased_at.is_not(None), person.c.left_at.is_not(None)), Exclusion.LEFT.value),
        (person.c.restricted_at.is_not(None), Exclusion.RESTRICTED.value),
        (person.c.objected_at.is_not(None), Exclusion.OBJECTED.value),
        (person.c.unreachable.is_not(None), Exclusion.UNREACHABLE.value),
        else_=null(),
    )


def _audience(fan_out: FanOut) -> FromClause:
    # Else each column would be worked out again wherever it is named.
    registered = _registered(fan_out).cte("registered").prefix_with("MATERIALIZED")
    shared = _shared_addresses(fan_out)
    exclusion = case(
        (registered.c.hindrance.is_not(None), registered.c.hindrance),
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
            _last_told(fan_out.previous_id, before).label("last_notified_id"),
            hindrance(users).label("hindrance"),
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
    """Who has an address that others have too, and the first of them who is told there."""
    several = (
        select(users.c.email)
        .where(users.c.email.is_not(None))
        .group_by(users.c.email)
        .having(func.count() > 1)
    )
    sharing = _registered(fan_out).add_columns(users.c.email).where(users.c.email.in_(several)).subquery()
    is_told = and_(sharing.c.hindrance.is_(None), _has_message(sharing, fan_out))
    first = func.min(case((is_told, sharing.c.recipient_id))).over(partition_by=sharing.c.email)
    return select(sharing.c.recipient_id, first.label("first_id")).subquery()


def _has_message(person: FromClause, fan_out: FanOut) -> ColumnElement[bool]:
    return tuple_(person.c.language, person.c.last_notified_id).in_(fan_out.messages)


def _language(languages: Sequence[str]) -> ColumnElement[str]:
    """The message's language for a person: the same tag, else the language alone, else the site's own."""
    own, *others = languages
    tag = func.lower(users.c.language)
    matches = [
        (or_(tag == language.lower(), tag.startswith(f"{language.lower()}-")), literal(language))
        for language in sorted((own, *others), key=len, reverse=True)
    ]
    return case(*matches, else_=literal(own))


def _last_told(previous_id: int, before: FromClause) -> ColumnElement[int]:
    """Who was told of the previous announcement, or need not be, knows it; others know what they knew."""
    known = case(
        (before.c.recipient_id.is_(None), true()),
        (before.c.exclusion == Exclusion.UNCHANGED.value, true()),
        (before.c.exclusion == Exclusion.SAME_ADDRESS.value, _was_told_with(previous_id, before)),
        else_=_arrived(before, batches),
    )
    return case((known, literal(previous_id, Integer)), else_=before.c.last_notified_id)


def _was_told_with(previous_id: int, before: FromClause) -> ColumnElement[bool]:
    """Whether the mail to the other account with the same address arrived."""
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

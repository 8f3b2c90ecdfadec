"""The provider's signed events: they settle unknown batches and say what became of each message.

Events come early, late, twice and in any order, and nothing here depends on that. A post is verified by the
raw bytes of its body, each event counts once, and of several outcomes of a delivery the strongest is kept.
The passing of time proves nothing: an attempt counts as unsent only if events came for a later request.

The only module that writes the tables ``event_posts``, ``events`` and ``unmatched_events``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sendgrid.helpers.eventwebhook import EventWebhook
from sqlalchemy import (
    Connection,
    Engine,
    Row,
    String,
    and_,
    cast,
    delete,
    exists,
    func,
    insert,
    select,
    update,
)

from subscribers.database import reading, writing
from subscribers.errors import NotifyError
from subscribers.high_water_mark.installation import read_installation, refuse_if_moved
from subscribers.ledger import announcement_rows, complaints, delivery_rows, settle
from subscribers.ledger.event_meaning import OUTCOMES, Event, read_event
from subscribers.model import (
    AttemptState,
    BatchState,
    Unreachable,
    attempts,
    batches,
    deliveries,
    event_posts,
    events,
    unmatched_events,
)
from subscribers.users.unreachable_marks import mark_reported

OLD_COPY = "signed events are about requests that this database does not know: it is an old copy"
EVENTS_AT_ONCE = 5_000


class UnsignedPostError(NotifyError):
    """The post does not carry the provider's signature, or is not a list of events."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedPost:
    """A post as it came: its raw bytes and what its headers say."""

    body: bytes
    signature: str
    timestamp: str


class Verifier:
    """Knows the provider's public key, as shown beside its signed event webhook."""

    def __init__(self, public_key: str) -> None:
        try:
            self._webhook = EventWebhook(public_key)
        except ValueError as error:
            raise NotifyError(
                "POLICY_NOTIFY_SENDGRID_EVENT_PUBLIC_KEY: not a public key; copy it from SendGrid: "
                "`Mail Settings`, `Event Webhooks`, `Signed Event Webhook`"
            ) from error

    def events(self, post: SignedPost) -> list[Event]:
        """The events of a genuine post that name attempts; other events are not ours."""
        try:
            genuine = self._webhook.verify_signature(post.body.decode(), post.signature, post.timestamp)
            listed = json.loads(post.body) if genuine else None
        except (ValueError, RecursionError) as error:
            raise UnsignedPostError(f"events: {error}") from error
        if not isinstance(listed, list):
            raise UnsignedPostError("events: not signed by the provider; see policy-notify doctor")
        return [event for event in map(read_event, listed) if event is not None]


def receive(engine: Engine, verifier: Verifier, post: SignedPost, *, now: datetime, keep_body: bool) -> int:
    """Record the events of a post; return how many were new. Events that name no attempt are ignored.

    Events that name an attempt unknown to the database are kept apart. If they also name this database, it is
    an old copy: announcements that are being sent pause. If not, perhaps another installation uses the same
    webhook.
    """
    named = {event.event_id: event for event in verifier.events(post)}
    if not named:
        return 0
    with writing(engine) as connection:
        refuse_if_moved(connection)
        known = _locked(connection, {event.token for event in named.values()})
        if known.keys() != {event.token for event in named.values()}:
            announcement_rows.lock(
                connection
            )  # there is no row on which two posts about unknown attempts could wait for each other
        seen = _seen(connection, named)
        new = [event for event in named.values() if event.event_id not in seen]
        fresh = [event for event in new if event.token in known]
        identity = read_installation(connection).identity
        unmatched = [
            event
            for event in new
            if event.token not in known and (event.delivery is not None or event.database == identity)
        ]
        if not fresh and not unmatched:
            return 0
        settled = _settled_tokens(connection, {event.token for event in unmatched})
        _record(connection, post, fresh, unmatched, settled=settled, now=now, keep_body=keep_body)
        if any(event.database == identity and event.token not in settled for event in unmatched):
            announcement_rows.pause_all(connection, reason=OLD_COPY)
        _note_unreachable(connection, fresh)
        _note_outcomes(connection, fresh)
        complained = [event for event in fresh if event.unreachable is Unreachable.COMPLAINED]
        complaints.pause_where_many(
            connection, {event.delivery.announcement_id for event in complained if event.delivery}
        )
        providers = {event.token: event.provider_id for event in fresh}
        for token, provider_id in providers.items():
            if known[token] != AttemptState.ACCEPTED:
                settle.accept(connection, token, provider_id=provider_id, now=now)
        return len(fresh) + len(unmatched)


def release_unsent(engine: Engine, *, window: timedelta, now: datetime) -> Sequence[int]:
    """Let the unknown batches be tried again that cannot have been accepted; return their ids.

    Such a batch has been unknown for ``window`` without any event, while a later request had one.
    """
    with writing(engine) as connection:
        later = attempts.alias("later")
        proven = (
            exists()
            .where(events.c.token == later.c.token)
            .where(
                later.c.transport == attempts.c.transport,
                later.c.claimed_at > attempts.c.claimed_at,
            )
        )
        unsent = connection.execute(
            select(batches.c.id, batches.c.token)
            .join(attempts, attempts.c.token == batches.c.token)
            .where(
                batches.c.state == BatchState.UNKNOWN.value,
                attempts.c.claimed_at <= now - window,
                ~exists().where(events.c.token == attempts.c.token),
                proven,
            )
            .with_for_update(of=batches, skip_locked=True)
        ).all()
        for batch_id, token in unsent:
            settle.release(connection, batch_id, token, detail="no event, while later requests had some")
        return [batch_id for batch_id, _ in unsent]


def settle_unmatched(connection: Connection, *, at: datetime) -> None:
    """Count the events of unknown attempts as explained: they do not stop announcements any more."""
    connection.execute(
        update(unmatched_events).where(unmatched_events.c.settled_at.is_(None)).values(settled_at=at)
    )


def last_signs(engine: Engine, transport: str) -> tuple[datetime | None, datetime | None]:
    """When the newest accepted request was made, and when a signed post last came."""
    accepted = select(func.max(attempts.c.claimed_at)).where(
        attempts.c.transport == transport, attempts.c.state == AttemptState.ACCEPTED.value
    )
    with reading(engine) as connection:
        sent_at: datetime | None = connection.scalars(accepted).one()
        received_at: datetime | None = connection.scalars(select(func.max(event_posts.c.received_at))).one()
    return sent_at, received_at


def forget_bodies(engine: Engine, *, before: datetime) -> int:
    """Drop the raw posts received before that moment: they hold email addresses. Return how many.

    Their digests and signatures stay.
    """
    with writing(engine) as connection:
        return connection.execute(
            update(event_posts)
            .where(event_posts.c.received_at < before, event_posts.c.body.is_not(None))
            .values(body=None)
        ).rowcount


def forget_bodies_about(connection: Connection, user_ids: Sequence[int]) -> None:
    """Drop the raw posts with events about these users; digest and signature stay as evidence."""
    posts = select(events.c.post_id).where(events.c.recipient_id.in_(user_ids))
    connection.execute(update(event_posts).where(event_posts.c.id.in_(posts)).values(body=None))


def _locked(connection: Connection, tokens: set[str]) -> dict[str, str]:
    """The states of the attempts that are ours; posts about the same attempts wait here for each other."""
    ours = attempts.c.token.in_(tokens)
    # Batches before attempts, as everywhere: then no two transactions wait for each other.
    connection.execute(
        select(batches.c.id)
        .where(batches.c.id.in_(select(attempts.c.batch_id).where(ours)))
        .order_by(batches.c.id)
        .with_for_update()
    )
    rows = connection.execute(
        select(attempts.c.token, attempts.c.state).where(ours).order_by(attempts.c.token).with_for_update()
    )
    return {row.token: row.state for row in rows}


def unmatched_since(engine: Engine) -> tuple[int, datetime | None]:
    """How many events name attempts of other databases, as far as known; and when the newest occurred."""
    with reading(engine) as connection:
        own = read_installation(connection).identity
        count, newest = connection.execute(
            select(func.count(), func.max(unmatched_events.c.occurred_at)).where(
                unmatched_events.c.database.is_distinct_from(own)
            )
        ).one()
        return count, newest


def unmatched(
    connection: Connection,
) -> Iterator[Row[str, str, str | None, str, datetime, str | None, datetime | None]]:
    """The events that name attempts which are not in the database, oldest first."""
    yield from connection.execute(
        select(
            unmatched_events.c.token,
            unmatched_events.c.delivery,
            unmatched_events.c.publication,
            unmatched_events.c.kind,
            unmatched_events.c.occurred_at,
            unmatched_events.c.database,
            unmatched_events.c.settled_at,
        ).order_by(unmatched_events.c.occurred_at)
    )


def match_again(connection: Connection) -> int:
    """Give the events their attempts that recovery has added since; return how many events that were.

    An event counts for a recipient whom the attempt has. A number may be another user's by now.
    """
    found = connection.execute(
        select(unmatched_events, deliveries.c.announcement_id, deliveries.c.recipient_id)
        .join(attempts, attempts.c.token == unmatched_events.c.token)
        .outerjoin(
            deliveries,
            and_(
                deliveries.c.batch_id == attempts.c.batch_id,
                unmatched_events.c.delivery
                == cast(deliveries.c.announcement_id, String) + "-" + cast(deliveries.c.recipient_id, String),
            ),
        )
    ).all()
    for start in range(0, len(found), EVENTS_AT_ONCE):
        part = found[start : start + EVENTS_AT_ONCE]
        connection.execute(
            delete(unmatched_events).where(unmatched_events.c.event_id.in_([row.event_id for row in part]))
        )
        kept = ("event_id", "post_id", "token", "recipient_id", "kind", "occurred_at")
        connection.execute(insert(events), [{name: getattr(row, name) for name in kept} for row in part])
    for outcome in delivery_rows.STRENGTH:
        rows = [
            {
                "announcement": row.announcement_id,
                "recipient": row.recipient_id,
                "at": row.occurred_at,
                "words": None,
            }
            for row in found
            if row.recipient_id is not None and OUTCOMES.get(row.kind) is outcome
        ]
        if rows:
            delivery_rows.strengthen(connection, outcome, rows)
    return len(found)


def _settled_tokens(connection: Connection, tokens: Collection[str]) -> set[str]:
    """The attempts whose events recovery has considered before: more events about them are no news."""
    if not tokens:
        return set()
    return set(
        connection.scalars(
            select(unmatched_events.c.token)
            .where(unmatched_events.c.token.in_(tokens), unmatched_events.c.settled_at.is_not(None))
            .distinct()
        )
    )


def _seen(connection: Connection, event_ids: Collection[str]) -> set[str]:
    """The ids of the events that were recorded before."""
    return {
        event_id
        for table in (events, unmatched_events)
        for event_id in connection.scalars(select(table.c.event_id).where(table.c.event_id.in_(event_ids)))
    }


def _record(
    connection: Connection,
    post: SignedPost,
    fresh: Sequence[Event],
    unmatched: Sequence[Event],
    *,
    settled: Collection[str],
    now: datetime,
    keep_body: bool,
) -> None:
    post_id = connection.scalars(
        insert(event_posts)
        .values(
            sha256=hashlib.sha256(post.body).hexdigest(),
            signature=post.signature,
            signed_timestamp=post.timestamp,
            received_at=now,
            # An unmatched event may name a user who could not be erased from the body.
            body=post.body if keep_body and not unmatched else None,
        )
        .returning(event_posts.c.id)
    ).one()
    common = [
        {
            "event_id": event.event_id,
            "post_id": post_id,
            "token": event.token,
            "kind": event.kind,
            "occurred_at": event.occurred_at,
        }
        for event in (*fresh, *unmatched)
    ]
    if fresh:
        matched = zip(common, fresh, strict=False)
        connection.execute(
            insert(events),
            [
                row | {"recipient_id": event.delivery.recipient_id if event.delivery else None}
                for row, event in matched
            ],
        )
    if unmatched:
        others = zip(common[len(fresh) :], unmatched, strict=True)
        connection.execute(
            insert(unmatched_events),
            [
                row
                | {
                    "delivery": str(event.delivery or ""),
                    "database": event.database,
                    "publication": event.publication,
                    "settled_at": now if event.token in settled else None,
                }
                for row, event in others
            ],
        )


def _note_outcomes(connection: Connection, fresh: Iterable[Event]) -> None:
    for outcome in delivery_rows.STRENGTH:
        rows = [
            {
                "announcement": event.delivery.announcement_id,
                "recipient": event.delivery.recipient_id,
                "at": event.occurred_at,
                "words": event.detail,
            }
            for event in fresh
            if event.outcome is outcome and event.delivery is not None
        ]
        if rows:
            delivery_rows.strengthen(connection, outcome, rows)


def _note_unreachable(connection: Connection, fresh: Iterable[Event]) -> None:
    """Mark the email addresses that the events call unreachable."""
    for event in fresh:
        if event.unreachable is not None and event.delivery is not None:
            mark_reported(
                connection,
                event.delivery.recipient_id,
                email=event.address,
                reason=event.unreachable,
                at=event.occurred_at,
            )

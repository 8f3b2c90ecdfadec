"""What the provider's signed events prove: they settle doubts, and say what became of each mail.

Events come early, late, twice and in any order, and nothing here depends on that. A post is verified on its
raw bytes, each event counts once, and of a delivery's outcomes the strongest stands. Time alone proves
nothing: an attempt counts as unsent only when the channel was seen to work for a later request.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sendgrid.helpers.eventwebhook import EventWebhook
from sqlalchemy import Connection, Engine, bindparam, exists, func, insert, or_, select, update

from subscribers.database import reading, writing
from subscribers.errors import NotifyError
from subscribers.ledger import batch_rows, complaints
from subscribers.model import (
    AttemptState,
    BatchState,
    Outcome,
    Unreachable,
    attempts,
    batches,
    deliveries,
    event_posts,
    events,
    people,
)
from subscribers.transports import ATTEMPT_ARGUMENT, FORMER_ATTEMPT_ARGUMENT

TOKEN = re.compile(r"[0-9a-f]{32}")
DELIVERY = re.compile(r"([1-9][0-9]{0,9})-([1-9][0-9]{0,9})")  # announcement and person
STRENGTH = tuple(Outcome)  # from weakest to strongest
OUTCOMES = {
    "processed": Outcome.PROCESSED,
    "delivered": Outcome.DELIVERED,
    "dropped": Outcome.DROPPED,
    "bounce": Outcome.BOUNCED,
    "spamreport": Outcome.COMPLAINED,
}
# A bounce of the type "blocked" is of this mail, one of the type "bounce" of the address: SendGrid's
# documentation of the event webhook, "Delivery events".
BLOCKED = "blocked"


class UnsignedPostError(NotifyError):
    """The post does not carry the provider's signature, or is no list of events."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedPost:
    """A post as it came: its raw bytes and what its headers say."""

    body: bytes
    signature: str
    timestamp: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event about an attempt of ours; ``address`` goes no further than the table of people."""

    event_id: str
    token: str
    kind: str
    occurred_at: datetime
    announcement_id: int | None
    recipient_id: int | None
    provider_id: str | None
    address: str
    detail: str | None
    blocked: bool

    @property
    def outcome(self) -> Outcome | None:
        """What it says of the delivery; None for kinds that say nothing of its fate."""
        return OUTCOMES.get(self.kind)

    @property
    def unreachable(self) -> Unreachable | None:
        """What it says of the address."""
        if self.outcome is Outcome.COMPLAINED:
            return Unreachable.COMPLAINED
        if self.outcome is Outcome.BOUNCED and not self.blocked:
            return Unreachable.BOUNCED
        return None


class Verifier:
    """Knows the provider's public key, as shown beside its signed event webhook."""

    def __init__(self, public_key: str) -> None:
        try:
            self._webhook = EventWebhook(public_key)
        except ValueError as error:
            raise NotifyError(
                "POLICY_NOTIFY_SENDGRID_EVENT_PUBLIC_KEY: is no key; copy it from SendGrid, Mail Settings, "
                "Event Webhooks, Signed Event Webhook"
            ) from error

    def events(self, post: SignedPost) -> list[Event]:
        """The events of a post that is the provider's and names attempts; others of it are not ours."""
        try:
            genuine = self._webhook.verify_signature(post.body.decode(), post.signature, post.timestamp)
            listed = json.loads(post.body) if genuine else None
        except ValueError as error:
            raise UnsignedPostError(f"events: {error}") from error
        if not isinstance(listed, list):
            raise UnsignedPostError("events: not signed by the provider; see policy-notify doctor")
        return [event for event in map(_event, listed) if event is not None]


def receive(engine: Engine, verifier: Verifier, post: SignedPost, *, now: datetime, keep_body: bool) -> int:
    """Take a post in; how many of its events were new. One that names no attempt of ours leaves no trace."""
    named = {event.event_id: event for event in verifier.events(post)}
    if not named:
        return 0
    with writing(engine) as connection:
        known = _locked(connection, {event.token for event in named.values()})
        seen = set(connection.scalars(select(events.c.event_id).where(events.c.event_id.in_(named))))
        fresh = [event for event in named.values() if event.token in known and event.event_id not in seen]
        if not fresh:
            return 0
        _record(connection, post, fresh, now=now, keep_body=keep_body)
        _note_unreachable(connection, fresh)
        _note_outcomes(connection, fresh)
        complained = [event for event in fresh if event.unreachable is Unreachable.COMPLAINED]
        complaints.pause_where_many(connection, {event.announcement_id for event in complained})
        providers = {event.token: event.provider_id for event in fresh}
        for token, provider_id in providers.items():
            if known[token] != AttemptState.ACCEPTED:
                batch_rows.settle_accepted(connection, token, provider_id=provider_id, now=now)
        return len(fresh)


def release_unsent(engine: Engine, *, window: timedelta, now: datetime) -> Sequence[int]:
    """Let the batches be tried again that were surely not accepted; their numbers.

    Such a batch has been in doubt for ``window`` without any event, while a request made after it had one.
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
            batch_rows.release(connection, batch_id, token, detail="no event, while later requests had some")
        return [batch_id for batch_id, _ in unsent]


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
    """Drop the raw posts received before that moment: they hold addresses. Digest and signature stay."""
    with writing(engine) as connection:
        return connection.execute(
            update(event_posts)
            .where(event_posts.c.received_at < before, event_posts.c.body.is_not(None))
            .values(body=None)
        ).rowcount


def _locked(connection: Connection, tokens: set[str]) -> dict[str, str]:
    """The states of those of the attempts that are ours; posts about the same ones queue here."""
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


def _event(listed: Any) -> Event | None:
    """An event that names an attempt; None for any other."""
    if not isinstance(listed, dict):
        return None
    token = listed.get(ATTEMPT_ARGUMENT) or listed.get(FORMER_ATTEMPT_ARGUMENT)
    if not isinstance(token, str) or not TOKEN.fullmatch(token):
        return None
    event_id, kind, timestamp = (listed.get(name) for name in ("sg_event_id", "event", "timestamp"))
    if not (isinstance(event_id, str) and isinstance(kind, str) and isinstance(timestamp, int)):
        return None
    delivery = DELIVERY.fullmatch(str(listed.get("delivery")))
    message_id = listed.get("sg_message_id")
    return Event(
        event_id=event_id,
        token=token,
        kind=kind,
        occurred_at=datetime.fromtimestamp(timestamp, UTC),
        announcement_id=int(delivery[1]) if delivery else None,
        recipient_id=int(delivery[2]) if delivery else None,
        # "The first part of it is the X-Message-Id": SendGrid's documentation, "Event objects".
        provider_id=message_id.partition(".")[0] if isinstance(message_id, str) else None,
        address=str(listed.get("email", "")),
        detail=str(listed["reason"]) if listed.get("reason") else None,
        blocked=listed.get("type") == BLOCKED,
    )


def _record(
    connection: Connection, post: SignedPost, fresh: Sequence[Event], *, now: datetime, keep_body: bool
) -> None:
    post_id = connection.scalars(
        insert(event_posts)
        .values(
            sha256=hashlib.sha256(post.body).hexdigest(),
            signature=post.signature,
            signed_timestamp=post.timestamp,
            received_at=now,
            body=post.body if keep_body else None,
        )
        .returning(event_posts.c.id)
    ).one()
    connection.execute(
        insert(events),
        [
            {
                "event_id": event.event_id,
                "post_id": post_id,
                "token": event.token,
                "recipient_id": event.recipient_id,
                "kind": event.kind,
                "occurred_at": event.occurred_at,
            }
            for event in fresh
        ],
    )


def _note_outcomes(connection: Connection, fresh: Iterable[Event]) -> None:
    for strength, outcome in enumerate(STRENGTH):
        rows = [
            {
                "announcement": event.announcement_id,
                "recipient": event.recipient_id,
                "at": event.occurred_at,
                "words": event.detail,
            }
            for event in fresh
            if event.outcome is outcome and event.recipient_id is not None
        ]
        if rows:
            weaker = [deliveries.c.outcome == other.value for other in STRENGTH[:strength]]
            connection.execute(
                update(deliveries)
                .where(
                    deliveries.c.announcement_id == bindparam("announcement"),
                    deliveries.c.recipient_id == bindparam("recipient"),
                    or_(deliveries.c.outcome.is_(None), *weaker),
                )
                .values(outcome=outcome.value, outcome_at=bindparam("at"), detail=bindparam("words")),
                rows,
            )


def _note_unreachable(connection: Connection, fresh: Iterable[Event]) -> None:
    """No more mail to an address that bounced or whose owner complained, unless it was corrected since."""
    for event in fresh:
        if event.unreachable is not None and event.recipient_id is not None:
            stands = [Unreachable.COMPLAINED.value]  # a complaint is not undone by a bounce
            if event.unreachable is Unreachable.BOUNCED:
                stands.append(Unreachable.BOUNCED.value)
            connection.execute(
                update(people)
                .where(
                    people.c.id == event.recipient_id,
                    func.lower(people.c.email) == event.address.lower(),
                    or_(people.c.unreachable.is_(None), people.c.unreachable.not_in(stands)),
                )
                .values(unreachable=event.unreachable.value, unreachable_at=event.occurred_at)
            )

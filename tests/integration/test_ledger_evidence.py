"""Signed events settle unknown batches, at any time and any number of times; nothing else does by itself."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from support.sendgrid_server import EventSource
from support.world import SENDER, World, addresses

from subscribers.database import reading
from subscribers.delivery.reconciliation import Reconciliation
from subscribers.delivery.status_report import as_json, described
from subscribers.errors import NotifyError
from subscribers.ledger.signed_events import (
    SignedPost,
    UnsignedPostError,
    Verifier,
    forget_bodies,
    receive,
    release_unsent,
    unmatched_since,
)
from subscribers.ledger.totals import outcomes, statuses
from subscribers.model import attempts, deliveries, event_posts, events, unmatched_events, users
from subscribers.transports import OutgoingBatch, UnconfirmedError
from subscribers.users.requests import mark_reachable

NAMES = ("anna", "boris", "chen")
WINDOW = timedelta(hours=24)


class Evidence:
    """A provider whose answers get lost at will, and its signed events."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.source = EventSource()
        self.verifier = Verifier(self.source.public_key)
        self.lost: list[OutgoingBatch] = []

    def accept_and_drop(self, outgoing: OutgoingBatch) -> None:
        """Take the batch, and let the answer be lost."""
        self.lost.append(outgoing)
        self.world.transport.taken.append(outgoing)
        raise UnconfirmedError("connection reset")

    def events_of(self, outgoing: OutgoingBatch, *kinds: str, **more: Any) -> list[dict[str, Any]]:
        return [
            self.source.event(
                kind, token=outgoing.token, delivery=recipient.delivery, address=recipient.address, **more
            )
            for recipient in outgoing.recipients
            for kind in kinds
        ]

    def post(self, events: list[dict[str, Any]], *, keep_body: bool = False) -> int:
        return self.take(self.source.post(events), keep_body=keep_body)

    def take(self, post: SignedPost, *, keep_body: bool = False) -> int:
        taken = receive(self.world.engine, self.verifier, post, now=self.world.now, keep_body=keep_body)
        self.world.check()
        return taken

    def reconcile(self) -> None:
        rules = Reconciliation(window=WINDOW, canary="canary@market.example")
        rules.reconcile(self.world.ledger, self.world.transport, sender=SENDER)
        self.world.deliver()

    def outcomes(self) -> dict[str, str | None]:
        with reading(self.world.engine) as connection:
            rows = connection.execute(
                select(users.c.external_id, deliveries.c.outcome).join(
                    users, users.c.id == deliveries.c.recipient_id
                )
            )
            return {row.external_id: row.outcome for row in rows}


@pytest.fixture
def evidence(world: World) -> Evidence:
    """Three people, announcement 2, nothing sent."""
    world.register(*NAMES)
    world.open_with_baseline()
    world.announce()
    return Evidence(world)


def test_an_event_settles_an_unknown_batch_as_accepted(evidence: Evidence) -> None:
    evidence.world.transport.answers = [evidence.accept_and_drop]
    evidence.world.deliver()
    assert evidence.world.totals(2).unknown == 3

    evidence.post(evidence.events_of(evidence.lost[0], "processed")[:1])
    evidence.world.wait(days=2)
    evidence.reconcile()
    assert evidence.world.totals(2).accepted == 3
    assert evidence.world.transport.received == addresses(NAMES)


def test_events_before_the_reply_settle_the_batch(evidence: Evidence) -> None:
    world = evidence.world
    world.transport.rule = lambda outgoing: _ignore(evidence.post(evidence.events_of(outgoing, "processed")))
    world.deliver()

    assert world.totals(2).accepted == 3
    with reading(world.engine) as connection:
        assert connection.scalars(select(attempts.c.provider_id)).all() == ["provider-1"]


def _ignore(_: object) -> None:
    pass


def test_events_after_a_lost_worker_settle_its_claim(evidence: Evidence) -> None:
    world = evidence.world
    world.ledger.fan_out(batch_limit=1000)
    claim = world.ledger.claim(1, world.transport)
    assert claim
    assert world.ledger.intend(claim, request_sha256="0" * 64)
    event = evidence.source.event("processed", token=claim.token, delivery="2-1", address="anna@example.com")
    evidence.post([event])
    world.wait(seconds=46)
    world.deliver()

    assert world.totals(2).accepted == 3
    assert world.transport.taken == []


def test_an_event_counts_once_however_often_it_comes(evidence: Evidence) -> None:
    evidence.world.deliver()
    told = evidence.events_of(evidence.world.transport.taken[0], "processed", "delivered")
    post = evidence.source.post(told)

    assert evidence.take(post) == 6
    assert evidence.take(post) == 0
    assert evidence.post([*told[:2], *told[:2]]) == 0
    assert evidence.post([told[0], evidence.events_of(evidence.world.transport.taken[0], "open")[0]]) == 1


@pytest.mark.parametrize("seed", range(5))
def test_the_strongest_outcome_is_kept_in_any_order(evidence: Evidence, seed: int) -> None:
    evidence.world.deliver()
    [outgoing] = evidence.world.transport.taken
    anna, boris, chen = (replace(outgoing, recipients=(recipient,)) for recipient in outgoing.recipients)
    told = [
        *evidence.events_of(anna, "processed", "deferred", "delivered", "spamreport"),
        *evidence.events_of(boris, "processed", "delivered", "bounce"),
        *evidence.events_of(chen, "processed", "deferred", "delivered"),
    ]
    random.Random(seed).shuffle(told)
    for event in told:
        evidence.post([event])

    assert evidence.outcomes() == {"anna": "complained", "boris": "bounced", "chen": "delivered"}


def test_a_user_whose_message_bounced_or_who_complained_receives_no_more(evidence: Evidence) -> None:
    world = evidence.world
    world.deliver()
    [outgoing] = world.transport.taken
    anna, boris, chen = (replace(outgoing, recipients=(recipient,)) for recipient in outgoing.recipients)
    evidence.post(evidence.events_of(anna, "bounce", type="bounce", reason="550 no such user"))
    evidence.post(evidence.events_of(boris, "spamreport"))
    evidence.post(evidence.events_of(chen, "bounce", type="blocked", reason="421 too busy"))
    world.announce("We keep nothing.")
    world.deliver()

    assert world.exclusions(3) == {"anna": "unreachable", "boris": "unreachable", "chen": None}
    with reading(world.engine) as connection:
        reasons = connection.execute(select(users.c.external_id, users.c.unreachable)).all()
    assert dict(map(tuple, reasons)) == {"anna": "bounced", "boris": "complained", "chen": None}


def test_a_bounce_of_an_address_since_corrected_is_not_held_against_the_new_one(evidence: Evidence) -> None:
    world = evidence.world
    world.deliver()
    world.change("anna", email="new@example.com")
    bounces = evidence.events_of(world.transport.taken[0], "bounce", type="bounce", status="5.1.1")
    evidence.post(bounces)
    world.announce("We keep nothing.")
    world.deliver()

    assert world.exclusions(3)["anna"] is None
    assert world.exclusions(3)["boris"] == "unreachable"


def test_a_complaint_is_not_undone_by_a_bounce(evidence: Evidence) -> None:
    world = evidence.world
    world.deliver()
    evidence.post(evidence.events_of(world.transport.taken[0], "spamreport"))
    evidence.post(evidence.events_of(world.transport.taken[0], "bounce", type="bounce", status="5.1.1"))

    with reading(world.engine) as connection:
        assert set(connection.scalars(select(users.c.unreachable))) == {"complained"}


def test_a_post_that_is_not_signed_by_the_provider_is_refused(evidence: Evidence) -> None:
    evidence.world.deliver()
    told = evidence.events_of(evidence.world.transport.taken[0], "bounce")
    genuine = evidence.source.post(told)
    forgeries = [
        EventSource().post(told),
        replace(genuine, body=genuine.body.replace(b"bounce", b"opened")),
        replace(genuine, body=genuine.body + b" "),
        replace(genuine, timestamp="1780000001"),
        replace(genuine, signature="no base64"),
        replace(genuine, signature=""),
        replace(genuine, body=b"\xff\xfe"),
    ]
    for forgery in forgeries:
        with pytest.raises(UnsignedPostError):
            evidence.take(forgery)
    assert evidence.outcomes() == dict.fromkeys(NAMES)


@pytest.mark.parametrize("listed", [[], [1, None, "x"], [{"event": "processed"}], [{"attempt": "0" * 32}]])
def test_a_signed_post_about_others_leaves_no_trace(evidence: Evidence, listed: list[Any]) -> None:
    foreign = evidence.source.event("processed", token="newsletter", delivery="9", address="x@example.com")
    trial = evidence.source.event("processed", token="0" * 32, delivery="test-1", address="x@example.com")
    assert evidence.post([*listed, foreign, trial]) == 0

    with reading(evidence.world.engine) as connection:
        assert connection.scalars(select(func.count()).select_from(event_posts)).one() == 0


@pytest.mark.parametrize("body", [b"{}", b"nothing", b"", b"[" * 100_000, b'["\xff"]'])
def test_a_signed_post_that_is_no_list_is_refused(evidence: Evidence, body: bytes) -> None:
    signed = evidence.source.sign(body)
    with pytest.raises(UnsignedPostError):
        evidence.take(signed)


def test_a_wrong_public_key_is_named() -> None:
    with pytest.raises(NotifyError, match="SENDGRID_EVENT_PUBLIC_KEY"):
        Verifier("not a key")


def test_a_raw_post_is_kept_no_longer_than_it_may(evidence: Evidence) -> None:
    world = evidence.world
    world.deliver()
    told = evidence.events_of(world.transport.taken[0], "processed", "delivered")
    evidence.post(told[:2])
    evidence.post(told[2:4], keep_body=True)
    world.wait(days=30)
    evidence.post(told[4:], keep_body=True)
    assert forget_bodies(world.engine, before=world.now - timedelta(days=7)) == 1

    with reading(world.engine) as connection:
        kept = connection.scalars(select(event_posts.c.body).order_by(event_posts.c.id)).all()
        assert [body is not None for body in kept] == [False, False, True]
        assert connection.scalars(select(func.count()).select_from(events)).one() == 6


def test_an_unknown_batch_is_sent_again_once_a_later_request_proves_that_events_arrive(
    evidence: Evidence,
) -> None:
    world = evidence.world
    world.transport.batch_limit = 1
    world.transport.answers = [UnconfirmedError("time-out")]
    world.deliver()
    world.wait(minutes=5)
    world.deliver()
    assert len(world.transport.taken) == 2
    evidence.post(evidence.events_of(world.transport.taken[0], "processed"))

    world.wait(hours=23)
    evidence.reconcile()
    assert world.totals(2).unknown == 1

    world.wait(hours=1)
    evidence.reconcile()
    assert world.transport.received == addresses(NAMES)
    assert world.totals(2).accepted == 3


def test_an_event_for_an_earlier_request_proves_nothing(evidence: Evidence) -> None:
    world = evidence.world
    world.transport.batch_limit = 1
    world.transport.answers = [None, UnconfirmedError("time-out"), *[UnconfirmedError("time-out")] * 9]
    world.deliver()
    world.wait(minutes=5)
    evidence.post(evidence.events_of(world.transport.taken[0], "processed", "delivered"))
    world.wait(days=3)

    assert release_unsent(world.engine, window=WINDOW, now=world.now) == []
    assert world.totals(2).unknown == 1


def test_where_no_request_is_open_the_canary_makes_one(evidence: Evidence) -> None:
    world = evidence.world
    world.transport.answers = [UnconfirmedError("time-out")]
    world.deliver()
    world.wait(hours=25)
    evidence.reconcile()
    [canary] = world.transport.taken
    assert [recipient.address for recipient in canary.recipients] == ["canary@market.example"]

    world.wait(minutes=1)
    evidence.reconcile()
    assert len(world.transport.taken) == 1
    assert world.totals(2).unknown == 3

    evidence.post(evidence.events_of(canary, "processed"))
    evidence.reconcile()
    assert world.transport.received == addresses([*NAMES]) + Counter(["canary@market.example"])
    assert world.totals(2).accepted == 3


def test_without_events_an_unknown_batch_is_never_released(evidence: Evidence) -> None:
    world = evidence.world
    world.transport.answers = [evidence.accept_and_drop]
    world.deliver()
    for _ in range(10):
        world.wait(days=1)
        evidence.reconcile()

    assert world.totals(2).unknown == 3
    assert all(count == 1 for name, count in world.transport.received.items() if "canary" not in name)
    assert world.transport.received["canary@market.example"] <= 10


def test_an_event_under_the_former_name_still_settles_its_attempt() -> None:
    """Messages of an earlier version carry the token as "attempt"; a deferral's own "attempt" is a number."""
    source, token = EventSource(), "ab" * 16
    bare = source.event("deferred", token=token, delivery="2-1", address="anna@example.com")
    del bare["notify_attempt"]
    names = ({"attempt": token}, {"notify_attempt": token}, {"notify_attempt": token, "attempt": "5"})
    post = source.post([*(bare | each for each in names), bare | {"attempt": "5"}])

    assert [event.token for event in Verifier(source.public_key).events(post)] == [token] * 3


def test_a_signed_event_of_an_unknown_attempt_is_kept_once(evidence: Evidence) -> None:
    """It shows that the database is an old copy; of the address nothing is kept."""
    event = evidence.source.event("delivered", token="cd" * 16, delivery="7-9", address="x@example.com")
    assert unmatched_since(evidence.world.engine) == (0, None)
    for _ in range(3):
        evidence.post([event], keep_body=True)
    count, newest = unmatched_since(evidence.world.engine)
    assert (count, newest) == (1, datetime.fromtimestamp(event["timestamp"], UTC))
    with reading(evidence.world.engine) as connection:
        [row] = connection.execute(select(unmatched_events)).all()
        assert (row.token, row.delivery, row.kind) == ("cd" * 16, "7-9", "delivered")
        assert connection.scalars(select(event_posts.c.body)).all() == [None]


def test_known_and_unknown_attempts_in_one_post_are_distinguished(evidence: Evidence) -> None:
    world = evidence.world
    world.deliver()
    known = evidence.events_of(world.transport.taken[0], "delivered")
    strange = evidence.source.event("bounce", token="cd" * 16, delivery="2-1", address="anna@example.com")
    evidence.post([strange, *known])

    assert evidence.outcomes() == dict.fromkeys(NAMES, "delivered")
    assert unmatched_since(world.engine)[0] == 1


def test_a_lifted_mark_stays_lifted_when_an_older_event_comes_late(evidence: Evidence) -> None:
    world = evidence.world
    world.deliver()
    first, later = (
        evidence.events_of(world.transport.taken[0], "bounce", type="bounce", status="5.1.1")
        for _ in range(2)
    )
    evidence.post(first)
    mark_reachable(world.engine, "anna", at=datetime.fromtimestamp(later[-1]["timestamp"], UTC))
    evidence.post(later)
    world.announce("We keep nothing.")
    world.deliver()

    assert world.exclusions(3) == {"anna": None, "boris": "unreachable", "chen": "unreachable"}


def test_what_became_of_the_messages_is_counted(evidence: Evidence) -> None:
    world = evidence.world
    world.deliver()
    anna, boris, chen = (
        replace(world.transport.taken[0], recipients=(recipient,))
        for recipient in world.transport.taken[0].recipients
    )
    evidence.post(evidence.events_of(anna, "delivered"))
    evidence.post(evidence.events_of(boris, "delivered", "spamreport"))
    evidence.post(evidence.events_of(chen, "bounce", type="bounce"))

    counted = outcomes(world.engine)
    assert counted == {2: {"delivered": 1, "complained": 1, "bounced": 1}}
    said = list(described(statuses(world.engine), [], {}, counted))
    assert "  since reported by the provider: 1 delivered, 1 bounced, 1 complained" in said
    [status, _] = as_json(statuses(world.engine), [], {}, counted)["announcements"]
    assert status["outcomes"] == {
        "processed": 0,
        "delivered": 1,
        "dropped": 0,
        "bounced": 1,
        "complained": 1,
    }

"""The endpoint for SendGrid's events: it takes what is signed, and says when it could not keep it."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine
from support.sendgrid_server import EventSource
from support.world import World

from subscribers.database import open_database, writing
from subscribers.high_water_mark.installation import note_moved
from subscribers.ledger.signed_events import SignedPost, Verifier
from subscribers.web.app import make_app
from subscribers.web.events import BODY_LIMIT_BYTES, events


@pytest.fixture
def source() -> EventSource:
    return EventSource()


@pytest.fixture
def client(database: Engine, source: EventSource) -> TestClient:
    endpoint = events(database, Verifier(source.public_key), keep_body=False)
    return TestClient(make_app(events=endpoint))


def send(client: TestClient, post: SignedPost) -> int:
    answer = client.post(
        "/events/sendgrid",
        content=post.body,
        headers={
            "X-Twilio-Email-Event-Webhook-Signature": post.signature,
            "X-Twilio-Email-Event-Webhook-Timestamp": post.timestamp,
        },
    )
    return int(answer.status_code)


def test_a_signed_post_is_in_the_totals_once_it_is_taken(
    client: TestClient, source: EventSource, world: World
) -> None:
    world.register("anna")
    world.open_with_baseline()
    world.announce()
    world.ledger.fan_out(batch_limit=1000)
    claim = world.ledger.claim(1, world.transport)
    assert claim
    event = source.event("processed", token=claim.token, delivery="2-1", address="anna@example.com")

    assert send(client, source.post([event])) == 204
    assert world.totals(2).accepted == 1
    assert send(client, source.post([event])) == 204


def test_what_is_not_signed_is_refused(client: TestClient) -> None:
    assert send(client, EventSource().post([])) == 403
    assert client.post("/events/sendgrid", content=b"[]").status_code == 422


def test_a_post_without_end_is_refused(client: TestClient, source: EventSource) -> None:
    assert send(client, source.sign(b" " * (BODY_LIMIT_BYTES + 1))) == 413


def test_what_cannot_be_kept_is_asked_for_again(source: EventSource) -> None:
    absent = open_database("postgresql://notify@127.0.0.1:1/notify")
    client = TestClient(make_app(events=events(absent, Verifier(source.public_key), keep_body=False)))
    event = source.event("processed", token="0" * 32, delivery="2-1", address="anna@example.com")

    assert send(client, source.post([event])) == 503


def test_the_provider_is_asked_again_by_a_database_that_was_moved(
    client: TestClient, source: EventSource, database: Engine, world: World
) -> None:
    with writing(database) as connection:
        note_moved(connection, to="postgresql://db.example/policy", at=world.now)
    event = source.event("processed", token="0" * 32, delivery="2-1", address="anna@example.com")

    assert send(client, source.post([event])) == 503

"""Requests of users while an announcement is being sent, and the data about its messages afterwards."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select
from support.world import World, addresses

from subscribers.database import reading, writing
from subscribers.ledger import erasure
from subscribers.model import attempts, deliveries, event_posts, events
from subscribers.transports import RefusedError
from subscribers.users import requests
from subscribers.users.erasures import ErasureKeys
from subscribers.users.import_file import ImportFile
from subscribers.users.import_users import import_users
from subscribers.users.user_data import user_data

KEYS = ErasureKeys(["k" * 32])
NAMES = ("anna", "boris", "chen")


@pytest.fixture
def waiting(world: World) -> World:
    """Three people in one batch of announcement 2 that is planned and not sent."""
    world.register(*NAMES)
    world.open_with_baseline()
    assert world.announce() == 2
    world.ledger.fan_out(batch_limit=1000)
    return world


def accounts(world: World, name: str) -> Any:
    """The data of the accounts with this name, as the user gets them."""
    return user_data(world.engine, name, now=world.now)["accounts"]


def _erase(world: World) -> None:
    erasure.erase(world.engine, "anna", keys=KEYS, at=world.now)


def _restrict(world: World) -> None:
    requests.restrict(world.engine, "anna", at=world.now)


def _object(world: World) -> None:
    requests.object_to_email(world.engine, "anna", at=world.now)


@pytest.mark.parametrize(
    ("request_of_anna", "reason"), [(_erase, "left"), (_restrict, "restricted"), (_object, "objected")]
)
def test_a_user_who_asks_while_waiting_gets_no_email_and_the_totals_say_why(
    waiting: World, request_of_anna: Callable[[World], None], reason: str
) -> None:
    request_of_anna(waiting)
    waiting.check()
    waiting.deliver()
    assert waiting.transport.received == addresses(("boris", "chen"))
    with reading(waiting.engine) as connection:
        exclusions = connection.scalars(select(deliveries.c.exclusion).order_by(deliveries.c.recipient_id))
        assert list(exclusions) == [reason, None, None]


def test_a_user_who_left_the_shop_while_waiting_gets_no_email(waiting: World, tmp_path: Path) -> None:
    users = tmp_path / "users.csv"
    users.write_text("external_id,email\nboris,boris@example.com\nchen,chen@example.com\n", encoding="utf-8")
    file = ImportFile(users, language=None, now=waiting.now)
    import_users(waiting.engine, file, keys=KEYS, now=waiting.now, replace=True)
    waiting.deliver()
    assert waiting.transport.received == addresses(("boris", "chen"))
    assert waiting.exclusions(2)["anna"] == "left"


def test_an_address_corrected_while_waiting_gets_the_email(waiting: World) -> None:
    requests.correct(waiting.engine, "anna", email="anna@example.org", at=waiting.now)
    waiting.deliver()
    assert "anna@example.com" not in waiting.transport.received
    assert waiting.transport.received["anna@example.org"] == 1


def test_user_data_have_the_outcome_of_each_email(waiting: World) -> None:
    requests.restrict(waiting.engine, "boris", at=waiting.now)
    waiting.deliver()
    (of_anna,) = accounts(waiting, "anna")
    (of_boris,) = accounts(waiting, "boris")
    assert of_anna["mails"] == [
        {
            "announcement": 2,
            "site_url": "https://policies.example/",
            "decided_at": waiting.now.isoformat(),
            "subject": of_anna["mails"][0]["subject"],
            "not_sent_because": None,
            "state": "accepted",
            "outcome": None,
            "outcome_at": None,
            "detail": None,
        }
    ]
    assert of_boris["mails"][0]["not_sent_because"] == "restricted"
    assert of_boris["mails"][0]["state"] is None


def test_erasure_reaches_the_words_of_the_provider(waiting: World) -> None:
    def no_such_mailbox(outgoing: object) -> None:
        if "anna@example.com" in repr(outgoing):
            raise RefusedError("550 <Anna@Example.com>: no such mailbox")

    waiting.transport.rule = no_such_mailbox
    waiting.deliver()
    with writing(waiting.engine) as connection:
        anna = accounts(waiting, "anna")[0]["id"]
        token = connection.scalars(select(attempts.c.token).limit(1)).one()
        post = {
            "id": 1,
            "sha256": "0" * 64,
            "signature": "s",
            "signed_timestamp": "1",
            "received_at": waiting.now,
        }
        connection.execute(insert(event_posts).values(**post, body=b"anna@example.com"))
        connection.execute(
            insert(events).values(
                event_id="e",
                post_id=1,
                token=token,
                recipient_id=anna,
                kind="bounce",
                occurred_at=waiting.now,
            )
        )
    erasure.erase(waiting.engine, "anna", keys=KEYS, at=waiting.now)
    with reading(waiting.engine) as connection:
        words = [
            *connection.scalars(select(deliveries.c.detail)),
            *connection.scalars(select(attempts.c.detail)),
            *connection.scalars(select(event_posts.c.body)),
        ]
    assert not any("anna" in str(word).lower() for word in words)
    waiting.check()

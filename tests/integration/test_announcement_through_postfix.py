"""An announcement through a real Postfix, with everything that a mail server may say to it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from support import postfix_server
from support.postfix_server import PostfixServer, Question
from support.published_site import PublishedSiteMaker
from support.world import World

from subscribers.database import open_database
from subscribers.delivery.sending import ProviderRefusedError
from subscribers.ledger.totals import statuses
from subscribers.transports.smtp import SmtpTransport
from subscribers.transports.smtp_server import read_server


@pytest.fixture
def small_world(sqlite_url: str, tmp_path: Path) -> Iterator[World]:
    engine = open_database(sqlite_url)
    yield World(engine, PublishedSiteMaker(tmp_path / "site"))
    engine.dispose()


def announce(world: World, server: PostfixServer, *names: str) -> None:
    """Announce to these users at inbox.example, through this server."""
    world.transport = SmtpTransport(read_server(server.url))  # type: ignore[assignment]
    for name in names:
        world.register(name, email=f"{name}@inbox.example")
    world.open_with_baseline()
    world.announce()


def test_each_recipient_is_treated_as_the_server_answers(postfix: PostfixServer, small_world: World) -> None:
    answers = {
        "boris@inbox.example": "450 4.2.0 Greylisted, come back in five minutes",
        "clara@inbox.example": "552 5.2.2 Mailbox full",
        "dora@inbox.example": "554 5.7.1 Refused by policy",
    }

    def answer(question: Question) -> str:
        is_recipient = question["protocol_state"] == "RCPT"
        return answers.get(question["recipient"], "DUNNO") if is_recipient else "DUNNO"

    postfix.answer = answer
    world = small_world
    announce(world, postfix, "anna", "boris", "clara", "dora", "nobody")
    world.deliver()
    totals = world.totals(2)
    assert (totals.accepted, totals.rejected, totals.waiting) == (1, 1, 3)
    [status] = [status for status in statuses(world.engine) if status.announcement_id == 2]
    assert status.rejected == {"5.1.1 unknown mailbox": 1}
    assert status.put_off == {"4.2.0 mailbox problem": 1, "5.2.2 mailbox full": 1}
    assert status.set_aside == {"5.7.1 not authorized": 1}

    answers.clear()  # the greylist knows us, the mailbox is not full any more, and the policy has changed
    world.wait(hours=2)
    world.deliver()
    assert world.totals(2).accepted == 4
    for name in ("anna", "boris", "clara", "dora"):
        assert len(postfix.wait_for_messages(name)) == 1


@pytest.fixture(scope="module")
def strict_postfix() -> Iterator[PostfixServer]:
    """A Postfix that takes small messages only, and one connection at a time."""
    if not postfix_server.IS_USABLE:
        pytest.skip(postfix_server.MISSING)
    limits = {"message_size_limit": "1000", "smtpd_client_connection_count_limit": "1"}
    with postfix_server.running_postfix(settings=limits) as server:
        yield server


def test_a_server_with_too_many_connections_is_called_again_later(
    strict_postfix: PostfixServer, small_world: World
) -> None:
    announce(small_world, strict_postfix, "anna")
    with closing(socket.create_connection(("127.0.0.1", strict_postfix.port))) as other:
        other.recv(100)
        small_world.deliver()
        pause = small_world.ledger.provider_pause(small_world.transport)
        assert pause is not None
        assert "421" in pause.detail
        assert small_world.totals(2).waiting == 1


def test_a_message_that_is_too_big_for_the_server_stops_the_run(
    strict_postfix: PostfixServer, small_world: World
) -> None:
    strict_postfix.wait_until(
        lambda: (
            (text := strict_postfix.log.read_text()).count(": connect from")
            == text.count(": disconnect from")
        )
    )
    announce(small_world, strict_postfix, "anna", "boris")
    with pytest.raises(ProviderRefusedError, match="the server takes at most 1,000; raise its limit"):
        small_world.deliver()
    assert small_world.totals(2).waiting == 2

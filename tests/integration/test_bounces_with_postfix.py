"""Bounces of a real Postfix, set up as the how-to says, reach the delivery that they are about."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import select
from support import postfix_server
from support.postfix_server import PostfixServer, running_postfix
from support.published_site import PublishedSiteMaker
from support.smtp_server import SmtpServer
from support.world import SENDER, World

from subscribers.bounces.intake import Taken, take_in
from subscribers.bounces.mailbox import take_in_all
from subscribers.bounces.maildir import Maildir
from subscribers.database import open_database, reading
from subscribers.delivery.single_process import deliver
from subscribers.model import deliveries, users
from subscribers.return_path import ReturnPath
from subscribers.transports.smtp import SmtpTransport
from subscribers.transports.smtp_server import read_server

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "take-in-bounces.md"
KEYS = ["k" * 32]
TRY_AGAIN = 75


@dataclass
class Route:
    """Postfix, the server behind it, and the folder in which the program behind the pipe keeps its input."""

    postfix: PostfixServer
    later: SmtpServer
    folder: Path


@pytest.fixture(scope="module")
def route() -> Iterator[Route]:
    """A Postfix whose mailbox bounces@ is a Maildir, and whose mailbox piped@ is the program of the page."""
    if not postfix_server.IS_USABLE:
        pytest.skip(postfix_server.MISSING)
    folder = Path(tempfile.mkdtemp(prefix="policysite-bounces-"))
    folder.chmod(0o777)
    program = folder / "program"
    program.write_text(
        f'#!/bin/sh\ncat >{folder}/message\necho "$*" >{folder}/arguments\nexit "$(cat {folder}/code)"\n'
    )
    program.chmod(0o755)
    [service] = re.findall(r"```\n(bounces unix .*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    service = service.replace("user=policy-notify", "user=nobody")
    service = service.replace("/usr/local/bin/policy-notify", str(program))
    with (
        SmtpServer() as later,
        running_postfix(
            next_servers={"later.example": later.port},
            services=service,
            transports={"piped@market.example": "bounces:"},
            bounces_to=("bounces@market.example", "piped@market.example"),
        ) as postfix,
    ):
        yield Route(postfix, later, folder)
    shutil.rmtree(folder)


@pytest.fixture
def world(sqlite_url: str, tmp_path: Path) -> Iterator[World]:
    engine = open_database(sqlite_url)
    world = World(engine, PublishedSiteMaker(tmp_path / "site"))
    for name in ("anna", "boris", "clara"):
        world.register(name, email=f"{name}@later.example")
    world.open_with_baseline()
    world.announce()
    yield world
    engine.dispose()


def send(world: World, route: Route, mailbox: str) -> ReturnPath:
    path = ReturnPath(mailbox, KEYS)
    deliver(
        world.ledger,
        SmtpTransport(read_server(route.postfix.url)),
        sender=replace(SENDER, return_path=path),
        stop=Event(),
        patience=timedelta(seconds=-1),
    )
    assert world.totals(2).accepted == 3, "Postfix has them all"
    return path


def outcomes(world: World) -> dict[str, tuple[str | None, str | None]]:
    with reading(world.engine) as connection:
        rows = connection.execute(
            select(users.c.external_id, deliveries.c.outcome, users.c.unreachable)
            .join(users, users.c.id == deliveries.c.recipient_id)
            .where(deliveries.c.announcement_id == 2)
        )
        return {row.external_id: (row.outcome, row.unreachable) for row in rows}


def test_bounces_that_come_later_are_taken_from_a_maildir(world: World, route: Route) -> None:
    answers = {"anna": "550 5.1.1 no such user", "boris": "552 5.2.2 mailbox full"}
    is_busy = True

    def say(stage: str, address: str) -> str | None:
        if is_busy:
            return "450 4.2.0 not yet"
        return answers.get(address.partition("@")[0]) if stage == "RCPT" else None

    route.later.say = say
    path = send(world, route, "bounces@market.example")
    route.postfix.wait_for_log("status=deferred")
    is_busy = False
    route.postfix.wait_until(lambda: _retried(route, 2))
    counts = take_in_all(
        Maildir(route.postfix.maildir("bounces")),
        lambda raw: take_in(world.engine, path, raw, now=world.now),
    )
    assert counts == {Taken.BOUNCED: 2}
    world.check()
    assert outcomes(world) == {
        "anna": ("bounced", "bounced"),
        "boris": ("bounced", None),
        "clara": (None, None),
    }
    assert route.postfix.messages("bounces") == []


def test_a_program_behind_a_pipe_gets_each_bounce_until_it_has_kept_it(world: World, route: Route) -> None:
    def say(stage: str, address: str) -> str | None:
        return "550 5.1.1 no such user" if stage == "RCPT" and address.startswith("anna") else None

    route.later.say = say
    (route.folder / "code").write_text(str(TRY_AGAIN))
    path = send(world, route, "piped@market.example")
    route.postfix.wait_for_log("relay=bounces, delay=")
    (route.folder / "code").write_text("0")

    def is_kept() -> bool:
        route.postfix.retry()
        return "(delivered via bounces service)" in route.postfix.log.read_text(errors="replace")

    route.postfix.wait_until(is_kept)
    raw, arguments = (route.folder / "message").read_bytes(), (route.folder / "arguments").read_text()
    *options, recipient = arguments.split()
    assert options == ["bounces", "--stdin", "--recipient"]
    assert re.fullmatch(r"piped\+2-1-[a-z2-7]{16}@market\.example", recipient)
    assert take_in(world.engine, path, raw, recipient=recipient, now=world.now) is Taken.BOUNCED
    assert outcomes(world)["anna"] == ("bounced", "bounced")


def _retried(route: Route, number: int) -> bool:
    """Whether so many bounces have come, after another try."""
    route.postfix.retry()
    folder = route.postfix.maildir("bounces") / "new"
    return folder.is_dir() and len(list(folder.iterdir())) >= number

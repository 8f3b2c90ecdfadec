"""The doctor's findings about the log of the mail server."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.mail_log import MailLog
from support.published_site import PublishedSiteMaker
from support.world import SENDER, World

from subscribers.database import open_database
from subscribers.doctor.finding import Finding, Level
from subscribers.doctor.mail_log import check_mail_log
from subscribers.settings import Settings
from subscribers.transports import OutgoingBatch

US = SENDER.address.addr_spec


@pytest.fixture
def world(sqlite_url: str, tmp_path: Path) -> Iterator[World]:
    engine = open_database(sqlite_url)
    world = World(engine, PublishedSiteMaker(tmp_path / "site"))
    world.now = datetime.now(UTC)
    world.transport.name, world.transport.batch_limit = "smtp", 1
    world.register("anna", "boris")
    yield world
    engine.dispose()


def checked(world: World, log: str | None) -> Finding:
    settings = Settings(transport="smtp", smtp_url="smtp://127.0.0.1", smtp_log=log, POLICY_NOTIFY_FROM=US)
    [finding] = check_mail_log(world.engine, settings)
    return finding


def test_without_a_log_the_finding_names_the_setting(world: World) -> None:
    finding = checked(world, None)
    assert (finding.level, finding.where) == (Level.UNCHECKED, "POLICY_NOTIFY_SMTP_LOG")


def test_a_log_that_cannot_be_read_is_an_error(world: World, tmp_path: Path) -> None:
    finding = checked(world, str(tmp_path / "mail.log"))
    assert finding.level is Level.ERROR
    assert finding.seen == "the mail server's log cannot be read (No such file or directory)"
    assert finding.remedy is not None
    assert finding.remedy.startswith("name a file that this user can read")


def test_a_log_is_compared_with_the_messages_that_the_server_accepted(world: World, tmp_path: Path) -> None:
    log = MailLog(tmp_path / "mail.log", lambda: world.now)
    assert checked(world, str(log.path)).level is Level.UNCHECKED

    def take(outgoing: OutgoingBatch) -> None:
        [recipient] = outgoing.recipients
        if is_logged or recipient.address.startswith("anna"):
            log.accepted(recipient.message_id, sender=US, recipient=recipient.address)

    world.transport.rule = take
    world.open_with_baseline()
    for is_logged, level in ((True, Level.OK), (False, Level.WARNING)):  # noqa: B007
        world.announce()
        world.deliver()
        finding = checked(world, str(log.path))
        assert finding.level is level
    assert finding.seen.startswith("does not name 1 of the last 4 messages that the server accepted")

"""doctor, send-test and unreachable as an operator or a program meets them."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any, NamedTuple

import dns.resolver
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message as MessageHandler
from sqlalchemy import Engine, insert, text, update
from support.name_server import NameServer
from support.published_site import PublishedSiteMaker
from support.world import World

from subscribers import cli
from subscribers.announcing import announcements
from subscribers.database import writing
from subscribers.doctor.bulk_sender_rules import Rule
from subscribers.model import deliveries, erasures
from subscribers.transports import UnconfirmedError

KEY = "0123456789abcdef" * 4


class Answer(NamedTuple):
    """The output of a command and its exit code."""

    exit_code: int
    out: str
    err: str


Run = Callable[..., Answer]


@pytest.fixture
def run(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> Run:
    """Runs ``policy-notify`` with complete settings, on both kinds of database."""
    settings = {
        "DATABASE_URL": database_url,
        "MAIL_FOLDER": str(tmp_path / "mails"),
        "FROM": "Market <policy@market.example>",
        "LEGAL_NAME": "Example Market LLC",
        "CONTACT": "privacy@market.example",
        "SECRET_KEYS": KEY,
    }
    for name, value in settings.items():
        monkeypatch.setenv(f"POLICY_NOTIFY_{name}", value)

    def policy_notify(*arguments: str, **values: str) -> Answer:
        with monkeypatch.context() as patch:
            for name, value in values.items():
                patch.setenv(f"POLICY_NOTIFY_{name}", value)
            patch.setattr(sys, "argv", ["policy-notify", *arguments])
            with pytest.raises(SystemExit) as end:
                cli.main()
        return Answer(int(end.value.code or 0), *capsys.readouterr())

    return policy_notify


@pytest.fixture
def mail_server() -> Iterator[Controller]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(Kept(), hostname="127.0.0.1", port=port)
    controller.start()
    yield controller
    controller.stop()


class Kept(MessageHandler):
    """Keeps what it takes."""

    def __init__(self) -> None:
        super().__init__()
        self.received: list[Any] = []

    def prepare_message(self, session: Any, envelope: Any) -> Any:
        return message_from_bytes(envelope.content, policy=policy.default)

    def handle_message(self, message: Any) -> None:
        self.received.append(message)


def lines(answer: Answer, level: str) -> list[str]:
    return [line for line in answer.out.splitlines() if line.startswith(f"{level}: ")]


def test_what_is_ready_has_no_error(run: Run, world: World) -> None:
    world.register("anna", "boris")
    answer = run("doctor")

    assert answer.exit_code == 0, answer.out
    assert lines(answer, "error") == []
    assert [line.split(": ")[1] for line in lines(answer, "warning")] == [
        "transport",
        "high-water mark",
    ]
    assert "2 registered" in answer.out
    assert answer.out.splitlines()[-1].startswith("ok: ")


def test_a_mark_that_a_snapshot_would_restore_with_the_database_is_a_warning(
    run: Run, world: World, database_url: str
) -> None:
    [warned] = [line for line in lines(run("doctor"), "warning") if "high-water mark" in line]
    is_sqlite = database_url.startswith("sqlite")
    assert ("on the volume of the database" if is_sqlite else "a file of this machine") in warned
    elsewhere = run("doctor", MARK_URL="sqlite:////proc/none/mark.sqlite")
    assert ("high-water mark" in "".join(lines(elsewhere, "warning"))) != is_sqlite


def test_intents_that_a_crash_of_postgresql_could_lose_are_a_warning(run: Run, postgresql_url: str) -> None:
    url = f"{postgresql_url}&options=-csynchronous_commit%3Doff"
    assert "synchronous_commit" in "".join(lines(run("doctor", DATABASE_URL=url), "warning"))


def test_a_mark_on_the_server_of_the_database_is_a_warning(run: Run, postgresql_url: str) -> None:
    answer = run(
        "doctor", DATABASE_URL=postgresql_url, MARK_URL=re.sub("notify_[0-9]+", "postgres", postgresql_url)
    )
    assert "it is on the database's own server" in "".join(lines(answer, "warning"))


def test_a_program_reads_the_findings(run: Run) -> None:
    answer = run("doctor", "--json", LEGAL_NAME="")
    findings = json.loads(answer.out)["findings"]

    assert answer.exit_code == 1
    assert [finding for finding in findings if finding["level"] == "error"] == [
        {
            "level": "error",
            "topic": "sender",
            "where": "POLICY_NOTIFY_LEGAL_NAME",
            "seen": "not set, although every email names it",
            "remedy": "set it",
        }
    ]


def test_settings_that_cannot_be_read_are_all_named(run: Run) -> None:
    answer = run("doctor", FROM="nobody", SECRET_KEYS="short")

    assert answer.exit_code == 1
    assert {line.split(": ")[2] for line in lines(answer, "error")} == {
        "POLICY_NOTIFY_FROM",
        "POLICY_NOTIFY_SECRET_KEYS",
    }


def test_a_database_that_does_not_answer_is_an_error(run: Run, tmp_path: Path) -> None:
    absent = run("doctor", DATABASE_URL=f"sqlite:///{tmp_path / 'absent.sqlite'}")
    assert "policy-notify migrate" in lines(absent, "error")[0]
    assert not (tmp_path / "absent.sqlite").exists()

    refused = run("doctor", DATABASE_URL=f"postgresql://nobody@/none?host={tmp_path}")
    assert lines(refused, "error")[0].startswith("error: database: postgresql+psycopg://nobody@/none")
    assert "sqlite:///FILE" in lines(run("doctor", DATABASE_URL="none"), "error")[0]


def test_a_database_of_another_version_is_an_error(run: Run, database: Engine) -> None:
    with writing(database) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'ffff'"))
    assert "upgrade policysite" in lines(run("doctor"), "error")[0]


def test_a_lost_secret_is_found_before_the_erased_come_back(run: Run, database: Engine) -> None:
    with writing(database) as connection:
        connection.execute(insert(erasures).values(external_id_digest=b"d" * 32, key_id="0" * 16))
    [fault] = lines(run("doctor"), "error")
    assert "add the old secret after the new one" in fault


def test_an_unknown_batch_or_a_paused_announcement_is_a_warning(run: Run, world: World) -> None:
    world.register("anna")
    world.open_with_baseline()
    number = world.announce()
    world.transport.answers = [UnconfirmedError("connection reset")]
    world.deliver()
    announcements.pause(world.engine, number, reason="too many complaints")

    warnings = "\n".join(lines(run("doctor"), "warning"))
    assert "unconfirmed for 1 recipient: connection reset" in warnings
    assert "paused: too many complaints" in warnings


def test_a_folder_that_cannot_be_written_to_is_an_error(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    assert "cannot be written to" in lines(run("doctor", MAIL_FOLDER=str(tmp_path / "file")), "error")[0]


def test_what_others_on_the_machine_can_read_is_a_warning(run: Run, world: World, tmp_path: Path) -> None:
    folder = tmp_path / "open"
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)
    files = [folder]
    if world.engine.dialect.name == "sqlite":
        files.append(Path(str(world.engine.url.database)))
        files[-1].chmod(0o640)
    seen = [line for line in lines(run("doctor", MAIL_FOLDER=str(folder)), "warning") if "read" in line]
    assert {line.split(": ")[2] for line in seen} >= set(map(str, files))
    assert all("chmod -R go= " in line for line in seen)


def test_smtp_and_the_name_servers_are_asked(
    run: Run, mail_server: Controller, monkeypatch: pytest.MonkeyPatch
) -> None:
    with NameServer() as server:
        monkeypatch.setattr(dns.resolver, "default_resolver", server.resolver())
        server.publish("shop.test-domain.org", "MX", "0 .")
        answer = run(
            "doctor",
            TRANSPORT="smtp",
            SMTP_URL=f"smtp://127.0.0.1:{mail_server.port}",
            FROM="policy@shop.test-domain.org",
        )

    assert answer.exit_code == 1
    assert [line.split(": ")[1] for line in lines(answer, "error")] == ["MX", "MX", "SPF", "DMARC"]
    assert "ok: SMTP server" in answer.out


def test_a_test_message_is_marked_and_counts_in_no_totals(
    run: Run, mail_server: Controller, tmp_path: Path
) -> None:
    site = PublishedSiteMaker(tmp_path / "site")
    site.publish("privacy")
    site.commit()
    site.publish("privacy", summary="We keep less.")
    url = f"smtp://127.0.0.1:{mail_server.port}"
    answer = run("send-test", "Me@example.org", "--site", str(site.write()), TRANSPORT="smtp", SMTP_URL=url)

    assert answer.exit_code == 0, answer.err
    assert answer.out.startswith("accepted by smtp: 250")
    handler = mail_server.handler
    assert isinstance(handler, Kept)
    [mail] = handler.received
    assert mail["To"] == "me@example.org"
    assert mail["Subject"].startswith("[Test] ")
    assert "We keep less." in mail.get_body(("plain",)).get_content()
    assert json.loads(run("status", "--json").out)["announcements"] == []


def test_a_test_message_that_cannot_be_sent_says_so(run: Run, tmp_path: Path) -> None:
    site = PublishedSiteMaker(tmp_path / "site")
    site.publish("privacy")
    folder = str(site.write())
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"smtp://127.0.0.1:{taken.getsockname()[1]}"

    answer = run("send-test", "me@example.org", "--site", folder, TRANSPORT="smtp", SMTP_URL=url)
    assert (answer.exit_code, answer.out) == (1, "")
    assert "not sent" in answer.err
    assert "is not an email address" in run("send-test", "me", "--site", folder).err


def test_a_user_whom_no_message_reaches_is_listed_for_the_shop(run: Run, world: World) -> None:
    world.register("anna", "boris", "chen", "dora")
    since = datetime(2026, 6, 1, 12, 30, 15, 250_000, tzinfo=UTC)
    for name, reason in (("dora", "complained"), ("boris", "bounced"), ("chen", "bounced")):
        world.change(name, unreachable=reason, unreachable_at=since)
    world.change("chen", left_at=since)

    assert run("unreachable").out == (
        "boris\tbounced\t2026-06-01T12:30:15Z\ndora\tcomplained\t2026-06-01T12:30:15Z\n"
    )
    assert [json.loads(line) for line in run("unreachable", "--json").out.splitlines()] == [
        {"external_id": "boris", "reason": "bounced", "since": "2026-06-01T12:30:15Z"},
        {"external_id": "dora", "reason": "complained", "since": "2026-06-01T12:30:15Z"},
    ]


def test_nobody_registered_is_a_warning(run: Run) -> None:
    assert any("nobody is registered" in line for line in lines(run("doctor"), "warning"))


def test_events_that_never_came_are_a_warning(
    run: Run, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.register("anna")
    world.open_with_baseline()
    world.announce()
    world.deliver()
    with NameServer() as server:
        monkeypatch.setattr(dns.resolver, "default_resolver", server.resolver())
        answer = run(
            "doctor",
            TRANSPORT="sendgrid",
            SENDGRID_API_KEY="SG.x",
            SENDGRID_HOST="http://127.0.0.1:1",
            SENDGRID_EVENT_PUBLIC_KEY="x",
        )
    [silent] = [line for line in lines(answer, "warning") if "/events/sendgrid" in line]
    assert "emails were accepted at 2026-06-01 12:00 UTC; no signed event arrived" in silent


def test_a_dry_run_shows_how_many_users_a_publish_would_notify(
    run: Run, world: World, tmp_path: Path
) -> None:
    world.register("anna", "boris")
    world.open_with_baseline()
    world.site.commit()
    world.site.publish("privacy", summary="We keep less.")
    folder = str(world.site.write())

    assert "would notify 2 in en" in run("publish", "--site", folder, "--dry-run").out
    assert not (tmp_path / "mails").exists()

    assert run("publish", "--site", folder).exit_code == 0
    [announced, _] = json.loads(run("status", "--json").out)["announcements"]
    assert (announced["complete"], announced["ends_at"]) == (True, None)


def test_many_complaints_break_a_rule_for_bulk_senders(
    run: Run, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def seen() -> tuple[str, str]:
        answer = run("doctor", TRANSPORT="smtp", SMTP_URL="smtp://127.0.0.1:1")
        [line] = [line for line in answer.out.splitlines() if Rule.COMPLAINTS in line]
        return line.partition(": ")[0], line

    world.register("anna", "boris", "chen")
    world.open_with_baseline()
    number = world.announce()
    world.deliver()
    with NameServer() as server:
        monkeypatch.setattr(dns.resolver, "default_resolver", server.resolver())
        assert seen()[0] == "unchecked"

        with writing(world.engine) as connection:
            at = datetime(2026, 6, 1, tzinfo=UTC)
            told = deliveries.c.announcement_id == number
            connection.execute(update(deliveries).where(told).values(outcome="complained", outcome_at=at))
        level, line = seen()
    assert level == "warning"
    assert f"not met: 3 complaints about 3 messages of announcement {number}" in line


def test_the_help_is_shown_without_importing_the_libraries_of_doctor() -> None:
    code = (
        "import sys; import subscribers.cli; print(sorted({'checkdmarc', 'requests'} & sys.modules.keys()))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout == "[]\n"

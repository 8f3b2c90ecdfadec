"""``policy-notify bounces``: its words, its exit codes, and a database that is not the newest."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from support.database_copies import copy_of
from support.published_site import PublishedSiteMaker
from support.reports import absence_note, status_report
from support.world import World

from subscribers import cli
from subscribers.database import open_database

PLAIN = "bounces@market.example"
FORGED = "bounces+2-1-abcdefghijklmnop@market.example"


class Answer(NamedTuple):
    code: int
    out: str
    err: str


Run = Callable[..., Answer]


@pytest.fixture
def notify(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> Run:
    """Runs ``policy-notify`` with complete settings."""
    settings = {
        "DATABASE_URL": sqlite_url,
        "MAIL_FOLDER": str(tmp_path / "emails"),
        "FROM": "Market <policy@market.example>",
        "LEGAL_NAME": "Example Market LLC",
        "CONTACT": "privacy@market.example",
        "RETURN_PATH": PLAIN,
        "SECRET_KEYS": "k" * 32,
    }
    for name, value in settings.items():
        monkeypatch.setenv(f"POLICY_NOTIFY_{name}", value)

    def policy_notify(*arguments: str, given: bytes = b"", **values: str) -> Answer:
        with monkeypatch.context() as patch:
            for name, value in values.items():
                patch.setenv(f"POLICY_NOTIFY_{name}", value)
            patch.setattr(sys, "argv", ["policy-notify", *arguments])
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given)))
            with pytest.raises(SystemExit) as end:
                cli.main()
        return Answer(int(end.value.code or 0), *capsys.readouterr())

    return policy_notify


@pytest.fixture
def run(notify: Run) -> Run:
    """Runs ``policy-notify bounces``."""
    return partial(notify, "bounces")


@pytest.fixture
def maildir(tmp_path: Path) -> Path:
    for name in ("new", "cur", "tmp"):
        (tmp_path / "Maildir" / name).mkdir(parents=True)
    return tmp_path / "Maildir"


def test_a_message_of_any_kind_on_standard_input_never_bounces(run: Run) -> None:
    for raw in (status_report(FORGED), absence_note(FORGED), b"", b"\xff\0"):
        assert run("--stdin", "--recipient", FORGED, given=raw).code == 0


def test_the_server_keeps_a_message_that_cannot_be_recorded(run: Run, tmp_path: Path) -> None:
    for values in (
        {"DATABASE_URL": f"sqlite:///{tmp_path}/none/such.sqlite"},
        {"SECRET_KEYS": ""},
        {"RETURN_PATH": "nonsense"},
    ):
        answer = run("--stdin", given=status_report(FORGED), **values)
        assert answer.code == 75
        assert answer.err.startswith("policy-notify: ")
        assert "Traceback" not in answer.err


def test_a_forged_report_is_named(run: Run, maildir: Path) -> None:
    (maildir / "new" / "1").write_bytes(status_report(FORGED))
    (maildir / "new" / "2").write_bytes(absence_note(FORGED))
    first, second = run("--maildir", str(maildir)).out.splitlines()
    assert first == "2 messages: 1 without a valid signature, 1 no report"
    assert second.startswith("without a valid signature: forged, or about a message of another installation")
    assert run("--maildir", str(maildir)).out == "0 messages\n"
    assert run("--maildir", str(maildir), "--keep-days", "0").out == "0 messages\n2 older messages removed\n"


def test_programs_can_read_the_numbers(run: Run, maildir: Path) -> None:
    (maildir / "new" / "1").write_bytes(status_report(FORGED))
    counts = json.loads(run("--maildir", str(maildir), "--json").out)
    assert counts == {
        "bounced": 0, "complained": 0, "repeated": 0, "delayed": 0, "unmatched": 1, "other": 0, "removed": 0,
    }  # fmt: skip


def test_one_source_has_to_be_named(run: Run, maildir: Path) -> None:
    assert run().code == 2
    assert run("--stdin", "--maildir", str(maildir)).code == 2


def test_a_mailbox_that_cannot_be_read_is_explained(run: Run, tmp_path: Path) -> None:
    answer = run("--maildir", str(tmp_path))
    assert (answer.code, answer.err) == (
        1,
        f"policy-notify: {tmp_path}: is no Maildir, since it has no folder new; name another folder\n",
    )
    assert "set POLICY_NOTIFY_IMAP_PASSWORD" in run("--imap", "imaps://me@127.0.0.1/INBOX").err
    answer = run("--imap", "imap://me@127.0.0.1:1/INBOX", IMAP_PASSWORD="secret")
    assert answer.err == (
        "policy-notify: INBOX of me at 127.0.0.1: no connection (Connection refused); "
        "check host and port, then run this again\n"
    )


def test_an_old_copy_takes_nothing_in(notify: Run, maildir: Path, sqlite_url: str, tmp_path: Path) -> None:
    """It might not know the delivery, and the report would be put away."""
    engine = open_database(sqlite_url)
    world = World(engine, PublishedSiteMaker(tmp_path / "site"))
    world.register("anna")
    world.open_with_baseline()
    copy = copy_of(engine)
    world.site.commit()
    world.site.publish("privacy", summary="We keep less.")
    assert notify("publish", "--site", str(world.site.write())).code == 0
    copy.restore()
    (maildir / "new" / "1").write_bytes(status_report(FORGED))
    answer = notify("bounces", "--maildir", str(maildir))
    assert answer.code == 1
    assert "it is an old copy: 1 request" in answer.err
    assert (maildir / "new" / "1").exists()
    assert notify("bounces", "--stdin", given=status_report(FORGED)).code == 75
    engine.dispose()

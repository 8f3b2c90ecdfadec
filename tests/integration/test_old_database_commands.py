"""Every command that sends refuses an old copy of the database, with one line that says what to do."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from support import postgresql_cluster
from support.database_copies import copy_of
from support.published_site import PublishedSiteMaker
from support.world import World

from subscribers import cli
from subscribers.database import open_database

NUMBERS = count()
SENDING = [
    ("publish", "--site", "SITE"),
    ("publish", "--site", "SITE", "--dry-run"),
    ("deliver",),
    ("release", "3"),
    ("retry", "2"),
]


class Answer(NamedTuple):
    """The output of a command and its exit code."""

    code: int
    out: str
    err: str


Run = Callable[..., Answer]


@pytest.fixture
def run(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Runs ``policy-notify`` with complete settings, on both kinds of database."""
    settings = {
        "DATABASE_URL": database_url,
        "MAIL_FOLDER": str(tmp_path / "mails"),
        "FROM": "Market <policy@market.example>",
        "LEGAL_NAME": "Example Market LLC",
        "CONTACT": "privacy@market.example",
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
def site(run: Run, world: World) -> PublishedSiteMaker:
    """A site whose first change was announced to two users; then a copy from before that was restored."""
    world.register("anna", "boris")
    world.open_with_baseline()
    copy = copy_of(world.engine)
    world.site.commit()
    world.site.publish("privacy", summary="We keep less.")
    assert run("publish", "--site", str(world.site.write())).code == 0
    copy.restore()
    return world.site


@pytest.mark.parametrize("command", SENDING, ids=" ".join)
def test_a_command_that_sends_refuses_an_old_copy(
    run: Run, site: PublishedSiteMaker, command: tuple[str, ...], tmp_path: Path
) -> None:
    before = {file: file.stat().st_mtime_ns for file in (tmp_path / "mails").iterdir()}
    refused = run(*(str(site.folder) if word == "SITE" else word for word in command))
    assert refused.code == 1
    assert refused.err.count("\n") == 1
    assert "it is an old copy: " in refused.err
    assert "policy-notify recover" in refused.err
    assert {file: file.stat().st_mtime_ns for file in (tmp_path / "mails").iterdir()} == before


def test_status_and_doctor_say_so(run: Run, site: PublishedSiteMaker) -> None:
    assert "it is an old copy" in run("status").out
    assert "it is an old copy" in json.loads(run("status", "--json").out)["high_water_mark"]["problem"]
    doctor = run("doctor")
    assert doctor.code == 1
    assert "error: high-water mark: sqlite:///" in doctor.out


def test_a_worker_refuses_an_old_copy(
    postgresql_url: str,
    cluster: postgresql_cluster.Cluster,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Any,
) -> None:
    world = World(open_database(postgresql_url), PublishedSiteMaker(tmp_path / "site"))
    world.register("anna")
    world.open_with_baseline()
    monkeypatch.setenv("POLICY_NOTIFY_MARK_URL", cluster.create(f"marks_of_commands_{next(NUMBERS)}"))
    for name, value in {
        "DATABASE_URL": postgresql_url,
        "MAIL_FOLDER": str(tmp_path / "mails"),
        "FROM": "Market <policy@market.example>",
        "LEGAL_NAME": "Example Market LLC",
        "CONTACT": "privacy@market.example",
    }.items():
        monkeypatch.setenv(f"POLICY_NOTIFY_{name}", value)

    def refused(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["policy-notify", *arguments])
        with pytest.raises(SystemExit):
            cli.main()
        return str(capsys.readouterr().err)

    copy = copy_of(world.engine)
    world.site.commit()
    world.site.publish("privacy", summary="We keep less.")
    assert refused("publish", "--site", str(world.site.write())).count("old copy") == 0
    copy.restore()
    assert "it is an old copy: 1 request" in refused("worker")
    monkeypatch.delenv("POLICY_NOTIFY_MARK_URL")
    assert "set POLICY_NOTIFY_MARK_URL: workers on several machines share" in refused("worker")

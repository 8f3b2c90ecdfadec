"""``policy-notify`` as an operator runs it: migrate, publish, hold, release, status, and its refusals."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from published_site import PublishedSiteMaker
from sendgrid_double import Behaviour
from smtp_double import SmtpDouble

from subscribers.cli import main


@dataclass(frozen=True)
class Done:
    """What a command printed."""

    stdout: str
    stderr: str


Run = Callable[..., Done]


def environment_of(folder: Path) -> dict[str, str]:
    """Settings of an operator who writes mails to a folder."""
    return {
        "POLICY_NOTIFY_DATABASE_URL": f"sqlite:///{folder / 'notify.sqlite'}",
        "POLICY_NOTIFY_MAIL_FOLDER": str(folder / "mails"),
        "POLICY_NOTIFY_FROM": "Example Market <policy@example.com>",
        "POLICY_NOTIFY_LEGAL_NAME": "Example Market LLC",
        "POLICY_NOTIFY_CONTACT": "privacy@example.com",
    }


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run policy-notify on a fresh database, three people imported."""
    environment = environment_of(tmp_path)

    def policy_notify(*arguments: str, expect: int = 0, **settings: str) -> Done:
        with monkeypatch.context() as patch:
            for name, value in (environment | settings).items():
                patch.setenv(name, value)
            patch.setattr(sys, "argv", ["policy-notify", *arguments])
            with pytest.raises(SystemExit) as exited:
                main()
        printed = capsys.readouterr()
        assert (exited.value.code or 0) == expect, printed.err
        return Done(printed.out, printed.err)

    users = tmp_path / "users.csv"
    users.write_text(
        "external_id,email,language,registered_at\n"
        "1,anna@example.com,en,2026-01-01T00:00:00Z\n"
        "2,boris@example.com,ru,2026-01-01T00:00:00Z\n"
        "3,chen@example.com,,2026-01-01T00:00:00Z\n"
    )
    policy_notify("migrate")
    policy_notify("import", str(users))
    return policy_notify


@pytest.fixture
def site(tmp_path: Path) -> PublishedSiteMaker:
    """A site whose privacy policy has changed once, on 2026-02-09."""
    maker = PublishedSiteMaker(tmp_path / "site")
    maker.publish("privacy")
    maker.commit()
    maker.publish("privacy", summary="We keep less.")
    return maker


def announced(run: Run) -> list[dict[str, Any]]:
    status = json.loads(run("status", "--json").stdout)
    announcements: list[dict[str, Any]] = status["announcements"]
    return announcements


def test_a_change_reaches_everybody_once(run: Run, site: PublishedSiteMaker, tmp_path: Path) -> None:
    folder = str(site.write())
    first = run("publish", "--site", folder, "--announce-since", "2026-02-01")
    assert "3 accepted" in first.stdout
    assert sorted(file.name for file in (tmp_path / "mails").iterdir()) == ["2-1.eml", "2-2.eml", "2-3.eml"]

    again = run("publish", "--site", folder, "--announce-since", "2026-02-01")
    assert again.stdout == "nothing new to announce\n"
    assert len(list((tmp_path / "mails").iterdir())) == 3


def test_a_site_never_seen_is_refused_with_the_remedy(run: Run, site: PublishedSiteMaker) -> None:
    refused = run("publish", "--site", str(site.write()), expect=1)
    assert "--baseline" in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert announced(run) == []


def test_a_held_announcement_goes_out_when_released(
    run: Run, site: PublishedSiteMaker, tmp_path: Path
) -> None:
    run("publish", "--site", str(site.write()), "--announce-since", "2026-02-01", "--hold")
    assert not (tmp_path / "mails").exists()
    assert announced(run)[0]["state"] == "held"

    run("release", "2")
    run("deliver")
    assert announced(run)[0]["complete"] is True
    assert announced(run)[0]["accepted"] == 3


def test_what_waits_behind_a_held_announcement_is_named_and_no_failure(
    run: Run, site: PublishedSiteMaker
) -> None:
    run("publish", "--site", str(site.write()), "--announce-since", "2026-02-01", "--hold")
    site.commit()
    site.publish("privacy", summary="We keep nothing.")
    said = run("publish", "--site", str(site.write())).stdout
    assert (
        "announcement 3 waits for announcement 2, which is held: policy-notify release 2, or cancel 2" in said
    )

    run("cancel", "2")
    assert "announcement 2" not in run("deliver").stdout


def test_nothing_is_sent_without_a_legal_name(run: Run, site: PublishedSiteMaker) -> None:
    refused = run("publish", "--site", str(site.write()), "--baseline", expect=1, POLICY_NOTIFY_LEGAL_NAME="")
    assert "POLICY_NOTIFY_LEGAL_NAME" in refused.stderr
    assert announced(run) == []


def test_a_site_that_serves_other_bytes_is_refused_and_nothing_recorded(
    run: Run, site: PublishedSiteMaker, tmp_path: Path
) -> None:
    folder = site.write()
    (folder / "privacy" / "versions" / "2026-02-09" / "index.html").write_text("tampered")
    refused = run("publish", "--site", str(folder), "--announce-since", "2026-02-01", expect=1)
    assert "has other bytes" in refused.stderr
    assert announced(run) == []


def test_a_provider_that_is_not_there_loses_nothing(
    run: Run, site: PublishedSiteMaker, tmp_path: Path
) -> None:
    (tmp_path / "mails").write_text("a file where the folder should be")
    refused = run("publish", "--site", str(site.write()), "--announce-since", "2026-02-01", expect=1)
    assert "cannot be written" in refused.stderr
    assert announced(run)[0]["waiting"] == 3

    (tmp_path / "mails").unlink()
    run("deliver")
    assert announced(run)[0]["accepted"] == 3


def test_an_absent_database_is_one_clear_line(run: Run, tmp_path: Path) -> None:
    missing = f"sqlite:///{tmp_path / 'none.sqlite'}"
    refused = run("status", expect=1, POLICY_NOTIFY_DATABASE_URL=missing)
    assert "policy-notify migrate" in refused.stderr
    assert refused.stderr.count("\n") == 1


def test_a_stopped_delivery_finishes_its_batch_and_can_be_resumed(
    run: Run, site: PublishedSiteMaker, tmp_path: Path
) -> None:
    run("publish", "--site", str(site.write()), "--announce-since", "2026-02-01", "--hold")
    run("release", "2")
    with SmtpDouble() as server:
        smtp = {"POLICY_NOTIFY_TRANSPORT": "smtp", "POLICY_NOTIFY_SMTP_URL": server.url}
        program = [str(Path(sys.executable).with_name("policy-notify")), "deliver"]
        environment = environment_of(tmp_path) | smtp | {"PATH": "/usr/bin:/bin"}
        sender = subprocess.Popen(program, env=environment, stderr=subprocess.PIPE)

        def stop_at_the_first(_: object) -> Behaviour:
            sender.terminate()
            time.sleep(0.3)
            return Behaviour.ACCEPT

        server.behave = stop_at_the_first
        _, errors = sender.communicate(timeout=60)
        assert sender.returncode == 1
        assert b"2 wait: run policy-notify deliver again" in errors
        assert (announced(run)[0]["accepted"], announced(run)[0]["unknown"]) == (1, 0)

        server.behave = lambda _: Behaviour.ACCEPT
        run("deliver", **smtp)
        assert set(server.mails.values()) == {1}
        assert announced(run)[0]["complete"] is True


def test_workers_are_refused_on_sqlite(run: Run) -> None:
    assert "needs a PostgreSQL" in run("worker", expect=1).stderr


@pytest.mark.parametrize(
    "command", ["migrate", "publish", "release", "pause", "cancel", "deliver", "worker", "resolve", "status"]
)
def test_each_command_shows_an_example(run: Run, command: str) -> None:
    assert "Example:" in run(command, "--help").stdout


def test_wrong_usage_exits_2(run: Run) -> None:
    run("publish", expect=2)
    run("publish", "--site", "x", "--baseline", "--announce-since", "2026-01-01", expect=2)
    run("publish", "--site", "x", "--announce-since", "yesterday", expect=2)
    run("publish", "--site", "x", "--announce-since", "2026-01-01T09:30", expect=2)


def test_only_the_history_that_was_built_is_announced(run: Run, site: PublishedSiteMaker) -> None:
    folder = str(site.write())
    built = hashlib.sha256(Path(folder, "history.json").read_bytes()).hexdigest()
    begin = ("publish", "--site", folder, "--announce-since", "2026-02-01", "--history-sha256")
    refused = run(*begin, "0" * 64, expect=1)
    assert "not that of the build" in refused.stderr
    assert announced(run) == []
    assert "3 accepted" in run(*begin, built.upper()).stdout


def test_with_a_site_key_only_a_signed_history_is_announced(run: Run, site: PublishedSiteMaker) -> None:
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    folder = site.write()
    begin = ("publish", "--site", str(folder), "--announce-since", "2026-02-01")
    assert "is not there" in run(*begin, expect=1, POLICY_NOTIFY_SITE_KEY=public).stderr
    (folder / "history.json.sig").write_text(base64.b64encode(b"x" * 64).decode())
    assert "is no signature" in run(*begin, expect=1, POLICY_NOTIFY_SITE_KEY=public).stderr
    _sign(folder, key)
    refused = run(*begin, expect=1, POLICY_NOTIFY_SITE_KEY="no key").stderr
    assert "POLICY_NOTIFY_SITE_KEY: is no public Ed25519 key" in refused
    line = public.splitlines()[1]
    assert "3 accepted" in run(*begin, POLICY_NOTIFY_SITE_KEY=line).stdout


def test_a_signature_vouches_for_a_new_renderer(run: Run, site: PublishedSiteMaker) -> None:
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    folder = site.write()
    run("publish", "--site", str(folder), "--announce-since", "2026-02-01")
    for version in site.documents["privacy"]["versions"]:
        version["content_sha256"] = version["content_sha256"][::-1]
    _sign(site.write(), key)
    assert "--accept-renderer" in run("publish", "--site", str(folder), expect=1).stderr
    said = run("publish", "--site", str(folder), POLICY_NOTIFY_SITE_KEY=public).stdout
    assert said == "nothing new to announce\n"


def test_more_announcements_in_a_day_than_allowed_wait_for_a_person(
    run: Run, site: PublishedSiteMaker
) -> None:
    run("publish", "--site", str(site.write()), "--announce-since", "2026-02-01")
    site.commit()
    site.publish("privacy", summary="We keep nothing.")
    folder = str(site.write())
    refused = run("publish", "--site", folder, expect=1, POLICY_NOTIFY_DAILY_ANNOUNCEMENTS="1").stderr
    assert "announcement 3 is held" in refused
    assert "policy-notify release 3" in refused
    run("release", "3")
    run("deliver")
    assert announced(run)[0]["accepted"] == 3


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LINK_HOSTS", "https://shop.example/"),
        ("LINK_HOSTS", "shop.example -"),
        ("PUBLIC_URL", "notify.example"),
        ("DAILY_ANNOUNCEMENTS", "0"),
    ],
)
def test_a_setting_about_trust_that_cannot_be_meant_is_refused(
    run: Run, site: PublishedSiteMaker, name: str, value: str
) -> None:
    variable = f"POLICY_NOTIFY_{name}"
    refused = run("publish", "--site", str(site.write()), "--baseline", expect=1, **{variable: value})
    assert variable in refused.stderr


def _sign(folder: Path, key: Ed25519PrivateKey) -> None:
    signature = base64.b64encode(key.sign((folder / "history.json").read_bytes())).decode()
    (folder / "history.json.sig").write_text(f"{signature}\n")

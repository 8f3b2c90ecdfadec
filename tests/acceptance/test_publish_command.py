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
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from support.published_site import PublishedSiteMaker
from support.sendgrid_server import API_KEY, Behaviour, SendGridServer
from support.smtp_server import SmtpServer

from subscribers.cli import main


@dataclass(frozen=True)
class Done:
    """The output of a command."""

    stdout: str
    stderr: str


Run = Callable[..., Done]


def environment_of(folder: Path) -> dict[str, str]:
    """Settings of an operator who writes messages to a folder."""
    return {
        "POLICY_NOTIFY_DATABASE_URL": f"sqlite:///{folder / 'notify.sqlite'}",
        "XDG_STATE_HOME": str(folder / "state"),
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


def test_every_user_is_notified_of_a_change_once(run: Run, site: PublishedSiteMaker, tmp_path: Path) -> None:
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
    assert "differs from what history.json says" in refused.stderr
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
    with SmtpServer() as server:
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
        assert set(server.received.values()) == {1}
        assert announced(run)[0]["complete"] is True


def import_many(run: Run, folder: Path, count: int) -> None:
    """Import p1@example.com and so on, beside the three who are there."""
    users = folder / "many.csv"
    rows = "".join(f"m{number},p{number}@example.com,en\n" for number in range(1, count + 1))
    users.write_text(f"external_id,email,language\n{rows}")
    run("import", str(users))


def test_a_quota_that_is_used_up_in_the_middle_costs_nobody_the_message(
    run: Run, site: PublishedSiteMaker, tmp_path: Path
) -> None:
    import_many(run, tmp_path, 57)
    with SmtpServer() as server:
        smtp = {"POLICY_NOTIFY_TRANSPORT": "smtp", "POLICY_NOTIFY_SMTP_URL": server.url}
        quota = "550 5.4.5 Daily user sending quota exceeded"
        server.say = lambda stage, _: (
            quota if stage == "DATA" and sum(server.received.values()) >= 41 else None
        )
        refused = run(
            "publish", "--site", str(site.write()), "--announce-since", "2026-02-01", expect=1, **smtp
        )
        assert "announcement 2 has paused itself: the last 5 recipients were refused" in refused.stderr
        assert quota in refused.stderr
        [status] = [each for each in announced(run) if each["id"] == 2]
        assert (status["accepted"], status["rejected"], status["waiting"]) == (41, 0, 19)

        server.say = lambda *_: None
        run("deliver", expect=1, **smtp)  # it waits for a person
        run("release", "2")
        run("deliver", **smtp)
        run("deliver", **smtp)
        assert (len(server.received), set(server.received.values())) == (60, {1})


def test_one_refusal_is_listed_with_its_reason_and_retried_at_will(
    run: Run, site: PublishedSiteMaker, tmp_path: Path
) -> None:
    refusals = {
        "anna@example.com": "554 5.7.1 <anna@example.com>: Access denied",
        "chen@example.com": "550 5.1.1 <chen@example.com>: User unknown",
        "p1@example.com": "452 4.2.2 over quota",
    }
    import_many(run, tmp_path, 9)
    with SmtpServer() as server:
        smtp = {"POLICY_NOTIFY_TRANSPORT": "smtp", "POLICY_NOTIFY_SMTP_URL": server.url}
        server.say = lambda stage, address: refusals.get(address) if stage == "RCPT" else None
        refused = run(
            "publish", "--site", str(site.write()), "--announce-since", "2026-02-01", expect=1, **smtp
        )
        assert "1 recipient was refused, perhaps not for the email address, and set aside" in refused.stderr
        said = run("status").stdout
        for words in (
            "+ 1 rejected + 0 unknown + 2 waiting",
            "  rejected: 1 × 5.1.1 unknown mailbox\n",
            "1 × 5.7.1 not authorized; at once: policy-notify retry 2\n",
            "1 × 4.2.2 mailbox full\n",
        ):
            assert words in said
        assert "anna@" not in said
        [status] = [each for each in announced(run) if each["id"] == 2]
        assert status["set_aside"] == {"5.7.1 not authorized": 1}
        assert status["put_off"] == {"4.2.2 mailbox full": 1}
        assert status["rejected_because"] == {"5.1.1 unknown mailbox": 1}
        assert "2 recipients will be tried again" in run("deliver", **smtp).stdout
        assert run("unreachable").stdout.split()[0] == "3"

        server.say = lambda *_: None
        assert "2 recipients wait again" in run("retry", "2").stdout
        assert "there is no recipient to try again" in run("retry", "2").stdout
        run("deliver", **smtp)
        assert "1 recipient waits again" in run("retry", "2", "--reason", "5.1.1").stdout
        run("deliver", **smtp)
        assert (len(server.received), set(server.received.values())) == (12, {1})


def test_letters_before_the_at_sign_are_sent_where_the_server_takes_them(
    run: Run, site: PublishedSiteMaker, tmp_path: Path
) -> None:
    users = tmp_path / "letters.csv"
    users.write_text("external_id,email\n8,ünï@example.com\n9,кириллица@почта.рф\n")
    run("import", str(users))
    with SmtpServer(international=True) as server:
        smtp = {"POLICY_NOTIFY_TRANSPORT": "smtp", "POLICY_NOTIFY_SMTP_URL": server.url}
        said = run("publish", "--site", str(site.write()), "--announce-since", "2026-02-01", **smtp).stdout
        assert "audience 5 = 5 accepted" in said
        assert (len(server.received), set(server.received.values())) == (5, {1})


@pytest.mark.parametrize("transport", ["smtp", "sendgrid"])
def test_an_address_that_cannot_be_carried_is_excluded_and_named(
    run: Run, site: PublishedSiteMaker, tmp_path: Path, transport: str
) -> None:
    users = tmp_path / "letters.csv"
    users.write_text("external_id,email\n8,ünï@example.com\n9,кириллица@почта.рф\n7,info@почта.рф\n")
    run("import", str(users))
    with SmtpServer() as server, SendGridServer() as provider:
        settings = {
            "POLICY_NOTIFY_TRANSPORT": transport,
            "POLICY_NOTIFY_SMTP_URL": server.url,
            "POLICY_NOTIFY_SENDGRID_API_KEY": API_KEY,
            "POLICY_NOTIFY_SENDGRID_HOST": provider.url,
        }
        said = run("publish", "--site", str(site.write()), "--announce-since", "2026-02-01", **settings)
        assert "4 accepted + 2 excluded (2 unsupported address)" in said.stdout
        mails = server.received + provider.received
        assert (len(mails), set(mails.values())) == (4, {1})
        assert [line.split()[0] for line in run("unreachable").stdout.splitlines()] == ["8", "9"]
        assert "unsupported address" in run("unreachable").stdout
    site.commit()
    site.publish("privacy", summary="We keep nothing.")
    everybody = run("publish", "--site", str(site.write())).stdout  # a folder takes any letters
    assert "audience 6 = 6 accepted" in everybody
    assert "We keep less." in read_mail(tmp_path / "mails" / "3-4.eml")  # what they missed before
    assert "ünï@example.com" in (tmp_path / "mails" / "3-4.eml").read_text(encoding="utf-8")


def read_mail(file: Path) -> str:
    body = message_from_bytes(file.read_bytes(), policy=policy.default).get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def test_workers_are_refused_on_sqlite(run: Run) -> None:
    assert "workers need PostgreSQL" in run("worker", expect=1).stderr


@pytest.mark.parametrize(
    "command",
    ["migrate", "publish", "release", "pause", "cancel", "deliver", "worker", "resolve", "retry", "status"],
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
    assert "but the build made 000" in refused.stderr
    assert announced(run) == []
    assert "3 accepted" in run(*begin, built.upper()).stdout


def test_with_a_site_key_only_a_signed_history_is_announced(run: Run, site: PublishedSiteMaker) -> None:
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    folder = site.write()
    begin = ("publish", "--site", str(folder), "--announce-since", "2026-02-01")
    assert "the signature is missing" in run(*begin, expect=1, POLICY_NOTIFY_SITE_KEY=public).stderr
    (folder / "history.json.sig").write_text(base64.b64encode(b"x" * 64).decode())
    assert "does not fit history.json" in run(*begin, expect=1, POLICY_NOTIFY_SITE_KEY=public).stderr
    _sign(folder, key)
    refused = run(*begin, expect=1, POLICY_NOTIFY_SITE_KEY="no key").stderr
    assert "POLICY_NOTIFY_SITE_KEY: not a public Ed25519 key" in refused
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


def test_more_announcements_in_a_day_than_allowed_wait_for_the_operator(
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


def test_messages_that_were_only_written_to_a_folder_are_not_called_sent(
    run: Run, site: PublishedSiteMaker, tmp_path: Path
) -> None:
    done = run("publish", "--site", str(site.write()), "--announce-since", "2026-02-01")
    assert f"no email was sent: 3 messages were written to {tmp_path / 'mails'}/" in done.stderr
    assert "POLICY_NOTIFY_TRANSPORT" in done.stderr
    assert "3 accepted (3 only written to files, not sent)" in done.stdout
    assert "3 accepted (3 only written to files, not sent)" in run("status").stdout
    assert announced(run)[0]["only_written"] == 3
    assert run("publish", "--site", str(site.folder)).stderr == ""

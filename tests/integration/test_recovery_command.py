"""``policy-notify recover`` as the how-to page describes it, and each of its refusals."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from sqlalchemy import select
from support.database_copies import copy_of
from support.mail_log import MailLog
from support.published_site import PublishedSiteMaker
from support.sendgrid_server import EventSource
from support.smtp_server import SmtpServer

from subscribers import cli
from subscribers.database import open_database, reading
from subscribers.delivery_id import DeliveryId, message_id, publication_of
from subscribers.model import announcements, users

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "recover-from-an-old-copy.md"
BLOCK = re.compile(r"^```(sh|console)\n(.*?)^```", re.DOTALL | re.MULTILINE)
USERS = "external_id,email,language,registered_at\n" + "".join(
    f"{name},{name}@example.com,en,2026-01-01\n" for name in ("anna", "boris", "chen")
)


class Answer(NamedTuple):
    """The output of a command and its exit code."""

    code: int
    out: str
    err: str


class Place(NamedTuple):
    """Everything that an operator has: the settings are in the environment."""

    folder: Path
    site: PublishedSiteMaker
    log: MailLog
    run: Callable[..., Answer]


@pytest.fixture
def place(
    empty_sqlite: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Place]:
    """An announcement went to three users by SMTP; the log knows of two. Then a copy was restored."""

    def run(*arguments: str) -> Answer:
        with monkeypatch.context() as patch:
            patch.setattr(sys, "argv", ["policy-notify", *arguments])
            with pytest.raises(SystemExit) as end:
                cli.main()
        return Answer(int(end.value.code or 0), *capsys.readouterr())

    monkeypatch.chdir(tmp_path)
    shutil.copy(empty_sqlite, "notify.db")
    Path("users.csv").write_text(USERS)
    site = PublishedSiteMaker(tmp_path / "site")
    site.publish("privacy", summary="The first text.")
    with SmtpServer() as server:
        settings = {
            "DATABASE_URL": "sqlite:///notify.db",
            "TRANSPORT": "smtp",
            "SMTP_URL": server.url,
            "MAIL_FOLDER": "mails",
            "FROM": "Example Market <policy@market.example>",
            "LEGAL_NAME": "Example Market LLC",
            "CONTACT": "privacy@market.example",
        }
        for name, value in settings.items():
            monkeypatch.setenv(f"POLICY_NOTIFY_{name}", value)
        assert run("import", "users.csv").code == 0
        assert run("publish", "--site", str(site.write()), "--baseline").code == 0
        copy = copy_of(open_database("sqlite:///notify.db"))
        site.commit()
        site.publish("privacy", summary="We keep less.")
        assert run("publish", "--site", str(site.write())).code == 0
        log = MailLog(tmp_path / "mail.log", lambda: datetime.now(UTC))
        with reading(open_database("sqlite:///notify.db")) as connection:
            digests = connection.scalars(select(announcements.c.versions_sha256)).all()
        publication = publication_of(digests[-1])
        for number, name in enumerate(("anna", "boris"), 1):
            named = message_id(DeliveryId(2, number), publication=publication, domain="market.example")
            log.accepted(named, sender="policy@market.example", recipient=f"{name}@example.com")
        copy.restore()
        yield Place(tmp_path, site, log, run)


def commands() -> Iterator[tuple[str, list[str]]]:
    """The commands of the page in its order, each with the output that it shows."""
    for kind, block in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        if kind == "sh":
            yield from ((line, []) for line in block.splitlines())
        else:
            command, *shown = block.splitlines()
            yield command.removeprefix("$ "), shown


def test_the_page_does_what_it_says(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    executed = 0
    for line, shown in commands():
        if "--newest" in line:
            lose_mark(place)
        for command in line.split(" && "):
            words = shlex.split(command)
            if words[0] == "env":
                name, _, value = words[1].partition("=")
                monkeypatch.setenv(name, value)
                words = words[2:]
            ours = {"https://policies.example/": str(place.site.folder), "/var/log/mail.log": "mail.log"}
            answer = place.run(*(ours.get(word, word) for word in words[1:]))
            assert answer.code == (1 if "policy-notify: " in "".join(shown) else 0), answer
            said = [*answer.out.splitlines(), *answer.err.splitlines()]
            for expected, actual in zip(shown, said, strict=bool(shown)) if shown else ():
                assert re.fullmatch(re.escape(expected).replace("…", ".*"), actual), (expected, actual)
            executed += 1
    assert executed == 8
    assert "audience 3 = 3 accepted" in place.run("status").out


def lose_mark(place: Place) -> None:
    for file in (place.folder / "state").rglob("*.sqlite*"):
        file.unlink()


def recover(place: Place, *options: str) -> Answer:
    return place.run("recover", "--site", str(place.site.folder), *options)


def refused(answer: Answer) -> str:
    """The one line of a refusal."""
    assert answer.code == 1
    assert answer.err.count("\n") == 1
    return answer.err


def test_without_the_site_it_says_why_it_needs_it(place: Place) -> None:
    assert "--site" in refused(place.run("recover"))


def test_status_and_deliver_name_the_unknown_and_the_ways_on(place: Place) -> None:
    assert recover(place).code == 0
    line = "announcement 2: 3 recipients unconfirmed: this database is an older copy"
    assert line in place.run("status").out
    assert "policy-notify resolve --announcement 2 --sent or --unsent" in place.run("status").out
    assert line in refused(place.run("deliver"))
    assert place.run("publish", "--site", str(place.site.folder)).out.startswith("nothing new to announce")


def test_a_second_run_without_more_evidence_changes_nothing(place: Place) -> None:
    recover(place)
    again = place.run("recover")
    assert again.code == 0
    assert again.out.splitlines() == [
        "this database is the newest one, as far as its high-water mark knows",
        "announcement 2: 3 recipients are unknown; nothing is sent to them until you run this with more "
        "evidence, or policy-notify resolve --announcement 2 --sent or --unsent",
    ]


def test_evidence_that_cannot_be_read_is_named(place: Place) -> None:
    source = EventSource()
    post = source.post(
        [source.event("delivered", token="0" * 32, delivery="2-1", address="anna@example.com")]
    )
    forged = {"body": "[]", "signature": post.signature, "timestamp": post.timestamp}
    (place.folder / "posts").write_text(json.dumps(forged))
    (place.folder / "no-posts").write_text("2026-06-01 delivered\n")
    assert "SENDGRID_EVENT_PUBLIC_KEY" in refused(recover(place, "--events", "posts"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("POLICY_NOTIFY_SENDGRID_EVENT_PUBLIC_KEY", source.public_key)
        assert "posts:1: is not signed" in refused(recover(place, "--events", "posts"))
        assert "no-posts:1: is not a post" in refused(recover(place, "--events", "no-posts"))
        assert "none: cannot be read (No such file" in refused(recover(place, "--events", "none"))
    assert "none: is not a folder" in refused(recover(place, "--messages", "none"))
    assert "none: " in refused(recover(place, "--smtp-log", "none"))
    assert "POLICY_NOTIFY_PROOF_KEY" in refused(recover(place, "--proof", "none"))
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("POLICY_NOTIFY_PROOF_KEY", pem)
        assert "head.json: is missing" in refused(recover(place, "--proof", "none"))
    assert "old copy" in refused(place.run("deliver"))  # none of these has recorded anything


def test_a_list_that_cannot_be_written_is_named(place: Place) -> None:
    assert "none/list.csv: cannot be written" in refused(recover(place, "--list", "none/list.csv"))


def test_newest_is_refused_while_the_mark_says_otherwise(place: Place) -> None:
    assert "it is an old copy" in refused(place.run("recover", "--newest"))
    recover(place)
    assert "fits this database" in refused(place.run("recover", "--newest"))


def test_requests_since_the_copy_come_back_from_the_journal(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POLICY_NOTIFY_SECRET_KEYS", "k" * 32)
    engine = open_database("sqlite:///notify.db")
    copy = copy_of(engine)
    assert place.run("person", "object", "anna").code == 0
    assert place.run("person", "erase", "boris").code == 0
    copy.restore()
    assert "applied from the journal: 1 objection, 1 erasure" in recover(place, "--dry-run").out
    answer = recover(place)
    assert "applied from the journal: 1 objection, 1 erasure" in answer.out
    assert "announcement 2: 1 recipient is unknown" in answer.out
    place.run("resolve", "--announcement", "2", "--unsent")
    assert "audience 2 = 1 accepted + 1 excluded (1 objected)" in place.run("deliver").out
    with reading(engine) as connection:
        assert "boris@example.com" not in connection.scalars(select(users.c.email)).all()


def test_a_copy_needs_no_settings_for_sending_and_takes_no_other_option(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert place.run("recover", "--as-copy", "--dry-run").code == 2
    assert place.run("recover", "--as-copy", "--newest").code == 2
    monkeypatch.delenv("POLICY_NOTIFY_FROM")
    assert place.run("recover", "--as-copy").code == 0
    assert "set POLICY_NOTIFY_FROM" in refused(recover(place))


def test_either_a_batch_or_an_announcement_is_resolved(place: Place) -> None:
    assert place.run("resolve", "--sent").code == 2
    assert place.run("resolve", "1", "--announcement", "2", "--sent").code == 2
    assert "announcement 2: nobody is unknown" in refused(
        place.run("resolve", "--announcement", "2", "--sent")
    )


def test_a_copy_from_before_the_first_publish_needs_its_first_day(place: Place, empty_sqlite: Path) -> None:
    for file in place.folder.glob("notify.db*"):
        file.unlink()
    shutil.copy(empty_sqlite, "notify.db")  # all databases of these tests have one identity
    assert place.run("import", "users.csv").code == 0
    assert "--announce-since DATE" in refused(recover(place))
    assert recover(place, "--announce-since", "yesterday").code == 2
    recovered = recover(place, "--announce-since", "2026-02-01")
    assert "announcement 2: 3 recipients are unknown" in recovered.out
    assert place.run("publish", "--site", str(place.site.folder)).out.startswith("nothing new to announce")

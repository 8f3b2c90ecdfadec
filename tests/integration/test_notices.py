"""The signed list of emails: what it says, that it loses nothing, and whom it unmasks as an old copy."""

from __future__ import annotations

import json
import smtplib
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text
from support.name_server import NameServer
from support.noticed_world import ALTERED, GENUINE, NoticedWorld
from support.postfix_server import PostfixServer
from support.proven_world import NAMES, ProvenWorld
from support.published_site import PublishedSiteMaker, sha256
from support.verify_campaign import run
from support.world import SENDER, World

from subscribers.announcing import announcements
from subscribers.database import migrate, open_database, writing
from subscribers.high_water_mark import installation
from subscribers.high_water_mark.chain import Position
from subscribers.notices.canonical_form import digest
from subscribers.notices.check_email import Verdict, check_email
from subscribers.notices.dkim_keys import DnsFailureError, seen_keys, txt_records
from subscribers.notices.dkim_signature import Fit
from subscribers.notices.list_emails import list_emails
from subscribers.notices.notices_file import ForeignNoticesError, newest_list, write
from subscribers.notices.old_database import OldDatabaseListedError
from subscribers.notices.received_email import NotAnEmailError, read_email
from subscribers.notices.remembered_lists import DistrustedListError, accept
from subscribers.site.notices_json import NoticedProof, UnreadableNoticesError, parse_notices, sign_notices
from subscribers.transports import UnconfirmedError


@pytest.fixture
def noticed(world: World, tmp_path: Path) -> NoticedWorld:
    """Two announcements have gone out, in two languages."""
    return NoticedWorld(world, tmp_path)


@pytest.fixture
def alone(tmp_path: Path) -> NoticedWorld:
    """The same on SQLite alone."""
    return _noticed(tmp_path)


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> NoticedWorld:
    """The same world, made once on SQLite for tests that change nothing in it."""
    return _noticed(tmp_path_factory.mktemp("once"))


def _noticed(folder: Path) -> NoticedWorld:
    engine = open_database(f"sqlite:///{folder}/notify.sqlite")
    migrate(engine)
    return NoticedWorld(World(engine, PublishedSiteMaker(folder / "site")), folder)


def test_the_list_says_what_was_sent_by_whom_and_when_it_was_complete(noticed: NoticedWorld) -> None:
    notices = noticed.listed()
    newest, first = notices.announcements
    assert (newest.announcement, newest.state, first.state) == (3, "complete", "complete")
    assert {(one.language, one.title) for one in newest.documents} == {
        ("en", "Privacy"),
        ("ru", "Privacy.ru"),
    }
    history = json.loads((noticed.world.site.folder / "history.json").read_bytes())
    assert {(one.id, one.label, one.source_blob) for one in newest.documents} == {
        (document["id"], document["versions"][-1]["label"], document["versions"][-1]["source_blob"])
        for document in history["documents"]
    }
    sent = {
        (outgoing.message.subject, digest(outgoing.message.text), digest(outgoing.message.html))
        for outgoing in noticed.world.transport.taken
    }
    listed = {
        (m.subject, m.text_sha256, m.html_sha256) for one in notices.announcements for m in one.messages
    }
    assert listed == sent
    assert newest.complete_at is not None
    assert newest.sent_until_at is not None
    assert newest.made_at <= newest.sent_until_at <= newest.complete_at
    assert (newest.totals.audience, newest.totals.accepted, newest.totals.waiting) == (5, 5, 0)
    assert newest.sender.address == "policy@market.example"


def test_the_list_names_no_recipient_and_the_newest_proof(world: World, tmp_path: Path) -> None:
    proven = ProvenWorld(world, tmp_path)
    bundle = proven.export("bundle")
    notices = list_emails(
        world.engine,
        sender=SENDER,
        earlier=None,
        where="",
        dkim_keys=(),
        with_held=False,
        now=world.now,
    )
    raw = sign_notices(notices, proven.key)
    for name in NAMES:
        assert name.encode() not in raw
    assert notices.newest_proof is not None
    assert notices.newest_proof.head_sha256 == sha256((bundle / "head.json").read_bytes())


def test_the_same_state_gives_the_same_list_and_a_change_a_higher_sequence(noticed: NoticedWorld) -> None:
    first = noticed.listed()
    noticed.world.wait(seconds=1)
    assert noticed.listed(first) is first
    noticed.world.site.commit()
    noticed.world.announce("We keep it all.")
    noticed.world.deliver()
    second = noticed.listed(first)
    assert second.sequence > first.sequence
    assert second.announcements[1:] == first.announcements


def test_the_sequence_rises_even_if_the_clock_was_set_back(alone: NoticedWorld) -> None:
    first = alone.listed()
    alone.world.announce("We keep it all.")
    alone.world.now -= timedelta(days=300)
    assert alone.listed(first).sequence == first.sequence + 1


def test_a_held_announcement_is_listed_only_on_request_and_then_stays(alone: NoticedWorld) -> None:
    first = alone.listed()
    alone.world.announce("We keep it all.", hold=True)
    assert len(alone.listed(first).announcements) == 2
    planned = alone.listed(first, with_held=True)
    assert [one.state for one in planned.announcements] == ["held", "complete", "complete"]
    announcements.cancel(alone.world.engine, 4)
    assert alone.listed(planned).announcements[0].state == "cancelled"


def test_an_announcement_with_an_unknown_recipient_is_not_complete(noticed: NoticedWorld) -> None:
    noticed.world.announce("We keep it all.")
    noticed.world.transport.answers = [UnconfirmedError("no answer")]
    noticed.world.deliver()
    newest = noticed.listed().announcements[0]
    assert (newest.state, newest.complete_at) == ("sending", None)
    assert newest.totals.unknown > 0


def test_a_message_that_was_listed_once_stays_genuine(alone: NoticedWorld) -> None:
    first = alone.listed()
    with writing(alone.world.engine) as connection:
        connection.execute(text("UPDATE contents SET subject = 'Other' WHERE announcement_id = 3"))
    raw = bytes(alone.emails()[-1])
    assert alone.check(raw, alone.listed(first)).verdict is Verdict.GENUINE
    assert alone.check(raw, alone.listed()).verdict is Verdict.NOT_GENUINE


def test_a_list_shows_that_the_database_is_an_older_copy(once: NoticedWorld) -> None:
    notices = once.listed()
    [newest, *others] = notices.announcements
    unknown = replace(newest, publication="0" * 64)
    assert notices.ledger is not None
    for later in (
        replace(notices, announcements=(unknown, newest, *others)),
        replace(notices, ledger=replace(notices.ledger, number=notices.ledger.number + 1, head="0" * 64)),
    ):
        with pytest.raises(OldDatabaseListedError, match=r"notices.json: lists .* older copy"):
            once.listed(later)


def test_a_recovered_database_continues_the_list_of_the_lost_one(noticed: NoticedWorld) -> None:
    notices = noticed.listed()
    assert notices.ledger is not None
    lost = replace(notices.ledger, number=notices.ledger.number + 2, head="1" * 64)
    proof = NoticedProof(announcement=3, head_sha256="2" * 64)
    later = replace(notices, ledger=lost, newest_proof=proof)
    with pytest.raises(OldDatabaseListedError):
        noticed.listed(later)
    with writing(noticed.world.engine) as connection:
        installation.take_over(connection, Position(lost.number + 3, "3" * 64))
        made = text("UPDATE announcements SET made_at = :now WHERE id = 3")  # as if rebuilt today
        connection.execute(made, {"now": noticed.world.now.isoformat(sep=" ")})
    continued = noticed.listed(later)
    assert continued.announcements == later.announcements
    assert noticed.check(bytes(noticed.emails()[-1]), continued).verdict is Verdict.GENUINE


def test_a_changed_or_foreign_list_is_refused(once: NoticedWorld, tmp_path: Path) -> None:
    raw = sign_notices(once.listed(), once.key)
    file, own = tmp_path / "notices.json", once.key.public_key()
    write(file, raw)
    assert newest_list(file, None, key=own)[0] is not None
    for changed in (
        raw.replace(b'"accepted": 5', b'"accepted": 6'),
        sign_notices(once.listed(), Ed25519PrivateKey.generate()),
    ):
        write(file, changed)
        with pytest.raises(ForeignNoticesError, match="not signed with POLICY_NOTIFY_PROOF_KEY"):
            newest_list(file, None, key=own)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "is not a signed list"),
        (b"[]", "is not a signed list"),
        (b"\xff", "is not a signed list"),
        (b'{"notices": {"format": 1.5}}', "is not a signed list"),
        (b'{"notices": {"format": 1, "x": "\\ud800"}}', "is not a signed list"),
        (b"[" * 100_000, "is not a signed list"),
        (b'{"notices": {"format": 2}}', "reads only format 1"),
        (b'{"notices": {"format": 1}}', "site_url: "),
    ],
)
def test_a_file_that_is_no_list_is_refused_with_what_is_wrong(content: bytes, what: str) -> None:
    with pytest.raises(UnreadableNoticesError, match=rf"notices.json: .*{what}"):
        parse_notices(content, where="notices.json")


def test_keys_of_dkim_are_kept_when_the_dns_has_others(once: NoticedWorld) -> None:
    first, later = once.world.now.date(), once.world.now.date() + timedelta(days=90)
    records = {"s1._domainkey.market.example": ["v=DKIM1; p=one"], "s2._domainkey.market.example": ["other"]}
    keys = seen_keys(records, [], lookup=records.__getitem__, today=first)
    records["s1._domainkey.market.example"] = ["v=DKIM1; p=two"]
    keys = seen_keys(records, keys, lookup=records.__getitem__, today=later)
    assert [(key.selector, key.record, key.first_seen_on, key.last_seen_on) for key in keys] == [
        ("s1", "v=DKIM1; p=one", first, first),
        ("s1", "v=DKIM1; p=two", later, later),
    ]


def test_keys_of_dkim_come_from_the_dns(tmp_path: Path) -> None:
    with NameServer() as server:
        long = f"v=DKIM1; p={'A' * 392}"
        server.publish("s1._domainkey.em.example", "TXT", long)
        server.publish("s1._domainkey.market.example", "CNAME", "s1._domainkey.em.example.")
        server.publish("s2._domainkey.market.example", "TXT", "v=DKIM1; p=")  # revoked
        server.broken.add("s3._domainkey.market.example")
        lookup = partial(txt_records, resolver=server.resolver())
        names = [f"s{number}._domainkey.market.example" for number in (1, 2, 4)]
        [key] = seen_keys(names, [], lookup=lookup, today=date(2026, 6, 1))
        assert (key.domain, key.selector, key.record) == ("market.example", "s1", long)
        with pytest.raises(DnsFailureError, match=r"s3\._domainkey\.market\.example TXT: .* --no-dns"):
            lookup("s3._domainkey.market.example")


def test_an_older_list_and_another_key_are_refused_by_those_who_saw_a_newer_one(
    once: NoticedWorld, tmp_path: Path
) -> None:
    old = once.listed()
    new = replace(old, sequence=old.sequence + 1)

    def show(notices: object, key: Ed25519PrivateKey, *, any_key: bool = False) -> None:
        signed = parse_notices(sign_notices(notices, key), where="the site")  # type: ignore[arg-type]
        accept(signed, where="the site", folder=tmp_path / "lists", any_key=any_key)

    show(old, once.key)
    show(new, once.key)
    show(new, once.key)
    with pytest.raises(DistrustedListError, match="is an older list"):
        show(old, once.key)
    other = Ed25519PrivateKey.generate()
    with pytest.raises(DistrustedListError, match="signed with another key than before"):
        show(new, other)
    with pytest.raises(DistrustedListError, match="is an older list"):
        show(old, other, any_key=True)
    show(new, other, any_key=True)
    with pytest.raises(DistrustedListError, match="signed with another key than before"):
        show(new, once.key)
    [file] = (tmp_path / "lists").iterdir()
    file.write_text("{")
    with pytest.raises(DistrustedListError, match="delete the file"):
        show(new, other)


def test_genuine_and_altered_emails_are_told_apart(once: NoticedWorld) -> None:
    tally = run(once, messages=len(GENUINE) * len(ALTERED) // 3, seed=7)
    assert tally.wrong == []
    assert tally.fitting_signatures > 10


def test_an_email_that_a_real_server_has_delivered_is_genuine_and_its_signature_fits(
    once: NoticedWorld, postfix: PostfixServer
) -> None:
    server = urlsplit(postfix.url)
    sent = once.signed(bytes(once.emails()[0]))
    with smtplib.SMTP(str(server.hostname), server.port or 25) as client:
        client.sendmail("policy@market.example", ["anna@inbox.example"], sent)
    postfix.wait_for_messages("anna")
    [file] = (postfix.maildir("anna") / "new").iterdir()
    checked = check_email(read_email(file), once.listed())
    assert file.read_bytes() != sent
    assert (checked.verdict, checked.signature.fit) == (Verdict.GENUINE, Fit.FITS), checked.faults


def test_an_email_that_is_newer_than_the_list_is_not_called_genuine(alone: NoticedWorld) -> None:
    notices = alone.listed()
    alone.world.wait(days=2)
    alone.world.site.publish("terms", title="Terms", summary="New.")
    alone.world.announce("We keep it all.")
    alone.world.deliver()
    raw = bytes(alone.emails()[-1])
    assert alone.check(raw, notices).verdict is Verdict.NOT_LISTED_YET
    assert alone.check(raw, alone.listed(notices)).verdict is Verdict.GENUINE


def test_a_signature_fits_only_to_the_recipient_it_was_made_for(once: NoticedWorld) -> None:
    notices, raw = once.listed(), once.signed(bytes(once.emails()[0]))
    assert once.check(raw, notices).signature.fit is Fit.FITS
    redirected = once.check(raw.replace(b"To: anna@", b"To: boris@"), notices)
    assert (redirected.verdict, redirected.signature.fit) == (Verdict.GENUINE, Fit.BROKEN)
    unlisted = once.check(raw, replace(notices, dkim_keys=()))
    assert unlisted.signature.fit is Fit.UNKNOWN_KEY
    other_kind = once.check(raw.replace(b"a=rsa-sha256", b"a=ed25519-sha256"), notices)
    assert other_kind.signature.fit is Fit.UNKNOWN_KEY


@pytest.mark.parametrize(
    "date", ["Mon, 1 Jun 99999999999 10:00:00 +0000", "Mon, 1 Jun 2026 10:00:00 +99999999999999"]
)
def test_an_email_with_an_impossible_date_has_none(tmp_path: Path, date: str) -> None:
    (tmp_path / "mail.eml").write_text(f"From: a@market.example\nDate: {date}\n\nx\n", encoding="utf8")
    assert read_email(tmp_path / "mail.eml").date is None


@pytest.mark.parametrize(
    "header",
    [
        'Content-Type: text/plain; a="' + ";" * 10**6,
        "Content-Type: text/plain; boundary" + " " * 10**6 + "x",
        'Content-Disposition: inline; a="' + ";;;;\n\t" * 10**5,
    ],
)
def test_an_email_that_is_made_to_take_long_is_refused(tmp_path: Path, header: str) -> None:
    (tmp_path / "mail.eml").write_text(f"From: a@market.example\n{header}\n\nx\n", encoding="utf8")
    with pytest.raises(NotAnEmailError, match="longer than any mail server writes"):
        read_email(tmp_path / "mail.eml")


def test_a_file_that_is_no_email_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "email.eml"
    with pytest.raises(NotAnEmailError, match="cannot be read"):
        read_email(file)
    for content in (b"", b"\0\1\2", b"Hello", b"From", b"PK\x03\x04" * 100):
        file.write_bytes(content)
        with pytest.raises(NotAnEmailError, match=r"save the email as a file"):
            read_email(file)

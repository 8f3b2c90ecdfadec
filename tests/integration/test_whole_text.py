"""The whole new text goes with the message as a file, or the message names the file and its digest."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, date, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import func, select
from support.policy_site import PolicySite, text
from support.published_site import PublishedSiteMaker
from support.world import SENDER, World
from typer.testing import CliRunner

from subscribers.announcing.dry_run import count_audience, described
from subscribers.announcing.publishing import Publication, plan, publish
from subscribers.cli import app
from subscribers.database import reading
from subscribers.messages.message import Attachment, Message, to_email
from subscribers.messages.whole_text import NoCopyError, read_whole_texts
from subscribers.model import files
from subscribers.notices.check_email import check_email
from subscribers.notices.list_emails import list_emails
from subscribers.notices.received_email import read_email
from subscribers.proof.bundle_format import BundledAttachment
from subscribers.proof.export_bundle import export
from subscribers.proof.verify_bundle import verify_bundle
from subscribers.settings import Attach, Sender, read_settings
from subscribers.site.news import news
from subscribers.site.site_reader import PublishedSite, UnfaithfulSiteError, open_site
from subscribers.transports.folder import FolderTransport

TEXT = Attach(form="text", limit_bytes=10_000)


def attaching(attach: Attach | None = TEXT) -> Sender:
    return replace(SENDER, attach=attach)


def publish_with(world: World, attach: Attach | None = TEXT) -> Publication:
    return publish(
        world.engine,
        open_site(str(world.site.write())),
        sender=attaching(attach),
        changes="every",
        opening=None,
        hold=False,
        now=world.now,
    )


def opened(world: World) -> None:
    """Anna reads English, Petya Russian and Ute German, for which there is no translation."""
    world.register("anna")
    world.register("petya", language="ru")
    world.register("ute", language="de")
    world.site.publish("privacy.ru", title="Политика", language="ru", translation_of="privacy")
    world.site.publish("terms.de", title="AGB", language="de")
    world.open_with_baseline()
    world.site.commit()
    world.site.publish("privacy", title="Privacy policy", summary="We keep less.")
    world.site.publish("privacy.ru", title="Политика", summary="Мы храним меньше.")


def files_of(email: EmailMessage) -> dict[str, bytes]:
    found = {}
    for part in email.iter_attachments():
        body = part.get_payload(decode=True)
        assert isinstance(body, bytes)
        found[part.get_filename() or ""] = body
    return found


def emails(folder: Path) -> dict[str, EmailMessage]:
    """By the local part of the recipient's email address."""
    read = [
        message_from_bytes(file.read_bytes(), policy=policy.default, _class=EmailMessage)
        for file in folder.iterdir()
    ]
    return {str(email["To"]).partition("@")[0]: email for email in read}


def test_every_recipient_gets_the_file_in_their_language(world: World, tmp_path: Path) -> None:
    opened(world)
    publish_with(world)
    world.transport = FolderTransport(tmp_path / "mails")  # type: ignore[assignment]
    world.deliver()

    received = emails(tmp_path / "mails")
    english = {"privacy-2026-02-09.txt": b"The whole text of Privacy policy, as text.\n"}
    assert files_of(received["anna"]) == english
    assert files_of(received["ute"]) == english
    assert files_of(received["petya"]) == {
        "privacy.ru-2026-02-09.txt": "The whole text of Политика, as text.\n".encode()
    }
    body = received["anna"].get_body(("plain",))
    assert body is not None
    said = body.get_content()
    assert "the full text is attached to this email, in the file privacy-2026-02-09.txt." in said
    assert hashlib.sha256(english["privacy-2026-02-09.txt"]).hexdigest() in said
    assert received["anna"]["Content-Type"].content_type == "multipart/mixed"


def test_a_proof_and_the_list_of_emails_name_the_files(world: World, tmp_path: Path) -> None:
    opened(world)
    publish_with(world)
    world.deliver()
    key = Ed25519PrivateKey.generate()
    export(world.engine, 2, tmp_path / "proof", key=key, sender=SENDER)
    head = verify_bundle(tmp_path / "proof", key.public_key())
    name, sha256 = "privacy-2026-02-09.txt", hashlib.sha256(b"The whole text of Privacy policy, as text.\n")
    assert BundledAttachment(name=name, media_type="text/plain", sha256=sha256.hexdigest()) in {
        file for message in head.messages for file in message.attachments
    }

    listed = list_emails(
        world.engine,
        sender=SENDER,
        earlier=None,
        where="notices.json",
        dkim_keys=[],
        with_held=False,
        now=world.now,
    )
    FolderTransport(tmp_path / "mails").prepare(world.transport.taken[0]).send(may_write=lambda: True)
    [file, *_] = (tmp_path / "mails").iterdir()
    assert list(check_email(read_email(file), listed).faults) == []
    file.write_bytes(file.read_bytes().replace(b"VGhlIHdob2xl", b"VGhlIGhvbGV5"))
    assert list(check_email(read_email(file), listed).faults) != []


def test_a_file_is_kept_once_for_all_messages(world: World) -> None:
    opened(world)
    publish_with(world)
    with reading(world.engine) as connection:
        assert connection.scalars(select(func.count()).select_from(files)).one() == 2


def test_a_file_that_does_not_fit_is_linked_with_its_digest(world: World) -> None:
    opened(world)
    world.site.publish("terms", title="Terms")
    world.site.copies["privacy/versions/2026-02-09/privacy-2026-02-09.txt"] = "long " * 100
    publish_with(world, Attach(form="text", limit_bytes=400))
    world.deliver()

    [message] = [one.message for one in world.transport.taken if one.recipients[0].address[:4] == "anna"]
    assert [file.name for file in message.attachments] == ["terms-2026-02-09.txt"]
    assert "too large to attach" in message.text
    assert "\nhttps://policies.example/privacy/versions/2026-02-09/privacy-2026-02-09.txt\n" in message.text
    assert hashlib.sha256(b"long " * 100).hexdigest() in message.text
    assert hashlib.sha256(b"long " * 100).hexdigest() in message.html


def test_without_the_setting_nothing_is_attached(world: World) -> None:
    opened(world)
    publish_with(world, None)
    world.deliver()
    assert {one.message.attachments for one in world.transport.taken} == {()}
    assert not any("SHA-256" in one.message.text for one in world.transport.taken)


def test_the_digest_of_a_request_covers_the_files(world: World, tmp_path: Path) -> None:
    opened(world)
    publish_with(world)
    world.deliver()
    outgoing = world.transport.taken[0]
    changed = Attachment(name="privacy-2026-02-09.txt", media_type="text/plain", body=b"Another text.\n")
    other = replace(outgoing, message=replace(outgoing.message, attachments=(changed,)))
    folder = FolderTransport(tmp_path)
    assert folder.prepare(outgoing).sha256 != folder.prepare(other).sha256


def test_a_file_that_is_not_what_history_json_says_stops_the_announcement(world: World) -> None:
    opened(world)
    folder = world.site.write()
    (folder / "privacy/versions/2026-02-09/privacy-2026-02-09.txt").write_text("Another text.")
    with pytest.raises(UnfaithfulSiteError, match=r"privacy-2026-02-09\.txt: differs"):
        plan_of(world, open_site(str(folder)))


def plan_of(world: World, site: PublishedSite, attach: Attach = TEXT) -> list[str]:
    planned = plan(world.engine, site, sender=attaching(attach), changes="every", opening=None, now=world.now)
    return list(described(planned, count_audience(world.engine, site.history, planned)))


def test_a_dry_run_names_the_files(world: World) -> None:
    opened(world)
    said = plan_of(world, open_site(str(world.site.write())))
    assert "  attached: privacy-2026-02-09.txt (43 bytes)" in said


def test_a_site_without_pdfs_says_how_to_get_them(world: World) -> None:
    opened(world)
    site = open_site(str(world.site.write()))
    with pytest.raises(
        NoCopyError, match=r"privacy 2026-02-09: the site has no PDF to attach; set `pdf: true`"
    ):
        plan_of(world, site, Attach(form="pdf", limit_bytes=10_000))


def test_a_site_built_by_an_earlier_version_is_to_be_built_again(maker: PublishedSiteMaker) -> None:
    maker.publish("privacy")
    maker.write()
    for version in maker.documents["privacy"]["versions"]:
        version["copies"] = {}
    site = open_site(str(maker.write()))
    with pytest.raises(NoCopyError, match=r"publish the site again with the policy-site of this version"):
        read_whole_texts(site, news(site.history, {}, language="en"), TEXT)


@pytest.fixture
def maker(tmp_path: Path) -> PublishedSiteMaker:
    return PublishedSiteMaker(tmp_path / "site")


def test_an_upcoming_text_and_the_corrected_current_one_are_both_attached(maker: PublishedSiteMaker) -> None:
    maker.publish("privacy")
    known = {maker.documents["privacy"]["id"]: "2026-01-10"}
    for line in (1, 0):
        maker.commit()
        maker.publish("privacy")["line"] = line
    site = open_site(str(maker.write()))
    whole = read_whole_texts(site, news(site.history, known, language="en"), TEXT)
    assert [file.attachment and file.attachment.name for file in whole] == [
        "privacy-2026-02-09.txt",
        "privacy-2026-03-11.txt",
    ]


def test_the_end_of_a_document_has_no_text(maker: PublishedSiteMaker) -> None:
    maker.publish("privacy")
    known = {maker.documents["privacy"]["id"]: "2026-01-10"}
    maker.commit()
    maker.publish("privacy")["withdrawn_on"] = "2026-03-01"
    site = open_site(str(maker.write()))
    assert read_whole_texts(site, news(site.history, known, language="en"), TEXT) == ()


def test_files_of_one_name_can_be_told_apart(maker: PublishedSiteMaker) -> None:
    for slug in ("shop/terms", "work/terms"):
        version = maker.publish(slug)
        version["copies"] = {"text": f"{slug}/versions/2026-01-10/terms-2026-01-10.txt"}
    site = open_site(str(maker.write()))
    whole = read_whole_texts(site, news(site.history, {}, language="en"), TEXT)
    assert [file.attachment and file.attachment.name for file in whole] == [
        "shop-terms-terms-2026-01-10.txt",
        "work-terms-terms-2026-01-10.txt",
    ]


@pytest.mark.parametrize("name", ["privacy.pdf", "политика-2026-02-09.pdf", 'a "quoted"; name.pdf'])
def test_a_file_arrives_byte_for_byte_under_its_name(name: str) -> None:
    body = bytes(range(256)) * 500
    message = Message(
        language="en",
        subject="s",
        text="t\n",
        html="<p>h</p>",
        attachments=(Attachment(name=name, media_type="application/pdf", body=body),),
    )
    made = [
        to_email(
            message,
            sender=SENDER,
            recipient="anna@example.com",
            message_id="<1@example.com>",
            sent_at=datetime(2026, 1, 1, tzinfo=UTC),
        ).as_bytes()
        for _ in range(2)
    ]
    assert made[0] == made[1], "the same bytes for all recipients"
    assert max(map(len, made[0].split(b"\r\n"))) <= 78
    assert files_of(message_from_bytes(made[0], policy=policy.default, _class=EmailMessage)) == {name: body}


def test_a_site_states_the_digest_of_each_copy_and_a_preview_attaches_the_pdf(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("weasyprint", reason="needs WeasyPrint: install the dev lock")
    site = PolicySite(tmp_path, pdf=True)
    site.publish("a.md", text("One."), on=date(2026, 1, 1))
    site.publish("a.md", text("Two."), on=date(2026, 1, 2))
    for _ in range(2):  # the second time from the cache
        site.build()
        for version in site.document("a")["versions"]:
            assert set(version["copies"]) == {"markdown", "text", "pdf"}
            assert version["copies_sha256"] == {
                form: hashlib.sha256((site.folder / path).read_bytes()).hexdigest()
                for form, path in version["copies"].items()
            }
    monkeypatch.setenv("POLICY_NOTIFY_ATTACH", "pdf")
    into = tmp_path / "preview"
    shown = CliRunner().invoke(app, ["preview", "--site", str(site.folder), "--into", str(into)])
    assert shown.exit_code == 0, shown.output
    email = message_from_bytes(
        (into / "mail.en.eml").read_bytes(), policy=policy.default, _class=EmailMessage
    )
    pdf = (site.folder / "a/versions/2026-01-02/a-2026-01-02.pdf").read_bytes()
    assert files_of(email) == {"a-2026-01-02.pdf": pdf}


def test_the_settings_say_what_is_attached(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_settings({}).what_to_attach() is None
    monkeypatch.setenv("POLICY_NOTIFY_ATTACH", "pdf")
    monkeypatch.setenv("POLICY_NOTIFY_ATTACH_LIMIT_KB", "500")
    assert read_settings({}).what_to_attach() == Attach(form="pdf", limit_bytes=500_000)

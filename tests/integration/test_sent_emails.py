"""The page with all emails that were sent: from a signed list, which a build believes only if it fits."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

import jsonschema
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from support.marks import mark_beside
from support.policy_site import SITE_URL, PolicySite, text
from support.world import SENDER, ScriptedTransport

from generator.errors import PolicyError
from generator.published_site.build_site import build_site
from subscribers.announcing.publishing import Opening, publish
from subscribers.database import migrate, open_database, writing
from subscribers.delivery.single_process import deliver
from subscribers.ledger.ledger import Ledger
from subscribers.model import users
from subscribers.notices.list_emails import list_emails
from subscribers.site.notices_json import Notices, key_text, sign_notices
from subscribers.site.site_reader import open_site


class AnnouncedSite:
    """A real site in two languages, of whose second version three users were notified."""

    def __init__(self, folder: Path) -> None:
        self.key = Ed25519PrivateKey.generate()
        self.site = PolicySite(folder / "repository", notices_keys=[key_text(self.key.public_key())])
        self.file = folder / "notices.json"
        self.now = datetime(2026, 6, 1, 12, tzinfo=UTC)
        self.engine = open_database(f"sqlite:///{folder}/notify.sqlite")
        migrate(self.engine)
        self.transport = ScriptedTransport()
        with writing(self.engine) as connection:
            for name, language in (("anna", "en"), ("boris", "en"), ("dora", "ru")):
                connection.execute(
                    users.insert().values(
                        external_id=name,
                        email=f"{name}@example.com",
                        language=language,
                        registered_at=self.now,
                        pseudonym_key=b"k" * 32,
                    )
                )
        self.site.publish("index.md", "# Policies\n")
        self.publish_version("We keep it for ten days.", "Мы храним их десять дней.")
        self.build()
        self.notify(opening=Opening(since=None))
        self.publish_version("We keep it for *two* days.", "Мы храним их *два* дня.")
        self.build()
        self.notify()

    def publish_version(self, english: str, russian: str) -> None:
        self.site.repository.write("policy/privacy.md", text(english, summary="Shorter."))
        self.site.repository.write("policy/privacy.ru.md", text(russian, title="Политика", summary="Короче."))
        self.site.repository.commit()

    def notify(self, *, opening: Opening | None = None) -> None:
        self.now += timedelta(days=1)
        publish(
            self.engine,
            open_site(str(self.site.folder)),
            sender=SENDER,
            changes="every",
            opening=opening,
            hold=False,
            now=self.now,
        )
        mark = mark_beside(self.engine, self.file.parent / "site")
        ledger = Ledger(self.engine, mark=mark, now=lambda: self.now)
        deliver(ledger, self.transport, sender=SENDER, stop=Event(), patience=timedelta(seconds=-1))

    def listed(self, earlier: Notices | None = None) -> Notices:
        return list_emails(
            self.engine,
            sender=SENDER,
            earlier=earlier,
            where="",
            dkim_keys=(),
            with_held=False,
            now=self.now,
        )

    def build(
        self,
        notices: Notices | None = None,
        *,
        key: Ed25519PrivateKey | None = None,
        published: Path | None = None,
    ) -> None:
        self.site.write_config()
        if notices:
            self.file.write_bytes(sign_notices(notices, key or self.key))
        build_site(
            self.site.config_file,
            site_dir=None,
            day=self.now.date(),
            published=str(published) if published else None,
            notices=str(self.file) if notices else None,
        )


@pytest.fixture(scope="module")
def announced(tmp_path_factory: pytest.TempPathFactory) -> AnnouncedSite:
    """One site for all tests: each builds it again, and those that publish more come last."""
    return AnnouncedSite(tmp_path_factory.mktemp("announced"))


def test_the_list_and_the_history_follow_their_schemas(announced: AnnouncedSite) -> None:
    announced.build(announced.listed())
    for name in ("notices", "history"):
        schema = announced.site.json(f"{name}.schema.json")
        jsonschema.Draft202012Validator.check_schema(schema)
        checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
        jsonschema.validate(announced.site.json(f"{name}.json"), schema, format_checker=checker)


def test_an_empty_list_makes_a_page_that_says_so(announced: AnnouncedSite) -> None:
    announced.build(replace(announced.listed(), announcements=()))
    assert "We have not sent any email yet." in announced.site.page("sent-emails")


def test_the_published_list_stays_in_a_build_without_one(announced: AnnouncedSite) -> None:
    announced.build(announced.listed())
    raw = (announced.site.folder / "notices.json").read_bytes()
    announced.build(published=announced.site.folder / "history.json")
    assert (announced.site.folder / "notices.json").read_bytes() == raw
    assert announced.site.has("sent-emails")


def test_words_in_a_list_are_text_and_not_markup(announced: AnnouncedSite) -> None:
    notices = announced.listed()
    [one] = notices.announcements
    evil = replace(one.messages[0], subject="<script>alert(1)</script>")
    announced.build(replace(notices, announcements=(replace(one, messages=(evil,)),)))
    assert "<script>alert(1)" not in announced.site.page("sent-emails")
    assert "&lt;script&gt;alert(1)" in announced.site.page("sent-emails")


def _of_another_site(notices: Notices) -> Notices:
    return replace(notices, site_url="https://other.example/")


def _with_another_label(notices: Notices) -> Notices:
    [one] = notices.announcements
    documents = (replace(one.documents[0], label="2020-01-01"),)
    return replace(notices, announcements=(replace(one, documents=documents),))


def _with_another_source(notices: Notices) -> Notices:
    [one] = notices.announcements
    documents = (replace(one.documents[0], source_blob="0" * 40),)
    return replace(notices, announcements=(replace(one, documents=documents),))


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        (
            _of_another_site,
            r"is about https://other.example/, and this site is https://policies.example/legal/",
        ),
        (_with_another_label, r"lists “Privacy policy” 2020-01-01, which this site has not published; use"),
        (_with_another_source, r"lists “Privacy policy” .* from the same source file; use"),
    ],
)
def test_a_list_about_other_versions_is_refused(
    announced: AnnouncedSite, changed: Callable[[Notices], Notices], what: str
) -> None:
    with pytest.raises(PolicyError, match=rf"notices.json: {what}"):
        announced.build(changed(announced.listed()))


def test_a_list_that_does_not_continue_the_published_one_is_refused(announced: AnnouncedSite) -> None:
    notices = announced.listed()
    announced.build(notices)
    published = announced.site.folder / "history.json"
    sequence = notices.sequence
    for other, what in (
        (replace(notices, sequence=sequence - 1), "is older"),
        (replace(notices, written_at=notices.written_at + timedelta(days=1)), "has the same sequence"),
        (replace(notices, sequence=sequence + 1, announcements=()), "lacks the email of 2026-06-03"),
    ):
        with pytest.raises(PolicyError, match=rf"notices.json: .*{what}.*; use the newest file"):
            announced.build(other, published=published)
    announced.build(replace(notices, sequence=sequence + 1), published=published)
    assert announced.site.json("notices.json")["notices"]["sequence"] == sequence + 1


def test_a_list_with_another_signature_or_none_is_refused(announced: AnnouncedSite) -> None:
    notices = announced.listed()
    with pytest.raises(PolicyError, match="not signed with a key in notices_keys"):
        announced.build(notices, key=Ed25519PrivateKey.generate())
    raw = json.loads(sign_notices(notices, announced.key))
    for content, what in (
        (raw | {"notices": raw["notices"] | {"sequence": 10**12}}, "not signed with a key in notices_keys"),
        (raw["notices"], "is not a signed list"),
        ([], "is not a signed list"),
        (1.5, "is not a signed list"),
    ):
        announced.file.write_text(json.dumps(content))
        with pytest.raises(PolicyError, match=rf"notices.json: .*{what}"):
            build_site(
                announced.site.config_file,
                site_dir=None,
                day=announced.now.date(),
                published=None,
                notices=str(announced.file),
            )
    options = announced.site.config["plugins"][1]["policysite"]
    keys, options["notices_keys"] = options["notices_keys"], []
    with pytest.raises(PolicyError, match=r"notices_keys is missing"):
        announced.build(notices)
    options["notices_keys"] = ["MCowBQ"]
    with pytest.raises(PolicyError, match=r"notices_keys: 'MCowBQ' is not a public Ed25519 key"):
        announced.build(notices)
    options["notices_keys"] = keys


def test_a_build_with_a_list_has_the_page_in_each_language_and_the_next_email_names_it(
    announced: AnnouncedSite,
) -> None:
    site, notices = announced.site, announced.listed()
    announced.build()
    assert not site.has("sent-emails")
    assert "genuine" in announced.transport.taken[0].message.text
    announced.build(notices)
    page, russian = site.page("sent-emails"), site.page("sent-emails/ru")
    for message in notices.announcements[0].messages:
        assert message.subject in page
        assert message.subject in russian
    assert "Emails we have sent" in page
    assert '<html lang="ru"' in russian
    assert "Sent to 3 users on 3 June 2026." in page
    assert "Отправлено 3 пользователям 3 июня 2026 года." in russian
    label = site.document("privacy")["versions"][-1]["label"]
    assert f'href="../privacy/changes/{label}/"' in page
    assert 'href="../sent-emails/"' in site.page("privacy")
    assert 'href="../sent-emails/ru/"' in site.page("privacy.ru")
    assert re.search(
        r'<a href="\.\./sent-emails/" class="md-nav__link">\s*<span[^>]*>\s*Emails we', site.page("privacy")
    )
    assert '<a href="../../../sent-emails/" class="md-nav__link">' in site.page(f"privacy/versions/{label}")
    sitemap = (site.folder / "sitemap.xml").read_text()
    assert f"{SITE_URL}sent-emails/" in sitemap
    assert f"{SITE_URL}sent-emails/ru/" in sitemap
    assert site.json("history.json")["sent_emails"] == {"en": "sent-emails/", "ru": "sent-emails/ru/"}
    assert (site.folder / "notices.json").read_bytes() == announced.file.read_bytes()

    announced.publish_version("We keep nothing.", "Мы ничего не храним.")
    announced.build(notices)
    announced.notify()
    texts = {one.message.language: one.message.text for one in announced.transport.taken[-2:]}
    assert texts["en"].rstrip().endswith(f"{SITE_URL}sent-emails/")
    assert texts["ru"].rstrip().endswith(f"{SITE_URL}sent-emails/ru/")
    assert "Every email that we have sent" in texts["en"]


def test_a_list_that_cannot_be_fetched_is_named_with_the_reason(announced: AnnouncedSite) -> None:
    for where, why in (
        ("https://127.0.0.1:9/notices.json", r"cannot be read \(Connection refused\); name the notices.json"),
        ("none.json", "there is no such file; write it with policy-notify notices"),
    ):
        with pytest.raises(PolicyError, match=f"{where}: {why}"):
            build_site(
                announced.site.config_file,
                site_dir=None,
                day=announced.now.date(),
                published=None,
                notices=where,
            )


def test_a_document_at_the_path_of_the_page_is_refused(announced: AnnouncedSite) -> None:
    notices = announced.listed()
    announced.site.publish("sent-emails.md", "# Emails\n")
    announced.build()
    with pytest.raises(PolicyError, match=r"sent-emails.md: its URL /sent-emails/ belongs to"):
        announced.build(notices)

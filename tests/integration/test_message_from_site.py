"""From a published site to the message: the content, and whole messages as golden files.

After an intended change, run RENEW_GOLDEN=1 pytest tests/integration/test_message_from_site.py and read the
diff.
"""

from __future__ import annotations

import os
import re
from datetime import UTC, date, datetime
from email.headerregistry import Address
from pathlib import Path

import pytest
from support.published_site import PublishedSiteMaker
from typer.testing import CliRunner

from subscribers.cli import app
from subscribers.messages.compose import compose
from subscribers.messages.content import Status, read_content, status_of
from subscribers.messages.excerpt import TAGS, clean
from subscribers.messages.links import LinkTargets
from subscribers.messages.message import Message
from subscribers.messages.preview import NothingToPreviewError, previews
from subscribers.settings import Sender
from subscribers.site.news import news
from subscribers.site.site_reader import UnfaithfulSiteError, open_site

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "messages"
SENDER = Sender(
    address=Address("Example Market", "policies", "example.com"),
    legal_name="Example Market Ltd, 1 Example Street, Exampleville",
    contact="privacy@example.com",
)
NOW = datetime(2026, 3, 20, tzinfo=UTC)
EVERY_ELEMENT = """<h3>Every element</h3>
<p lang="en">A text has <em>stress</em>, <strong>weight</strong>, <code>code</code>, <mark>a mark</mark>,
<u>a line</u>, <s>another</s>, H<sub>2</sub>O, 1<sup>st</sup>, <span lang="de">Deutsch</span>,<br>
<bdi>עברית</bdi>, <a href="https://policies.example/terms/">a link</a>, <ins>new</ins> and <del>old</del>.</p>
<ul><li>Orders<ol start="3"><li>Received</li><li value="7">Paid <ins>at once</ins></li></ol></li></ul>
<dl><dt>Buyer</dt><dd>Whoever buys.</dd></dl>
<blockquote><p>You may object at any time.</p></blockquote>
<pre><code>first line
second line</code></pre>
<hr>
<table><caption>Fees</caption><thead><tr><th>Who</th><th>Fee</th></tr></thead>
<tbody><tr><td>Sellers</td><td><del>5 %</del> <ins>6 %</ins></td></tr></tbody>
<tfoot><tr><td colspan="2">Buyers pay none.</td></tr></tfoot></table>
<div>The end.</div>"""


@pytest.fixture
def maker(tmp_path: Path) -> PublishedSiteMaker:
    """Three publications: one of the first texts, an editorial one, one of three documents with a new one."""
    maker = PublishedSiteMaker(tmp_path / "site")
    maker.publish("privacy", title="Privacy policy")
    maker.publish("privacy.ru", title="Политика", language="ru", translation_of="privacy")
    maker.publish("terms", title="Terms of use")
    maker.publish("terms.ru", title="Условия", language="ru", translation_of="terms")
    maker.commit()
    maker.publish("privacy", change="editorial", summary="The security clause reads better.")
    maker.publish("privacy.ru", change="editorial", summary="Раздел о безопасности стало легче читать.")
    maker.commit()
    maker.publish(
        "privacy",
        summary="Cookies are kept for ten days instead of thirty.",
        impact="You sign in again after ten days. You need not do anything.",
    )
    maker.publish(
        "privacy.ru",
        summary="Файлы cookie хранятся десять дней, а не тридцать.",
        impact="Через десять дней нужно войти снова. Делать ничего не нужно.",
        mail_html="<h3>Файлы cookie</h3><p>Мы храним их <del>тридцать</del> <ins>десять</ins> дней.</p>",
        mail_text="Файлы cookie\n\nМы храним их [удалено: тридцать] [добавлено: десять] дней.",
    )
    maker.publish("terms", effective_on=date(2026, 6, 1), omitted=2)
    maker.publish("refunds", title="Refund policy", summary="How refunds work, in one place.")
    maker.write()
    return maker


def mail_to_somebody_who_knows(maker: PublishedSiteMaker, *labels: str, language: str) -> Message:
    site = open_site(str(maker.folder))
    slugs = ("privacy", "privacy.ru", "terms", "terms.ru")
    known = {maker.documents[slug]["id"]: label for slug, label in zip(slugs, labels, strict=True)}
    told = news(site.history, known, language=language)
    return compose(read_content(site, told, today=NOW.date()), language=language, sender=SENDER)


@pytest.mark.parametrize(
    ("name", "labels", "language"),
    [
        ("up-to-date-en", ("2026-02-09", "2026-02-09", "2026-01-10", "2026-01-10"), "en"),
        ("up-to-date-ru", ("2026-02-09", "2026-02-09", "2026-01-10", "2026-01-10"), "ru"),
        ("missed-one-en", ("2026-01-10", "2026-01-10", "2026-01-10", "2026-01-10"), "en"),
    ],
)
def test_the_whole_message_is_as_last_read_and_approved(
    maker: PublishedSiteMaker, name: str, labels: tuple[str, ...], language: str
) -> None:
    assert_approved(name, mail_to_somebody_who_knows(maker, *labels, language=language))


def test_a_redline_of_every_element_is_as_last_read_and_approved(tmp_path: Path) -> None:
    assert (
        set(re.findall(r"<([a-z]+)", clean(EVERY_ELEMENT, LinkTargets.of("https://policies.example/"))))
        == TAGS
    )
    maker = PublishedSiteMaker(tmp_path)
    maker.publish("terms", title="Terms of use")
    maker.commit()
    maker.publish("terms", mail_html=EVERY_ELEMENT, mail_text="Every element.")
    maker.write()
    assert_approved("every-element-en", previewed(maker))


def assert_approved(name: str, message: Message) -> None:
    made = {"txt": f"Subject: {message.subject}\n\n{message.text}", "html": message.html + "\n"}
    for suffix, text in made.items():
        file = GOLDEN / f"{name}.{suffix}"
        if os.environ.get("RENEW_GOLDEN"):
            file.write_text(text, encoding="utf8")
        assert text == file.read_text(encoding="utf8")


def test_a_message_links_to_all_changes_since_the_known_version_only_if_the_site_has_that_page(
    maker: PublishedSiteMaker,
) -> None:
    labels = ("2026-01-10", "2026-01-10", "2026-01-10", "2026-01-10")
    address = "https://policies.example/privacy/since/2026-01-10/"
    assert address in mail_to_somebody_who_knows(maker, *labels, language="en").text
    (maker.folder / "privacy/since/2026-01-10/index.html").unlink()
    assert address not in mail_to_somebody_who_knows(maker, *labels, language="en").text


def test_a_redline_that_was_changed_on_its_way_is_refused(maker: PublishedSiteMaker) -> None:
    file = maker.folder / "privacy/changes/2026-03-11/redline.json"
    file.write_text(file.read_text(encoding="utf8").replace("ten", "nine"), encoding="utf8")
    with pytest.raises(UnfaithfulSiteError, match=r"redline\.json: differs from"):
        mail_to_somebody_who_knows(maker, *["2026-02-09"] * 2, *["2026-01-10"] * 2, language="en")


@pytest.mark.parametrize(
    ("today", "statuses"),
    [
        (
            date(2026, 1, 9),
            [
                Status.UPCOMING_FIRST,
                Status.OVERTAKEN,
                Status.UPCOMING_LATER,
                Status.UPCOMING_LATER,
            ],
        ),
        (
            date(2026, 1, 10),
            [
                Status.IN_FORCE,
                Status.OVERTAKEN,
                Status.UPCOMING,
                Status.UPCOMING_LATER,
            ],
        ),
        (
            date(2026, 4, 1),
            [
                Status.SUPERSEDED,
                Status.OVERTAKEN,
                Status.IN_FORCE,
                Status.UPCOMING,
            ],
        ),
        (
            date(2026, 5, 1),
            [
                Status.SUPERSEDED,
                Status.OVERTAKEN,
                Status.SUPERSEDED,
                Status.IN_FORCE,
            ],
        ),
    ],
)
def test_in_force_is_the_highest_version_that_has_reached_its_effective_date(
    tmp_path: Path, today: date, statuses: list[Status]
) -> None:
    maker = PublishedSiteMaker(tmp_path)
    for effective_on in (date(2026, 1, 10), date(2026, 4, 2), date(2026, 4, 1), date(2026, 5, 1)):
        maker.publish("privacy", effective_on=effective_on)
        maker.commit()
    document = open_site(str(maker.write())).history.documents[0]
    assert [status_of(document, version, today=today) for version in document.versions] == statuses


def all_previewed(maker: PublishedSiteMaker, **asked: object) -> tuple[Message, ...]:
    options = {"document": None, "since": None, "language": None} | asked
    mails = previews(open_site(str(maker.folder)), sender=SENDER, now=NOW, **options)  # type: ignore[arg-type]
    return tuple(mails.values())


def previewed(maker: PublishedSiteMaker, **asked: object) -> Message:
    return all_previewed(maker, **asked)[0]


def test_a_message_about_a_new_document_has_the_summary_of_its_first_version(
    maker: PublishedSiteMaker,
) -> None:
    known = {document["id"]: document["versions"][-1]["label"] for document in maker.documents.values()}
    del known[maker.documents["refunds"]["id"]]
    maker.commit()
    maker.publish("refunds", change="editorial", summary="A word was corrected.", impact="Nothing changes.")
    maker.write()
    site = open_site(str(maker.folder))
    told = read_content(site, news(site.history, known, language="en"), today=NOW.date())
    [document] = told.documents
    [version] = document.versions
    assert document.is_new
    assert version.summary == "How refunds work, in one place."
    assert version.page_url.endswith("refunds/versions/2026-04-10/")


def test_the_preview_shows_the_newest_publication_in_each_language_the_sites_own_first(
    maker: PublishedSiteMaker,
) -> None:
    labels = ("2026-02-09", "2026-02-09", "2026-01-10", "2026-01-10")
    for language in ("en", "ru"):
        message = mail_to_somebody_who_knows(maker, *labels, language=language)
        assert previewed(maker, language=language) == message
    assert all_previewed(maker) == (previewed(maker, language="en"), previewed(maker, language="ru"))


def test_a_translation_that_catches_up_has_no_message_to_preview(tmp_path: Path) -> None:
    maker = PublishedSiteMaker(tmp_path)
    maker.publish("privacy")
    maker.publish("privacy.ru", language="ru", translation_of="privacy")
    maker.commit()
    maker.publish("privacy")
    maker.commit()
    maker.publish("privacy.ru")
    maker.commit()
    maker.write()
    assert all_previewed(maker) == ()
    assert previewed(maker, document="privacy.ru").language == "ru"


def test_the_preview_shows_one_document_or_all_changes_since_a_day(maker: PublishedSiteMaker) -> None:
    assert previewed(maker, document="privacy.ru").subject == "Example Market: изменён документ «Политика»"
    assert "has changed 2 times" in previewed(maker, since=date(2026, 2, 1)).text
    for asked in ({"document": "absent"}, {"since": date(2026, 12, 1)}):
        with pytest.raises(NothingToPreviewError):
            previewed(maker, **asked)


def test_the_start_page_has_a_name_where_documents_are_listed(tmp_path: Path) -> None:
    maker = PublishedSiteMaker(tmp_path)
    maker.publish("privacy")
    maker.documents["privacy"]["slug"] = ""
    maker.write()
    with pytest.raises(NothingToPreviewError, match=r'it has the start page, which is ""$'):
        previewed(maker, document="absent")


def test_a_site_that_serves_another_page_than_it_claims_has_no_preview(maker: PublishedSiteMaker) -> None:
    page = maker.folder / maker.documents["privacy"]["versions"][-1]["path"] / "index.html"
    page.write_text(page.read_text(encoding="utf8") + "<p>More.</p>", encoding="utf8")
    with pytest.raises(UnfaithfulSiteError, match="differs from"):
        previewed(maker)


def test_the_preview_needs_no_settings_and_says_which_are_missing(
    maker: PublishedSiteMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in [name for name in os.environ if name.startswith("POLICY_NOTIFY_")]:
        monkeypatch.delenv(variable)
    command = ["preview", "--site", str(maker.folder)]
    printed = CliRunner().invoke(app, command, catch_exceptions=False)
    assert printed.exit_code == 0
    assert "[your legal name: set POLICY_NOTIFY_LEGAL_NAME]" in printed.output
    monkeypatch.setenv("POLICY_NOTIFY_LEGAL_NAME", "Example Market Ltd")
    CliRunner().invoke(app, [*command, "--into", str(tmp_path / "out")], catch_exceptions=False)
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == [
        "mail.en.eml",
        "mail.en.html",
        "mail.en.txt",
        "mail.ru.eml",
        "mail.ru.html",
        "mail.ru.txt",
    ]
    assert "Example Market Ltd" in (tmp_path / "out/mail.en.txt").read_text(encoding="utf8")


def test_readers_of_a_language_without_words_have_a_preview_of_their_own(tmp_path: Path) -> None:
    maker = PublishedSiteMaker(tmp_path / "site")
    maker.publish("privacy")
    maker.publish("privacy.de", language="de", translation_of="privacy", title="Datenschutz")
    maker.write()
    command = ["preview", "--site", str(maker.folder), "--into", str(tmp_path / "out")]
    CliRunner().invoke(app, command, catch_exceptions=False)
    assert "“Datenschutz”" in (tmp_path / "out/mail.de.txt").read_text(encoding="utf8")
    assert "“Datenschutz”" not in (tmp_path / "out/mail.en.txt").read_text(encoding="utf8")

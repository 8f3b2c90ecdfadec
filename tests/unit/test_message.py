"""A message says what it has to, says the same as text and as HTML, and contains nothing else."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime
from email import message_from_bytes, policy
from email.headerregistry import Address
from email.message import EmailMessage

import html5lib
import pytest
from selectolax.lexbor import LexborHTMLParser

from subscribers.messages.compose import LANGUAGES, MESSAGE_LIMIT_BYTES, MessageTooLargeError, compose
from subscribers.messages.content import AnnouncedContent, AnnouncedDocument, AnnouncedVersion, Status
from subscribers.messages.message import Message, reply_address, to_email
from subscribers.settings import Sender
from subscribers.site.history_json import PublishedColours
from subscribers.words import languages_in, load_words

SENDER = Sender(
    address=Address("Example Market", "policies", "example.com"),
    legal_name="Example Market Ltd, 1 Example Street",
    contact="privacy@example.com",
)
VERSION = AnnouncedVersion(
    label="2026-02-09",
    published_on=date(2026, 2, 9),
    effective_on=date(2026, 2, 9),
    status=Status.IN_FORCE,
    editorial=False,
    returns_to=None,
    summary="Cookies are kept for ten days.\n\nThey were kept for thirty.",
    impact="You sign in more often.",
    changes=(("Cookies", "“thirty” became “ten”"),),
    omitted=0,
    redline_html="<h3>Cookies</h3><p>Kept for <del>thirty</del> <ins>ten</ins> days.</p>",
    redline_text="Cookies\n\nKept for [removed: thirty] [added: ten] days.",
    page_url="https://policies.example/privacy/versions/2026-02-09/",
    redline_url="https://policies.example/privacy/changes/2026-02-09/",
)
DOCUMENT = AnnouncedDocument(
    title="Privacy policy",
    language="en",
    url="https://policies.example/privacy/",
    history_url="https://policies.example/privacy/history/",
    is_new=False,
    since=None,
    versions=(VERSION,),
)


def mail_on(*documents: AnnouncedDocument, language: str = "en", sender: Sender = SENDER) -> Message:
    content = AnnouncedContent(
        site_name="Example Market",
        site_url="https://policies.example/",
        colours=PublishedColours(),
        documents=documents,
    )
    return compose(content, language=language, sender=sender)


def with_version(**changed: object) -> AnnouncedDocument:
    return replace(DOCUMENT, versions=(replace(VERSION, **changed),))  # type: ignore[arg-type]


def email_to(recipient: str, message: Message) -> EmailMessage:
    return to_email(
        message,
        sender=SENDER,
        recipient=recipient,
        message_id=f"<{recipient}>",
        sent_at=datetime(2026, 2, 9, tzinfo=UTC),
    )


def visible(html: str) -> str:
    tree = LexborHTMLParser(html)
    for hidden in tree.css(".preheader, head"):
        hidden.decompose()
    assert tree.body
    return tree.body.text(separator=" ")


@pytest.mark.parametrize(
    ("language", "spoken_in"),
    [("ru", "ru"), ("ru-BY", "ru"), ("en-GB", "en"), ("tlh", "en"), ("../en", "en")],
)
def test_readers_of_a_language_without_words_get_english(language: str, spoken_in: str) -> None:
    assert mail_on(DOCUMENT, language=language).language == spoken_in


@pytest.mark.parametrize(
    ("document", "english", "russian"),
    [
        (DOCUMENT, "“Privacy policy” has changed", "изменён документ «Privacy policy»"),
        (
            with_version(status=Status.UPCOMING, effective_on=date(2026, 6, 1)),
            "“Privacy policy” changes on 1 June 2026",
            "с 1 июня 2026 года меняется документ «Privacy policy»",
        ),
        (
            replace(DOCUMENT, is_new=True),
            "new document “Privacy policy”",
            "новый документ «Privacy policy»",
        ),
    ],
)
def test_the_subject_says_what_happened(document: AnnouncedDocument, english: str, russian: str) -> None:
    assert mail_on(document).subject == f"Example Market: {english}"
    assert mail_on(document, language="ru").subject == f"Example Market: {russian}"


def test_several_documents_come_in_one_message_with_a_list_of_them_first() -> None:
    terms = replace(DOCUMENT, title="Terms of use", versions=(replace(VERSION, status=Status.UPCOMING),))
    message = mail_on(DOCUMENT, terms)
    assert message.subject == "Example Market: changes in 2 documents"
    assert message.text.index("* Terms of use: Takes effect") < message.text.index("WHAT CHANGED")


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (Status.IN_FORCE, "In effect since 9 February 2026."),
        (Status.UPCOMING, "Takes effect on 9 February 2026. Until then, the current version applies."),
        (Status.UPCOMING_FIRST, "Takes effect on 9 February 2026."),
        (Status.SUPERSEDED, "Was in effect from 9 February 2026 until a later version replaced it."),
        (Status.OVERTAKEN, "Never took effect: a later version replaced it before 9 February 2026."),
    ],
)
def test_it_says_whether_the_change_is_in_force(status: Status, said: str) -> None:
    message = mail_on(with_version(status=status))
    assert said in message.text
    assert said in message.html


def test_without_a_summary_it_lists_the_changes() -> None:
    changes = tuple(("Cookies", f"change number {number}") for number in range(1, 13))
    message = mail_on(with_version(summary=None, impact=None, changes=changes))
    assert "* Cookies: change number 10\n\n… and 2 more changes" in message.text
    assert "change number 11" not in message.text
    assert "What it means for you" not in message.text


def test_a_reader_who_missed_messages_gets_every_change_and_a_link_to_all_of_them() -> None:
    earlier = replace(
        VERSION,
        published_on=date(2026, 1, 20),
        status=Status.SUPERSEDED,
        summary="Payments are named.",
    )
    since = (date(2026, 1, 10), "https://policies.example/privacy/since/2026-01-10/")
    message = mail_on(replace(DOCUMENT, versions=(VERSION, earlier), since=since))
    for said in ("has changed 2 times", "Change of 20 January 2026", "Payments are named.", since[1]):
        assert said in message.text
    [button] = LexborHTMLParser(message.html).css(".button a")
    assert button.attributes["href"] == since[1]


def test_two_changes_of_one_day_differ_by_their_labels() -> None:
    message = mail_on(replace(DOCUMENT, versions=(replace(VERSION, label="2026-02-09-2"), VERSION)))
    for part in (message.text, visible(message.html)):
        assert "Change of 9 February 2026 (2026-02-09-2)" in part
        assert "Change of 9 February 2026 (2026-02-09)" in part


def test_many_missed_versions_end_in_the_history() -> None:
    message = mail_on(replace(DOCUMENT, versions=(VERSION,) * 8))
    assert "3 earlier changes are in the history of this document." in message.text
    assert message.text.count("In effect since") == 5


def test_every_message_says_why_from_whom_and_how_to_ask_and_offers_no_unsubscribing() -> None:
    message = mail_on(DOCUMENT)
    for part in (message.text, visible(message.html)):
        for said in ("not advertising", "Example Market Ltd, 1 Example Street", "privacy@example.com"):
            assert said in part
    email = email_to("anna@example.com", message)
    assert email["List-Unsubscribe"] is None
    assert email["Auto-Submitted"] == "auto-generated"
    assert email["X-Auto-Response-Suppress"] == "OOF, AutoReply"
    assert email["Reply-To"].endswith("<privacy@example.com>")
    assert email["Content-Language"] == message.language


@pytest.mark.parametrize("language", sorted(languages_in(LANGUAGES)))
def test_text_and_html_say_the_same(language: str) -> None:
    earlier = replace(VERSION, summary=None, omitted=3, editorial=True, returns_to=date(2026, 1, 1))
    several = replace(DOCUMENT, versions=(VERSION, earlier), since=(date(2026, 1, 10), DOCUMENT.url))
    new = replace(DOCUMENT, is_new=True, versions=(replace(VERSION, redline_html="", redline_text=""),))
    message = mail_on(several, new, language=language)
    words = load_words(LANGUAGES, language)
    html = visible(message.html).replace(words("legend"), "")
    text = re.sub(r"\[(removed|added): (\w+)\]", r"\2", message.text)
    urls = re.findall(r"^https://.*$", text, re.MULTILINE)
    assert sorted(urls) == sorted(re.findall(r'href="(https://[^"]*)"', message.html))
    text, html = (re.sub(r"https://\S+", "", part).casefold() for part in (text, html))
    assert Counter(re.findall(r"\w+", text)) == Counter(re.findall(r"\w+", html))


def test_nothing_is_loaded_from_outside() -> None:
    html = mail_on(DOCUMENT).html
    assert not re.search(r"<(img|link|script|iframe|object|form)|src=|url\(|@import|background=", html)


def test_the_html_is_well_formed() -> None:
    earlier = replace(VERSION, summary=None, omitted=3)
    html = mail_on(replace(DOCUMENT, versions=(VERSION, earlier)), replace(DOCUMENT, language="he")).html
    html5lib.HTMLParser(strict=True).parse(html)


HOSTILE = (
    '<script>alert(1)</script><p onclick="alert(2)" style="position:fixed">Text '
    '<a href="javascript:alert(3)">a</a> <a href="/relative/">b</a> <a href="https://x.example/<h1 ">c</a>'
    '<img src="https://tracker.example/pixel.gif"><iframe src="https://x.example/"></iframe></p>'
    '<style>p { display: none }</style><form action="https://x.example/"><input name=a></form>'
    "<h2 class='x' onmouseover=alert(4)>Heading</h2></div></div><svg onload=alert(5)>"
)


def test_a_hostile_redline_loses_everything_but_its_text() -> None:
    html = mail_on(with_version(redline_html=HOSTILE)).html
    assert not re.search(r"script|onclick|onmouseover|onload|position|tracker|iframe|<form|<input|svg", html)
    assert 'href="/relative' not in html
    assert "Heading" in html
    html5lib.HTMLParser(strict=True).parse(html)
    assert html.index("Heading") < html.index("not advertising")


def test_hostile_words_stay_words() -> None:
    nasty = "<script>alert(1)</script>\r\nBcc: all@example.com\x1b[31m\N{RIGHT-TO-LEFT OVERRIDE}"
    document = replace(
        DOCUMENT,
        title=nasty,
        versions=(
            replace(VERSION, summary=nasty, impact=nasty, changes=((nasty, nasty),), redline_text=nasty),
        ),
    )
    sender = replace(SENDER, contact="<b>us</b>", legal_name="<i>we</i>")
    message = mail_on(document, sender=sender)
    assert "<script" not in message.html
    assert "<b>" not in message.html
    assert "<i>" not in message.html
    assert not set(message.text) & {"\x1b", "\r", "\N{RIGHT-TO-LEFT OVERRIDE}"}
    assert "\n" not in message.subject
    assert email_to("anna@example.com", message)["Bcc"] is None


def test_policy_text_from_right_to_left_keeps_its_direction() -> None:
    document = replace(
        with_version(summary="אנו שומרים", redline_html="<h3>עוגיות</h3><ul><li>פריט</li></ul><p>a</p>"),
        title="מדיניות פרטיות",
        language="he",
    )
    message = mail_on(document)
    tree = LexborHTMLParser(message.html)
    redline = tree.css_first(".redline > div")
    assert redline
    assert redline.attributes["dir"] == "rtl"
    assert {block.attributes.get("dir") for block in redline.css("p, ul, li")} == {"auto"}
    assert tree.css_matches('p[lang="he"][dir="auto"]')
    assert (
        "“\N{FIRST STRONG ISOLATE}מדיניות פרטיות\N{POP DIRECTIONAL ISOLATE}” has changed" in message.subject
    )


def test_a_long_redline_is_cut_at_the_same_block_in_text_and_html() -> None:
    blocks = [f"Clause {number}: " + "слово за словом " * 20 for number in range(400)]
    message = mail_on(
        with_version(
            redline_html="".join(f"<p><ins>{block}</ins></p>" for block in blocks),
            redline_text="\n\n".join(blocks),
        )
    )
    assert len(bytes(email_to("anna@example.com", message))) <= MESSAGE_LIMIT_BYTES
    shown = re.findall(r"Clause \d+:", message.text)
    assert shown
    assert shown == re.findall(r"Clause \d+:", message.html)
    assert "see every change on our site" in message.text
    assert "see every change on our site" in message.html


def test_a_publication_of_many_documents_still_fits() -> None:
    documents = [replace(DOCUMENT, title=f"Document {number}") for number in range(96)]
    documents[7] = replace(documents[7], versions=(VERSION, VERSION))
    message = mail_on(*documents, language="ru")
    assert len(bytes(email_to("anna@example.com", message))) <= MESSAGE_LIMIT_BYTES
    for number in range(96):
        assert f"* Document {number}: " in message.text
    assert message.text.count(VERSION.impact or "-") == 96
    assert message.text.count(f"\n{VERSION.redline_url}\n") == 95
    assert message.text.count(f"\n{DOCUMENT.history_url}\n") == 1


def test_a_message_that_cannot_fit_is_refused_and_not_cut() -> None:
    with pytest.raises(MessageTooLargeError, match="shorten the summaries"):
        mail_on(with_version(summary="word " * 40_000))


def test_a_long_title_does_not_make_a_long_subject() -> None:
    assert len(mail_on(replace(DOCUMENT, title="title " * 100)).subject) <= 120


def test_emails_to_two_users_differ_only_in_recipient_and_message_id() -> None:
    message = mail_on(DOCUMENT, language="ru")
    anna, boris = (bytes(email_to(name, message)) for name in ("anna@example.com", "boris@example.com"))
    assert anna.replace(b"anna@", b"boris@") == boris
    assert mail_on(DOCUMENT, language="ru") == message


def test_an_email_is_sent_in_seven_bits_and_arrives_unchanged() -> None:
    message = mail_on(replace(DOCUMENT, title="Политика"), language="ru")
    raw = bytes(email_to("anna@example.com", message))
    assert raw.isascii()
    assert max(map(len, raw.splitlines())) <= 998  # RFC 5322, section 2.1.1
    back = message_from_bytes(raw, policy=policy.default)
    assert back["Subject"] == message.subject
    assert back["From"].addresses[0].display_name == "Example Market"
    text, html = back.get_body(("plain",)), back.get_body(("html",))
    assert text.get_content().replace("\r\n", "\n") == message.text  # type: ignore[union-attr]
    assert html.get_content().replace("\r\n", "\n") == message.html + "\n"  # type: ignore[union-attr]


def test_an_email_in_another_alphabet_uses_the_shorter_encoding() -> None:
    blocks = [f"<p>{'слово за словом ' * 20}</p>" for _ in range(60)]
    text = re.sub(r"</?p>", "\n", "".join(blocks)).strip()
    message = mail_on(with_version(redline_html="".join(blocks), redline_text=text), language="ru")
    assert "слово" in message.html
    whole = len(message.html.encode()) + len(message.text.encode())
    assert len(bytes(email_to("anna@example.com", message))) < 1.4 * whole  # base64, and its line ends


@pytest.mark.parametrize(
    ("contact", "link"),
    [
        ("privacy@example.com", 'href="mailto:privacy@example.com"'),
        ("https://example.com/contact", 'href="https://example.com/contact"'),
        ("1 Example Street", None),
        ("javascript:alert(1)", None),
    ],
)
def test_a_contact_that_can_be_clicked_is_a_link(contact: str, link: str | None) -> None:
    footer = mail_on(DOCUMENT, sender=replace(SENDER, contact=contact)).html.partition("Write to us:")[2]
    asked = footer.partition("</p>")[0]
    assert contact in asked
    assert (link in asked) if link else ("href" not in asked)


def test_answers_go_to_the_contact_with_its_domain_in_ascii() -> None:
    for contact, address in (
        ("privacy@bücher-example.com", "privacy@xn--bcher-example-wob.com"),
        ("https://example.com/contact", SENDER.address.addr_spec),
        ("письма@example.com", SENDER.address.addr_spec),
    ):
        assert reply_address(replace(SENDER, contact=contact)) == address


def test_the_one_button_leads_to_what_changed() -> None:
    html = mail_on(DOCUMENT).html
    tree = LexborHTMLParser(html)
    [button] = tree.css(".button a")
    assert button.text() == "See what changed"
    assert button.attributes["href"] == VERSION.redline_url
    [button] = LexborHTMLParser(mail_on(replace(DOCUMENT, is_new=True)).html).css(".button a")
    assert (button.text(), button.attributes["href"]) == ("Read the document", VERSION.page_url)
    assert not LexborHTMLParser(mail_on(DOCUMENT, replace(DOCUMENT, title="Terms")).html).css(".button")


@pytest.mark.parametrize("status", [Status.UPCOMING, Status.UPCOMING_LATER])
def test_a_link_to_the_current_version_says_until_when_it_applies(status: Status) -> None:
    upcoming = with_version(status=status, effective_on=date(2026, 6, 1))
    message = mail_on(upcoming)
    assert (
        "The version that applies now, until 31 May 2026:\nhttps://policies.example/privacy/\n"
        in message.text
    )
    assert "Current version" not in message.text


def test_a_text_in_another_language_than_the_message_is_explained_in_the_readers_language() -> None:
    assert "ещё" not in mail_on(replace(DOCUMENT, language="ru"), language="ru").text
    assert "пока нет, поэтому приводим текст на языке оригинала: английский." in (
        mail_on(DOCUMENT, language="ru").text
    )
    assert "so we show it in its original language: German." in mail_on(replace(DOCUMENT, language="de")).text
    assert "in your language" not in mail_on(replace(DOCUMENT, language="en-GB")).text


def test_a_reader_can_check_that_the_message_is_genuine() -> None:
    message = mail_on(DOCUMENT)
    said = "Sent by Example Market Ltd, 1 Example Street from policies@example.com."
    for part in (message.text, visible(message.html)):
        assert said in part
    assert message.text.endswith("Every change is listed there:\nhttps://policies.example/privacy/history/\n")
    assert mail_on(DOCUMENT, DOCUMENT).text.endswith("\nhttps://policies.example/\n")


@pytest.mark.parametrize("language", sorted(languages_in(LANGUAGES)))
def test_no_message_has_marks_of_markdown_or_the_word_redline(language: str) -> None:
    message = mail_on(DOCUMENT, replace(DOCUMENT, title="Terms"), language=language)
    assert not re.search(r"^(#|=|-){2,}|redline", message.text, re.MULTILINE | re.IGNORECASE)
    assert "redline" not in visible(message.html).casefold()


def test_a_message_has_the_companys_accent_in_light_and_in_dark() -> None:
    content = AnnouncedContent(
        site_name="Example Market",
        site_url="https://policies.example/",
        colours=PublishedColours(accent="#aa0000", accent_dark="#ffaaaa"),
        documents=(DOCUMENT,),
    )
    html = compose(content, language="en", sender=SENDER).html
    assert html.count("color: #aa0000") >= 3
    assert "#1d4f91" not in html
    assert "a { color: #ffaaaa !important; }" in html

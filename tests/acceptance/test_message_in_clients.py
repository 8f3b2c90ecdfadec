"""Checks the golden messages against caniemail's data: no email client harms their markup.

A client may leave out only what is listed here with its reason, and every entry of the list is needed.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

MAILS = sorted((Path(__file__).resolve().parents[1] / "golden" / "messages").glob("*.html"))

GMAIL_APPS = "gmail.android gmail.ios"  # their other accounts than Google's get no <style>
GMAIL_BASIC = "gmail.mobile-webmail"
GMAIL = f"{GMAIL_APPS} {GMAIL_BASIC} gmail.desktop-webmail"
APPLE = "apple-mail.ios apple-mail.macos"
WORD = "outlook.windows"  # lays out messages with the engine of Microsoft Word
OUTLOOK = "outlook.android outlook.ios outlook.macos outlook.outlook-com"
YAHOO_APPS = "yahoo.android yahoo.ios"
YAHOO = f"{YAHOO_APPS} yahoo.desktop-webmail"
MAIL_RU = "mail-ru.desktop-webmail"
SAMSUNG = "samsung-email.android"
THUNDERBIRD = (
    "thunderbird.macos"  # of Thunderbird for Windows, the same program, the data know next to nothing
)
CLIENTS = f"{GMAIL} {APPLE} {WORD} {OUTLOOK} {YAHOO} {MAIL_RU} {SAMSUNG} {THUNDERBIRD}".split()

# feature, clients, and why their readers lose nothing
HARMLESS = [
    # Dark colours are left out as a whole, and the light ones are complete without them.
    (
        "@media (prefers-color-scheme)",
        f"{GMAIL} {WORD} {YAHOO} {MAIL_RU} {THUNDERBIRD}",
        "the mail stays light",
    ),
    (
        "@media",
        f"{GMAIL_APPS} {GMAIL_BASIC} {WORD} {THUNDERBIRD} {SAMSUNG}",
        "only dark colours stand inside",
    ),
    ("@media", f"gmail.desktop-webmail {OUTLOOK} {MAIL_RU}", "it neither nests nor asks for a height"),
    ("@media", YAHOO, "the query for dark colours is none of those it knows, so the mail stays light"),
    ("<style> element", f"{GMAIL_APPS} {GMAIL_BASIC}", "only dark colours stand inside"),
    ("<style> element", "gmail.desktop-webmail", "it stands in the head and is far from 16 kB"),
    ("<style> element", WORD, "it stands before what it is for"),
    ("Class selector", f"{GMAIL_APPS} {GMAIL_BASIC}", "only dark colours are chosen by it"),
    ("Descendant combinator", f"{GMAIL_APPS} {GMAIL_BASIC}", "only dark colours are chosen by it"),
    ("Type selector", f"{GMAIL_APPS} {GMAIL_BASIC}", "only dark colours are chosen by it"),
    ("!important keyword", f"{GMAIL} {WORD} {YAHOO}", "lower case, a space before it, never inline"),
    (
        "color-scheme meta tag",
        f"{GMAIL} apple-mail.ios {WORD} {OUTLOOK} {YAHOO} {MAIL_RU} {SAMSUNG}",
        "it only announces the dark colours",
    ),
    # Word gets a table of its own around the message, for styles that it ignores on other elements.
    ("max-width", WORD, "its table is 640 pixels wide"),
    ("padding", WORD, "the cell of its table has some, and so has each box, which is a cell"),
    ("margin", WORD, "its table is centred; no margin is on a span"),
    ("width property", WORD, "only tables have one"),
    ("border", WORD, "of one pixel; under a paragraph it parts what headings part too"),
    ("border-radius", WORD, "corners are square"),
    ("border-spacing", f"{WORD} outlook.macos", "two pixels more around a box"),
    ("table-layout", WORD, "a word longer than the line widens its box"),
    ("word-wrap", f"{WORD} outlook.android", "a word longer than the line widens the mail"),
    ("line-height", WORD, "a bare number, which is no em and no pixel"),
    ("text-align", WORD, "heads of columns are centred"),
    ("white-space", f"{GMAIL_APPS} {WORD} {SAMSUNG}", "a long line of code has to be scrolled"),
    ("<ul>, <ol> and <dl>", WORD, "a number given to an item is shown all the same"),
    ("display", WORD, "only none, on what holds neither table nor picture"),
    ("display:none", WORD, "what is hidden holds neither table nor picture"),
    ("font-weight", WORD, "600 and 700 are bold there as elsewhere"),
    ("text-decoration", WORD, "always of one value"),
    ("background", WORD, "only colours"),
    ("font-size", WORD, "only pixels"),
    ("dir attribute", WORD, "no link has one"),
    ("table-layout", "outlook.macos", "it is fixed for every table there, so columns are of one width"),
    # Other elements already give the words what they need.
    (
        "text-decoration",
        GMAIL_APPS,
        "ins, del and a have their lines by themselves, which no style takes away",
    ),
    ("display:none", GMAIL_BASIC, "the line for the inbox is read twice"),
    ("dir attribute", GMAIL_BASIC, "one Arabic or Hebrew word aligns the whole mail to the right"),
    (
        "<body> element",
        f"{GMAIL} {OUTLOOK} {YAHOO} {MAIL_RU}",
        "the page inside has the colours",
    ),
    ("HTML5 doctype", f"{WORD} yahoo.android {SAMSUNG} {THUNDERBIRD}", "no style depends on it"),
    (
        "HTML5 semantics",
        f"{GMAIL} {WORD} {OUTLOOK} {YAHOO} {MAIL_RU}",
        "the words of a <mark> stay, unmarked",
    ),
    (
        "<bdi> element",
        f"{GMAIL} {WORD} {OUTLOOK} {YAHOO} {MAIL_RU}",
        "the words stay; blocks know their direction",
    ),
    (
        "overflow-wrap",
        f"{GMAIL_APPS} gmail.desktop-webmail {APPLE} {WORD} {OUTLOOK} {YAHOO}",
        "a table with a word longer than the screen has to be scrolled",
    ),
    (
        "overflow",
        f"{GMAIL} {APPLE} {WORD} {OUTLOOK} {YAHOO} {MAIL_RU} {SAMSUNG}",
        "caniemail takes overflow-wrap for it",
    ),
    # The messages do not use the missing part.
    ("word-wrap", "gmail.android gmail.desktop-webmail", "break-word is there for everything already"),
    ("<ul>, <ol> and <dl>", f"{GMAIL} {OUTLOOK} {YAHOO} {MAIL_RU}", "no list is reversed"),
    ("margin", f"{GMAIL} {OUTLOOK} {YAHOO} {MAIL_RU}", "none is negative"),
    ("background", YAHOO, "only colours"),
    ("border-radius", YAHOO, "no ellipses"),
    ("display", f"{GMAIL_APPS} {YAHOO}", "only none"),
    ("font-size", f"{YAHOO} {SAMSUNG}", "only pixels"),
    ("font-weight", YAHOO, "only 600 and 700"),
    ("lang attribute", YAHOO, "no cell has one"),
    ("mailto: links", "yahoo.android", "no bcc"),
    ("role attribute", YAHOO, "only tables have one"),
    ("text-align", f"{GMAIL_BASIC} gmail.android outlook.android {SAMSUNG}", "only start"),
    ("text-align", YAHOO, "heads of columns are centred"),
    ("white-space", YAHOO_APPS, "pre-wrap, not pre"),
]


def test_a_message_uses_nothing_that_harms_its_readers_in_any_client(
    node: Callable[..., list[str | Path]],
) -> None:
    command = node("mail_clients.mjs", ",".join(CLIENTS), *MAILS)
    found = json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)
    said = {(issue["feature"], issue["client"]): issue["notes"] for issue in found}
    listed = [(feature, client) for feature, clients, _ in HARMLESS for client in clients.split()]
    assert {issue: notes for issue, notes in said.items() if issue not in listed} == {}
    assert [issue for issue in listed if issue not in said] == []
    assert len(listed) == len(set(listed))


def test_no_cell_has_a_language_which_yahoo_would_drop() -> None:
    for mail in MAILS:
        assert re.findall(r"<t[dh][^>]* lang=", mail.read_text(encoding="utf8")) == []

"""Headers of any language arrive as they were meant: decoded here by the rules, not by Python's email."""

from __future__ import annotations

import base64
import re
from datetime import date
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP

import pytest
from babel.dates import format_date
from hypothesis import given
from hypothesis import strategies as st

from subscribers.messages.compose import LANGUAGES
from subscribers.messages.headers import Header, address_header, text_header
from subscribers.words import languages_in, load_words

ENCODED = re.compile(r"=\?([^?]+)\?([bq])\?([^?\s]*)\?=", re.IGNORECASE)


def decode_word(charset: str, letter: str, text: str) -> str:
    """One encoded word, RFC 2047, section 4."""
    if letter.lower() == "b":
        raw = base64.b64decode(text, validate=True)
    else:
        spaced = text.replace("_", " ").encode("ascii")
        raw = re.sub(rb"=([0-9A-F]{2})", lambda match: bytes([int(match[1], 16)]), spaced)
    return raw.decode(charset)  # each word by itself: a character is never cut


def decode(value: str) -> str:
    """A header's text as a reader shows it: unfolded, blanks between encoded words ignored (section 6.2)."""
    unfolded = re.sub(r"\r\n(?=[ \t])", "", value)
    joined = re.sub(r"(\?=)[ \t]+(?==\?)", r"\1", unfolded)
    return ENCODED.sub(lambda match: decode_word(match[1], match[2], match[3]), joined)


def decode_address(value: str) -> tuple[str, str]:
    """Display name and address of a header with one mailbox, RFC 5322, section 3.4."""
    unfolded = re.sub(r"\r\n(?=[ \t])", "", value)
    match = re.fullmatch(r"(?:(.*?) +)?<([^<>\s]+)>|([^<>\s]+)", unfolded)
    assert match, value
    name = match[1] or ""
    if name.startswith('"'):
        assert re.fullmatch(r'"(?:[^"\\]|\\.)*"', name), name
        assert "=?" not in name
        return re.sub(r"\\(.)", r"\1", name[1:-1]), match[2]
    if "=?" not in name:
        assert re.fullmatch(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*", name), name
    return decode(name), match[2] or match[3]


def written(header: Header) -> str:
    """The value on the line, and the rules for lines and words."""
    text = header.fold(policy=SMTP)
    assert text.isascii()
    assert text.endswith("\r\n")
    name, _, value = text.removesuffix("\r\n").partition(": ")
    assert name == header.name
    lines = f"{name}: {value}".split("\r\n")
    assert not any("\r" in line or "\n" in line for line in lines)
    for line in lines:
        assert line.strip()
        assert len(line) <= (76 if "=?" in line else 78) or "@" in line
    assert all(line.startswith(" ") for line in lines[1:])
    assert all(len(match[0]) <= 75 for match in ENCODED.finditer(text))
    return value


def meant(text: str) -> str:
    """The part of a text that can arrive: one line without control characters."""
    return re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", " ", text).strip()


WORDS = st.text(
    st.one_of(
        st.characters(blacklist_categories=["Cs"]),
        st.sampled_from(' \t\r\n"\\,;:<>@()=?_«»жяé字👩‍👩‍👧🏳️‍🌈́̈'),
    ),
    max_size=120,
)


@given(WORDS)
def test_every_subject_arrives_as_it_was_meant(text: str) -> None:
    assert decode(written(text_header("Subject", text))) == meant(text)


@given(WORDS, st.sampled_from(["From", "Reply-To"]))
def test_every_display_name_arrives_as_it_was_meant(name: str, header: str) -> None:
    value = written(address_header(header, name, "privacy@shop.example"))
    assert decode_address(value) == (meant(name), "privacy@shop.example")


TITLES = ("Политика", "персональных данных", "Условия", "Terms", "of use", "«Ромашка»", "2026")


OTHERS = "ar de el fa fr he hi ja ka ko pl th tr uk vi zh"


@pytest.mark.parametrize("code", sorted({*languages_in(LANGUAGES), *OTHERS.split(" ")}))
@given(
    day=st.dates(date(2020, 1, 1), date(2040, 1, 1)),
    titles=st.lists(st.sampled_from(TITLES), min_size=1, max_size=6),
)
def test_every_language_and_date_arrives(code: str, day: date, titles: list[str]) -> None:
    sentence = load_words(LANGUAGES, code).texts["subject"]
    days = " ".join(format_date(day, format=form, locale=code) for form in ("full", "long", "short"))
    subject = f"{sentence} {' '.join(titles)}: {days}"
    assert decode(written(text_header("Subject", subject))) == subject
    assert decode_address(written(address_header("From", subject, "a@b.example")))[0] == subject


@pytest.mark.parametrize(
    "text",
    [
        "x\r\nBcc: everybody@example.com",
        "x\n\nbody",
        "x\rBcc: a@b.example",
        "x\u2028Bcc: a@b.example",
        "x\x00y",
    ],
)
def test_no_header_can_be_added_through_text(text: str) -> None:
    email = EmailMessage(policy=SMTP)
    email["Subject"] = text_header("Subject", text)
    email["From"] = address_header("From", text, "privacy@shop.example")
    email.set_content("text")
    read = message_from_bytes(email.as_bytes())
    assert read["Bcc"] is None
    assert sorted(read.keys()) == sorted(email.keys())


def test_plain_english_stays_as_it_is() -> None:
    assert written(text_header("Subject", "Privacy policy: changes from 1 May")) == (
        "Privacy policy: changes from 1 May"
    )
    assert written(address_header("From", "Example Shop", "a@b.example")) == "Example Shop <a@b.example>"
    assert written(address_header("From", "", "a@b.example")) == "a@b.example"
    assert written(address_header("From", 'Shop, "the" best', "a@b.example")) == (
        '"Shop, \\"the\\" best" <a@b.example>'
    )


def test_text_that_looks_encoded_arrives_unchanged() -> None:
    title = "=?utf-8?q?Free=20money?= policy"
    assert decode(written(text_header("Subject", title))) == title


def test_a_long_english_subject_is_folded_at_spaces() -> None:
    subject = (
        "Changes to the privacy policy, the terms of use and the cookie notice of Example Market, from May"
    )
    value = written(text_header("Subject", subject))
    assert value.replace("\r\n", "") == subject


def test_half_a_character_does_not_stop_a_message() -> None:
    assert decode(written(text_header("Subject", "a\ud800b"))) == "a\ufffdb"

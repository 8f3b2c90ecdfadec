"""Which text is an email address, and how it is stored."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from subscribers.users.email_addresses import read_address, read_unusual_address

_LOCAL = st.text("abzAZ09._+-'\"é", max_size=12) | st.sampled_from(["a" * 64, "a" * 65, "a..b", "Info"])
_LABEL = st.text("abxnXZ09-é", max_size=6) | st.sampled_from(
    ["xn--e1afmkfd", "ab--cd", "a" * 63, "a" * 64, "xn--", "localhost", "test", "пример"]
)
_TOP = st.sampled_from(
    ["com", "RU", "test", "local", "arpa", "c", "xn--p1ai", "123", "co1", "рф", "c-m", "onion", "ab--cd", "K"]
)
_NEARLY_AN_ADDRESS = st.builds(
    lambda local, labels, top: f"{local}@{'.'.join([*labels, top])}",
    _LOCAL,
    st.lists(_LABEL, max_size=5),
    _TOP,
)


def _answer(read: Callable[[str], str], text: str) -> str:
    try:
        return read(text)
    except ValueError as refusal:
        return f"refused: {refusal}"


@given(_NEARLY_AN_ADDRESS | st.text(max_size=40) | st.emails())
@settings(max_examples=600, deadline=None)
def test_the_fast_path_agrees_with_email_validator(text: str) -> None:
    assert _answer(read_address, text) == _answer(read_unusual_address, text)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Anna@Example.COM", "anna@example.com"),
        ("anna+shop@example.com", "anna+shop@example.com"),
        ("anna@пример.рф", "anna@xn--e1afmkfd.xn--p1ai"),
        ("anna@XN--E1AFMKFD.xn--p1ai", "anna@xn--e1afmkfd.xn--p1ai"),
        ("анна@example.com", "анна@example.com"),
        ("o'neil@example.com", "o'neil@example.com"),
    ],
)
def test_one_mailbox_has_one_spelling(text: str, kept: str) -> None:
    assert read_address(text) == kept
    assert read_address(kept) == kept


@pytest.mark.parametrize(
    "text",
    [
        "",
        "anna",
        "anna@",
        "@example.com",
        "anna@example",
        "anna@localhost",
        "anna@example.test",
        "anna@[127.0.0.1]",
        "Anna <anna@example.com>",
        "anna@example.com, boris@example.com",
        "anna@example.com\nBcc: boris@example.com",
        "anna@example.com\r\n",
        "anna\0@example.com",
        "anna@exam\u202eple.com",
        "a" * 65 + "@example.com",
        "anna@" + "a" * 64 + ".com",
        "anna@" + "a.b." * 63 + "com",
    ],
)
def test_text_that_is_not_an_email_address_is_refused_without_quoting_it(text: str) -> None:
    with pytest.raises(ValueError, match=r".+") as refusal:
        read_address(text)
    assert "anna@" not in str(refusal.value)
    assert "\n" not in str(refusal.value)

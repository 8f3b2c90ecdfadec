"""Printed text is never obeyed by a terminal, a log or a workflow."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator import printable as of_the_site
from subscribers import printable as of_the_messages


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("policy/privacy.md", "policy/privacy.md"),
        ("x\x1b[31m", r"x\x1b[31m"),
        ("a\x9bb\x7fc\x00d", r"a\x9bb\x7fc\x00d"),
        ("a\nb\rc\u2028d\u2029e\x85f\x0bg", r"a\nb\rc\u2028d\u2029e\x85f\x0bg"),
        ("::error title=x::y", r"\x3a:error title=x::y"),
        ("  ::add-mask::y", r"  \x3a:add-mask::y"),
        ("a.md: ::error::y", "a.md: ::error::y"),
        ("x ##[error]y ##vso[task.setvariable]z", r"x \x23#[error]y \x23#vso[task.setvariable]z"),
        ("## 2. Words [a]", "## 2. Words [a]"),
        ("half \ud800 of a sign, \udcff a byte", r"half \ud800 of a sign, \udcff a byte"),
        ("right \u202eto left \u2066over", r"right \u202eto left \u2066over"),
        ("в\u00a0течение 10\u202fдней", "в\u00a0течение 10\u202fдней"),
        ("می\u200cخواهم \u200fשלום", "می\u200cخواهم \u200fשלום"),
        ("日本 👩\u200d💻 ½", "日本 👩\u200d💻 ½"),
    ],
)
def test_one_line_escapes_characters_that_would_be_obeyed(text: str, shown: str) -> None:
    assert of_the_site.one_line(text) == shown


def test_several_lines_keep_line_breaks_and_escape_each_line() -> None:
    assert of_the_site.several_lines("a\n\t::error::b\n::c\x1b") == "a\n\t\\x3a:error::b\n\\x3a:c\\x1b"


@given(st.text(st.characters(codec=None, categories=["Cc", "Cf", "Cs", "Zl", "Zs", "Po", "Lu"])))
def test_any_text_becomes_one_line_that_can_be_encoded(text: str) -> None:
    shown = of_the_site.one_line(text)
    assert len(shown.splitlines()) <= 1
    assert shown.encode() is not None
    assert not shown.lstrip().startswith("::")
    assert "##[" not in shown
    assert of_the_site.one_line(shown) == shown


@given(st.text())
def test_both_packages_escape_alike(text: str) -> None:
    assert of_the_messages.one_line(text) == of_the_site.one_line(text)
    assert of_the_messages.several_lines(text) == of_the_site.several_lines(text)

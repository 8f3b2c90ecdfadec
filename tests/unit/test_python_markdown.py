"""Python-Markdown as we call it: its own HTML for every text, and a refusal of what it would never finish."""

from __future__ import annotations

import markdown
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.markdown.python_markdown import Converter, UnrenderableError
from generator.markdown.renderer import DEFAULT_EXTENSIONS

PLAIN = ["toc", "tables", "fenced_code"]
SIGNS = ["*", "**", "_", "`", "[a](b)", "[", "](", "![x](y)", "<b>", "</b>", "&amp;", "&", "\\", "  \n", "\n"]
SIGNS += ["\n\n", "# ", "> ", "* ", "1. ", "| a | b |\n|---|---|\n| c | d |", "```\n", "<!-- c -->", "[^1]"]
SIGNS += ["word", " ", "http://a.b", "<http://a.b>", "{#id}", "--", "(c)", "Term\n:   "]
texts = st.lists(st.sampled_from(SIGNS), max_size=40).map("".join)


@settings(max_examples=200, deadline=None)
@given(texts)
def test_the_html_is_python_markdowns_own(text: str) -> None:
    for extensions in (PLAIN, list(DEFAULT_EXTENSIONS)):
        made, own = Converter(extensions).convert(text), markdown.markdown(text, extensions=extensions)
        assert made == own or made.count("<td>") > own.count("<td>"), "but for cells beyond the header"


@pytest.mark.parametrize(
    ("extension", "text"),
    [("nl2br", "a\nb"), ("smarty", 'a "b" -- c'), ("pymdownx.magiclink", "see https://a.example now")],
)
def test_an_extension_that_reads_plain_words_gets_them(extension: str, text: str) -> None:
    made = Converter([extension]).convert(text)
    assert made == markdown.markdown(text, extensions=[extension])
    assert made != f"<p>{text}</p>"


def test_many_blocks_are_parsed_as_few_are() -> None:
    text = "\n\n".join(f"{n}. one\n\n    more\n\n> said {n}\n\n    code\n\nTerm\n:   {n}" for n in range(400))
    made = Converter(DEFAULT_EXTENSIONS).convert(text)
    assert made == markdown.markdown(text, extensions=list(DEFAULT_EXTENSIONS))


HOSTILE = ["[", "[a ", "![a ", "[a](b ", "[a]((", "`a", "**a ", "_a __b ", "> ", "<a ", "<div ", "<![CDATA["]
HOSTILE += [
    "<http://a ",
    "\\",
    "```\n",
    "~~~\n\n",
    "-\n",
    "a\n=\n",
    "<span>",
    "<div>",
    "</div>",
    "&a",
    "|",
    "#",
]


@pytest.mark.parametrize("unit", HOSTILE)
def test_a_megabyte_of_anything_is_converted_or_refused_with_a_remedy(unit: str) -> None:
    converter = Converter(DEFAULT_EXTENSIONS)
    refusal = ""
    try:
        converter.convert(unit * (1_000_000 // len(unit)))
    except UnrenderableError as error:
        refusal = str(error)
    assert refusal == "" or refusal.split("; ")[1].startswith(("close the brackets", "flatten"))
    assert converter.convert("[a](b)") == '<p><a href="b">a</a></p>', "as good as new afterwards"

"""Front matter: rule 13 of the versions and R10."""

from __future__ import annotations

from datetime import date

import pytest

from generator.markdown.renderer import DEFAULT_EXTENSIONS, Renderer
from generator.versions.document import read_text
from generator.versions.front_matter import FrontMatter, SplitText, split_front_matter

RENDERER = Renderer(DEFAULT_EXTENSIONS, {})


def seen(text: str) -> str:
    return read_text(text.encode(), RENDERER).content_sha256


def told(split: SplitText) -> list[tuple[int | None, str]]:
    return [(problem.line, problem.text) for problem in split.problems]


@pytest.mark.parametrize(
    "text", ["---\ntitle: A\n---\nBody", "---  \ntitle: A\n...\nBody", "---\t\ntitle: A\n--- \nBody"]
)
def test_front_matter_is_between_dashed_lines_at_the_start(text: str) -> None:
    split = split_front_matter(text)
    assert split.front.title == "A"
    assert split.body == "Body"
    assert split.body_line == 4
    assert split.problems == ()


@pytest.mark.parametrize(
    "text",
    ["\n---\ntitle: A\n---\n", "----\ntitle: A\n---\n", "---\ntitle: A\n", "--- x\ntitle: A\n---", "", "---"],
)
def test_a_text_without_complete_front_matter_is_all_body(text: str) -> None:
    assert split_front_matter(text) == SplitText(front=FrontMatter(), body=text, body_line=1, problems=())


@pytest.mark.parametrize("block", ["", "\n", "# only a comment\n", "   \n"])
def test_an_empty_block_is_front_matter(block: str) -> None:
    split = split_front_matter(f"---\n{block}---\nBody")
    assert (split.front, split.body, split.problems) == (FrontMatter(), "Body", ())


@pytest.mark.parametrize("block", ["- a\n- b\n", "just words\n", "[1, 2]\n"])
def test_a_block_that_is_no_mapping_is_body_text(block: str) -> None:
    text = f"---\n{block}---\nBody"
    split = split_front_matter(text)
    assert split.body == text
    assert told(split) == [
        (
            2,
            "the front matter is not a list of `key: value`, so readers see it as text; "
            "write `key: value` lines between `---` lines",
        )
    ]


@pytest.mark.parametrize(
    ("block", "line"),
    [
        ("title: A\nsummary: [\n", 4),
        ("title: A\nb: c: d\n", 3),
        ("title: 'A\n", 2),
        ("\ttitle: A\n", 2),
        ("? [b]\n: c\n", 2),
        ("a: 1\n--- \nb: 2\n", None),
        ("a: \x80\n", 1),
        ("[" * 100_000, 1),
    ],
    ids=lambda value: repr(value)[:24],
)
def test_a_block_that_is_not_yaml_is_body_text(block: str, line: int | None) -> None:
    text = f"---\n{block}\n---\nBody"
    split = split_front_matter(text)
    if line is None:
        assert split.front == FrontMatter(unknown={"a": "1"})
        return
    assert split.body == text
    assert split.front == FrontMatter()
    assert split.problems[0].refused
    assert split.problems[0].line == line
    assert "readers see it as text" in split.problems[0].text


def test_every_scalar_is_read_as_a_string() -> None:
    split = split_front_matter(
        "---\ntitle: 1.10\nversion: 2.0\nsummary: yes\nimpact: 2024-01-01\nn: null\n---\n"
    )
    assert split.front.title == "1.10"
    assert split.front.version == "2.0"
    assert split.front.summary == "yes"
    assert split.front.impact == "2024-01-01"
    assert split.front.unknown == {"n": "null"}


def test_tags_in_yaml_make_no_objects() -> None:
    split = split_front_matter("---\ntitle: !!python/object/apply:os.getcwd []\nsummary: !!int 3\n---\n")
    assert split.front.summary == "3"
    assert split.front.title is None


@pytest.mark.parametrize(
    "spelling",
    [
        "2024-2-1",
        '"2024-02-01"',
        "2024-02-01T10:00Z",
        "2024-02-01 10:00:00.5 +03:00",
        "'2024-2-01'",
        " 2024-02-01 ",
    ],
)
def test_an_effective_date_is_a_calendar_day_however_it_is_spelled(spelling: str) -> None:
    text = f"---\neffective: {spelling}\n---\nBody"
    assert split_front_matter(text).front.effective == date(2024, 2, 1)
    assert seen(text) == seen("---\neffective: 2024-02-01\n---\nBody")


@pytest.mark.parametrize(
    "spelling", ["1 Feb 2024", "2024-02-30", "2024-13-01", "24-02-01", "2024-02-01x", "2024", "0000-01-01"]
)
def test_another_spelling_of_the_effective_date_is_text(spelling: str) -> None:
    text = f"---\neffective: {spelling}\n---\nBody"
    split = split_front_matter(text)
    assert split.front.effective is None
    assert split.front.effective_text == spelling
    assert told(split) == [(2, f"`effective` is not a date: {spelling!r}; write it as 2026-11-22")]
    assert seen(text) != seen("Body")


@pytest.mark.parametrize(
    "front",
    [
        "title:\neffective:\n",
        "title: ''\n",
        "Title: A\nEFFECTIVE: 2024-01-01\n",
        "title: [A]\n",
        "effective: {a: b}\n",
        "summary: A\nchange: material\n",
    ],
)
def test_absent_empty_and_unknown_keys_are_equal(front: str) -> None:
    assert seen(f"---\n{front}---\nBody") == seen("Body")


def test_no_default_title_is_derived_for_comparison() -> None:
    assert seen("---\ntitle: A\n---\n# A") != seen("# A")


def test_white_space_in_a_title_does_not_count() -> None:
    assert seen('---\ntitle: "A \\u00a0 B\\u200b"\n---\n') == seen("---\ntitle: A\n  B\n---\n")


@pytest.mark.parametrize(
    "key", ["title", "effective", "change", "summary", "impact", "approved_by", "version"]
)
def test_a_list_where_text_belongs_counts_as_absent_and_is_refused(key: str) -> None:
    split = split_front_matter(f"---\nother: x\n{key}: [a]\n---\nBody")
    assert told(split) == [(3, f"`{key}` is a list or a mapping, so it is ignored; write one line of text")]
    assert split.problems[0].refused
    assert split.front == FrontMatter(unknown={"other": "x"})


@pytest.mark.parametrize("change", ["Material", "major", "true"])
def test_another_class_of_change_counts_as_absent_and_is_refused(change: str) -> None:
    split = split_front_matter(f"---\nchange: {change}\n---\n")
    assert split.front.change is None
    assert told(split) == [(2, f"`change` is {change!r}, so it is ignored; write `material` or `editorial`")]


def test_unknown_keys_are_kept() -> None:
    split = split_front_matter("---\nowner: Legal\ntags: [a, b]\nnested: {c: d}\n---\n")
    assert split.front.unknown == {"owner": "Legal", "tags": ["a", "b"], "nested": {"c": "d"}}


@pytest.mark.parametrize(
    ("block", "key"),
    [
        ("title: &t A\nsummary: *t", "summary"),
        ("summary: *nowhere", "summary"),
        ("title: A\nother: [a, {b: [*c]}]", "other"),
        ("title: A\n<<: *base", "<<"),
        ("title: A\nother: &o [*o]", "other"),
        ("title: A\n*t : words", "*"),
    ],
)
def test_an_alias_counts_as_absent_and_is_refused(block: str, key: str) -> None:
    split = split_front_matter(f"---\n{block}\n---\nBody")
    (problem,) = split.problems
    assert problem.refused
    assert problem.text == f"`{key}` contains a YAML alias, so it is ignored; write the words out"
    assert problem.line == block.count("\n") + 2
    assert (split.front.summary, split.front.unknown, split.body) == (None, {}, "Body")


def test_aliases_that_would_grow_without_end_cost_nothing() -> None:
    bomb = "".join(f"k{n}: &k{n} [{', '.join([f'*k{n - 1}'] * 9) if n else 'x'}]\n" for n in range(30))
    split = split_front_matter(f"---\n{bomb}title: &t A\n---\nBody")
    assert (split.front.title, split.body, len(split.problems)) == ("A", "Body", 29)


def test_a_block_too_long_to_be_read_is_refused() -> None:
    split = split_front_matter("---\nsummary: " + "word " * 30_000 + "\n---\nBody")
    (problem,) = split.problems
    assert problem.refused
    assert "longer than 100,000 characters" in problem.text


@pytest.mark.parametrize("key", ["title", "summary", "impact", "approved_by", "version"])
@pytest.mark.parametrize(
    ("written", "read"),
    [
        (r"a\e[31mb", "a[31mb"),
        (r"a\ab\bc\0d", "abcd"),
        (r"a\x9bb\x7fc", "abc"),
        (r"a\x85b\x0bc\x0cd", "a b c d"),
        (r"a\ud800b\udfffc", "a\ufffdb\ufffdc"),
        (r"a\ufffeb\uffffc", "abc"),
    ],
)
def test_a_sign_that_is_none_is_cleaned_after_decoding(key: str, written: str, read: str) -> None:
    split = split_front_matter(f'---\n{key}: "{written}"\n---\nBody')
    assert getattr(split.front, key) == read
    assert told(split) == [(2, f"`{key}` contains control characters, which are left out; remove them")]


def test_what_a_language_is_spelt_with_stays() -> None:
    words = "a\u00a0b می\u200cخواهم \u202ahttps://a.example\u202c 👩\u200d💻\ttab"
    assert split_front_matter(f"---\nsummary: '{words}'\n---\n").front.summary == words


def test_of_a_key_given_twice_the_last_counts_and_it_is_refused() -> None:
    split = split_front_matter("---\nchange: huge\nchange: editorial\n---\n")
    assert split.front.change == "editorial"
    assert told(split) == [(3, "`change` is used twice, first in line 2; keep the correct one")]
    assert split.problems[0].refused

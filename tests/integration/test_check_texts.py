"""The check of texts: merge conflicts, letters, clause numbers, links and files."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.checked_site import changed, checked, findings, site_with_a_policy
from support.policy_site import PolicySite

from generator.checking.report_formats import as_annotations, as_markdown, as_text


@pytest.fixture
def site(tmp_path: Path) -> PolicySite:
    return site_with_a_policy(tmp_path)


def about(site: PolicySite, body: str) -> list[str]:
    """The findings in a body, without path and line."""
    return [finding.partition(".md:")[2] for finding in findings(site, changed(body))]


CONFLICT = "<<<<<<< HEAD\nTwo days.\n||||||| base\nOne day.\n=======\nThree days.\n>>>>>>> other"


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        (CONFLICT, [11, 13, 17]),
        (CONFLICT.replace("\n", "\r\n"), [11, 13, 17]),
        ("<<<<<<< HEAD\nTwo days.", [11]),
        ("Two days.\n>>>>>>> other", [12]),
        ("- a\n\n```\n<<<<<<< HEAD\nTwo days.\n```", [14]),
    ],
    ids=["diff3", "crlf", "only the first", "only the last", "half in a code block"],
)
def test_a_merge_conflict_is_refused(site: PolicySite, body: str, lines: list[int]) -> None:
    found = about(site, body)
    assert [int(finding.partition(":")[0]) for finding in found] == lines
    assert all("error: `" in finding and "merge conflict" in finding for finding in found)


def test_a_merge_conflict_in_the_front_matter_is_refused(site: PolicySite) -> None:
    text = changed("Two days.").replace("summary:", "<<<<<<< HEAD\nsummary: a\n=======\nsummary:", 1)
    assert any("merge conflict" in finding for finding in findings(site, text))


def test_an_example_of_a_conflict_in_a_code_block_is_only_a_warning(site: PolicySite) -> None:
    found = about(site, f"Merge like this:\n\n```\n{CONFLICT}\n```")
    assert found
    assert all("warning" in finding for finding in found)


@pytest.mark.parametrize(
    "body", ["Heading\n=======\n\nText.", "> > > > quoted", "a >>>>>>> b", "    <<<<<<<"]
)
def test_what_only_resembles_a_conflict_passes(site: PolicySite, body: str) -> None:
    assert about(site, body) == []


def test_a_lone_middle_marker_of_a_conflict_is_a_warning(site: PolicySite) -> None:
    [finding] = about(site, "Two days.\n=======\nThree days.")
    assert "12: warning: `=======` looks like" in finding


@pytest.mark.parametrize("host", ["git-lfs", "hawser"])
def test_a_pointer_of_git_lfs_is_refused(site: PolicySite, host: str) -> None:
    pointer = f"version https://{host}.github.com/spec/v1\noid sha256:{'7' * 64}\nsize 12\n"
    found = findings(site, pointer)
    assert any("1: error: the file is a Git LFS pointer" in finding for finding in found)


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("sumary", "summary"),
        ("Summary", "summary"),
        ("SUMMARY", "summary"),
        ("summaries", "summary"),
        ("summаry", "summary"),
        ("сводка", "summary"),
        ("effective-date", "effective"),
        ("Effective Date", "effective"),
    ],
)
def test_a_misspelt_key_is_reported_with_the_correct_one(site: PolicySite, key: str, meant: str) -> None:
    text = changed("Two days.").replace(f"{meant}:", f"{key}:", 1)
    assert any(
        f"error: `{key}` is not a known key, so it is ignored; did you mean `{meant}`?" in finding
        for finding in findings(site, text)
    )


@pytest.mark.parametrize("key", ["owner", "tags", "description", "status", "versions", "reviewed_on"])
def test_keys_of_other_programs_pass(site: PolicySite, key: str) -> None:
    assert findings(site, changed("Two days.", **{key: "x"})) == []


def test_a_repeated_key_is_refused(site: PolicySite) -> None:
    found = findings(site, changed("Two days.").replace("impact:", "summary: Other.\nimpact:"))
    assert any("5: error: `summary` is used twice, first in line 4" in finding for finding in found)


def test_a_value_that_a_number_sign_cuts_off_is_found(site: PolicySite) -> None:
    [finding] = findings(site, changed("Two days.", summary="We changed section #5"))
    assert "4: warning: the value of `summary` ends before the #" in finding
    assert findings(site, changed("Two days.", summary='"We changed section #5"', ticket="5 # ours")) == []


@pytest.mark.parametrize(
    "words",
    [
        "We use c\u043e\u043ekies",
        "Read \u0391pple\u2019s terms",
        "Мы не \u043fp\u043eдаём их",
        "We pay \u0430 fee every month",
        "Мы храним их c вами вместе",
        "We use ｃｏｏｋｉｅｓ",
        "our web\u200bsites",
        "our web&#8203;sites",
        "our \u202eskooc",
        "a co\ufeffokie",
    ],
)
def test_lookalike_letters_and_invisible_characters_are_warnings(site: PolicySite, words: str) -> None:
    [finding] = about(site, words)
    assert finding.startswith("11: warning: ")


@pytest.mark.parametrize(
    "words",
    [
        "IT-отдел, VIPов, 5G-сеть и SMS-ка",
        "β-testing of 10 kΩ, Δx and μm",
        "Мы храним e-mail и cookie-файлы",
        "пункт a), пункт с) и приложение A",
        "Ελληνικά κείμενο και cookies",
        "👨\u200d👩\u200d👧 and 🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
        "سلام\u200cها و\u200f",
        "שלום \u200eabc",
        "你好，ｗｅｂ 网站",
        "naïve café, İstanbul, Daten\u00adschutz",
        "`c\u043e\u043ekies` and <https://example.org/c\u043e\u043ekies>",
    ],
)
def test_correct_words_in_mixed_alphabets_pass(site: PolicySite, words: str) -> None:
    assert about(site, words) == []


def test_a_wholly_russian_text_passes(site: PolicySite) -> None:
    policy = Path(__file__).parents[2] / "policy" / "privacy.ru.md"
    _, _, body = policy.read_text(encoding="utf8")[4:].partition("\n---\n")
    assert about(site, body) == []


def test_clauses_with_a_different_number_on_github_are_warnings(site: PolicySite) -> None:
    found = about(site, "1. One\n   1. Below one\n2. Two")
    assert found == [
        "12: warning: “Below one” has the number 2 on the site and 1.1 on GitHub; "
        "indent a list inside a list by four spaces, and begin each list with 1",
        "13: warning: “Two” has the number 3 on the site and 2 on GitHub; "
        "indent a list inside a list by four spaces, and begin each list with 1",
    ]


def test_clauses_with_the_same_number_everywhere_pass(site: PolicySite) -> None:
    assert about(site, "1. One {#one}\n    1. Below one\n2. **Two**\n\nText.\n\n- a\n- b") == []


def test_a_number_that_was_different_before_is_not_reported_again(site: PolicySite) -> None:
    site.publish("privacy.md", changed("3. Three", summary="Third.", impact="Three.", effective="2026-05-20"))
    assert about(site, "3. Three\n\nMore.") == []


TERMS = "# Terms\n\n## Fees {#fees}\n\nSee [privacy](privacy.md#top) and [rights](privacy.md#rights).\n"


@pytest.fixture
def linked(site: PolicySite) -> PolicySite:
    """Two documents that link to each other, with a picture and a link that was broken before."""
    site.publish("terms.md", TERMS)
    site.publish("pictures/scheme.png", b"\x89PNG")
    site.publish(
        "privacy.md",
        changed("## Rights {#rights}\n\n[Gone](gone.md)", summary="Rights.", impact="Rights!"),
    )
    return site


@pytest.mark.parametrize(
    ("body", "line", "problem"),
    [
        ("## Your rights", 5, "terms.md:5: warning: the link `privacy.md#rights` leads to no clause"),
        ("## Rights {#rights}\n\n[a](#right)", 13, "did you mean `#rights`?"),
        (
            "## Rights {#rights}\n\n[a](rules.md)",
            13,
            "the link `rules.md` leads to a file that does not exist",
        ),
        ("## Rights {#rights}\n\n[a](term.md)", 13, "did you mean `terms.md`?"),
        ("## Rights {#rights}\n\n[a](terms.md#fee)", 13, "did you mean `#fees`?"),
        ("## Rights {#rights}\n\n![a](pictures/other.png)", 13, "the picture `pictures/other.png`"),
        (
            "## Rights {#rights}\n\n[a](../README.md)",
            13,
            "the link `../README.md` leads to a file that does not exist",
        ),
        (
            "## Rights {#rights}\n\n<a href='rules.md'>a</a>",
            13,
            "the link `rules.md` leads to a file that does not exist",
        ),
    ],
)
def test_a_link_that_a_change_breaks_is_a_warning(
    linked: PolicySite, body: str, line: int, problem: str
) -> None:
    found = [finding for finding in findings(linked, changed(body)) if "effective" not in finding]
    assert len(found) == 1, found
    assert problem in found[0]
    assert f":{line}: warning: " in found[0]


@pytest.mark.parametrize(
    "link",
    [
        "#rights", "#top", "#", "terms.md", "terms.md#fees", "terms/", "../terms/#fees",
        "pictures/scheme.png", "https://example.org/#x", "mailto:a@example.org", "/elsewhere/", "data.md",
        "#%72ights", "terms.md?a=b#fees", "#more-rights", "gone.md",
    ],
)  # fmt: skip
def test_a_link_that_leads_somewhere_passes(linked: PolicySite, link: str) -> None:
    linked.publish("data.md", "# Data\n")
    linked.repository.move("policy/data.md", "policy/facts.md")
    linked.repository.commit()
    body = f"## Rights {{#rights}}\n\n## More rights\n\n[Gone](gone.md) [a]({link})"
    assert [finding for finding in findings(linked, changed(body)) if "link" in finding] == []


def test_files_beside_the_texts_are_listed(site: PolicySite) -> None:
    site.publish("old.png", b"1")
    site.repository.write("policy/old.png", b"2")
    site.repository.write("policy/offer.html", "<script></script>")
    report = checked(site)
    assert report.findings == ()
    html, picture = as_text(report)
    assert html.startswith(
        "policy/offer.html: a new file, which is not published: only pictures and documents are published"
    )
    assert picture == "policy/old.png: a changed file, which is published unchanged"
    assert "- <code>policy/offer.html</code>: a new file" in "\n".join(as_markdown(report))
    assert "::notice file=policy/old.png::a changed file, which is published unchanged" in list(
        as_annotations(report)
    )


def test_ignored_and_hidden_files_are_not_listed(site: PolicySite) -> None:
    site.repository.write(".gitignore", "*.tmp\n")
    site.repository.write("policy/draft.tmp", b"1")
    assert checked(site).files == ()


HOSTILE = (
    "a ![p](https://other.example/a.png) [l](https://other.example/) <b>x</b> @everyone www.other.example"
)


def test_markup_in_the_front_matter_is_escaped_in_the_report(site: PolicySite) -> None:
    said = f'"{HOSTILE}\\n\\n# Approved by counsel\\n\\n| a | b |\\n|---|---|\\n| c | d |"'
    site.repository.write(
        "policy/privacy.md",
        changed("Two days.", summary=said, impact=said).replace("Privacy policy", said, 1),
    )
    report = "\n".join(line for line in as_markdown(checked(site)) if "<details" not in line)
    words, _, _ = report.partition("<ins")
    for sign in ("![", "](", "https://", "<b>", "@everyone", "www.a", "\n# Approved", "| a |"):
        assert sign not in words
    assert "Approved by counsel" in words

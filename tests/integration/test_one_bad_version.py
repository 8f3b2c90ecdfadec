"""One bad version never stops a build: it is shown as it is, with a warning."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from urllib.parse import unquote

import pytest
from support.policy_site import PolicySite, text

from generator import redline
from generator.cache import Cache
from generator.checking.draft import check_draft
from generator.checking.report import Report
from generator.errors import DocumentTextError
from generator.git.repository import open_repository
from generator.mkdocs_plugin.run import read_config
from generator.site.urls import PathTakenError

WORDLESS = {
    "empty": "",
    "blank": " \n\n\t\n",
    "comment": "<!-- to be written -->\n",
    "front matter": "---\ntitle: Terms\n---\n",
    "invisible": "\u200b\ufeff\u00ad\n",
    "hidden": "<div hidden></div>\n\n<script>x</script>\n",
}
NESTED_NOTES = "# Fees\n\nA fee[^1] is due.\n\n[^1]: [^2]: Each month.\n[^3]: Each year.\n"


def checked(site: PolicySite, path: str, draft: str | bytes) -> Report:
    site.write_config()
    site.repository.write(f"policy/{path}", draft)
    config = read_config(site.config_file)
    with open_repository(config.documents) as repository, Cache(config.cache) as cache:
        return check_draft(config, repository, base=None, at=datetime(2026, 6, 1, tzinfo=UTC), cache=cache)


@pytest.mark.parametrize("wordless", WORDLESS.values(), ids=WORDLESS)
@pytest.mark.parametrize("order", ["only", "first", "between", "last", "twice"])
def test_a_text_without_words_has_all_its_pages(site: PolicySite, wordless: str, order: str) -> None:
    site.config["plugins"][1]["policysite"]["pdf"] = order == "between"
    words = text("We keep it.", change="material", summary="Words.")
    texts = {
        "only": [wordless],
        "first": [wordless, words],
        "between": [words, wordless, words],
        "last": [words, wordless],
        "twice": [wordless, f"{wordless}\n---\n\nWords.\n", wordless],
    }[order]
    for day, body in enumerate(texts, 1):
        site.publish("terms.md", body, on=date(2026, 1, day))
        site.publish("terms.ru.md", body, on=date(2026, 1, day))
    built = site.build()
    assert [warning.path for warning in built.history_warnings if "would see nothing" in warning.text]
    versions = site.document("terms")["versions"]
    assert len(versions) >= len({body for body in texts if body != wordless})
    for version in versions:
        assert site.has(version["path"])
        assert all((site.folder / copy).is_file() for copy in version["copies"].values())
    for page in ("terms", "terms/history", "terms/in-force"):
        assert site.has(page)
    assert site.has("terms/compare") == (len(versions) > 1)
    assert all(site.has(f"terms/since/{version['label']}") for version in versions[:-1])
    site.json("search/search_index.json")


def test_a_text_on_which_an_extension_fails_is_shown_as_written(site: PolicySite) -> None:
    site.publish("fees.md", NESTED_NOTES, on=date(2026, 1, 1))
    site.publish("fees.md", "# Fees\n\nNo fee.\n", on=date(2026, 1, 2))
    (warning,) = site.build().history_warnings
    assert warning.path == "policy/fees.md"
    assert "extension markdown.extensions.footnotes fails" in warning.text
    assert "[^1]: [^2]: Each month." in site.page("fees/versions/2026-01-01")
    assert "No fee" in site.page("fees/changes/2026-01-02")


@pytest.mark.parametrize(
    "error", ["ValueError('of ' + repr(object()))", "KeyError()", "AssertionError()", "OSError()"]
)
def test_any_error_of_an_extension_is_isolated(
    site: PolicySite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: str
) -> None:
    (tmp_path / "fails_on_x.py").write_text(
        "from markdown.extensions import Extension\nfrom markdown.preprocessors import Preprocessor\n"
        "class P(Preprocessor):\n    def run(self, lines):\n"
        f"        if 'x' in lines: raise {error}\n        return lines\n"
        "def makeExtension(**k):\n    e = Extension()\n"
        "    e.extendMarkdown = lambda md: md.preprocessors.register(P(md), 'p', 99)\n    return e\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(__import__("sys").modules, "fails_on_x", raising=False)
    site.config["markdown_extensions"].append("fails_on_x")
    site.publish("a.md", "x", on=date(2026, 1, 1))
    site.publish("b.md", "Fine.", on=date(2026, 1, 2))
    (warning,) = site.build().history_warnings
    assert "the extension fails_on_x fails" in warning.text
    assert " at 0x" not in warning.text
    assert "<pre>x</pre>" in site.page("a")
    assert "<p>Fine.</p>" in site.page("b")


@pytest.mark.parametrize(
    "draft",
    [*WORDLESS.values(), NESTED_NOTES, "[a " * 50_000],
    ids=[*WORDLESS, "extension fails", "takes too long"],
)
def test_a_check_refuses_it_in_a_new_text_and_a_build_does_not(site: PolicySite, draft: str) -> None:
    site.publish("a.md", "One.\n")
    assert not checked(site, "b.md", draft).passed
    site.repository.commit()
    assert site.build().history_warnings
    report = checked(site, "a.md", "One.\n")
    assert report.passed, "nobody is asked to mend what another change brought"
    assert any(finding.path == "policy/b.md" for finding in report.findings)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "cp1251", "koi8-r"])
@pytest.mark.parametrize("words", ["Мы храним заказы тридцать дней.\n" * 3, "# Условия\n"])
def test_another_encoding_in_the_newest_text_is_refused(site: PolicySite, encoding: str, words: str) -> None:
    site.publish("a.md", words.encode(encoding), on=date(2026, 1, 1))
    with pytest.raises(DocumentTextError, match=r"policy/a\.md:1: .*UTF-8"):
        site.build()
    site.publish("a.md", words, on=date(2026, 1, 2))
    assert len(site.build().history_warnings) == 1


def test_a_page_says_that_its_redline_failed(site: PolicySite, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = redline.compare

    def fail_on_two(old: redline.RenderedVersion, new: redline.RenderedVersion) -> redline.Redline:
        if "Two" in new.html:
            raise IndexError("pop from an empty list")
        return whole(old, new)

    monkeypatch.setattr(redline, "compare", fail_on_two)
    for day, words in enumerate(["One.", "Two.", "Three."], 1):
        site.publish("a.md", f"# A\n\n{words}\n", on=date(2026, 1, day))
    (warning,) = site.build().warnings
    assert warning.startswith("a.md, version 2026-01-02: its changes cannot be marked (IndexError")
    assert "The changes of this version cannot be marked" in site.page("a/changes/2026-01-02")
    assert "Two." in site.page("a/changes/2026-01-02")
    (change,) = site.json("a/changes/2026-01-02/redline.json")["changes"]
    assert change["kind"] == "layout"
    assert "cannot be marked" not in site.page("a/changes/2026-01-03")


@pytest.mark.parametrize(
    ("seconds", "day"),
    [
        (-86_400, "1969-12-31"),
        (-315_619_200, "1960-01-01"),
        (-99_999_999_999_999, "0001-01-02"),
        (253_402_300_800, "9999-12-31"),
        (2**64 - 1, "9999-12-31"),
        (10**30, "9999-12-31"),
    ],
)
@pytest.mark.parametrize("zone", ["UTC", "America/Los_Angeles", "Pacific/Kiritimati"])
def test_a_commit_of_any_date_has_its_version(site: PolicySite, seconds: int, day: str, zone: str) -> None:
    site.config["plugins"][1]["policysite"]["time_zone"] = zone
    site.publish("a.md", "# A\n\nOne.\n")
    commit = site.repository.git("cat-file", "commit", "HEAD").splitlines()
    dated = [f"{line.rpartition('> ')[0]}> {seconds} +0000" if "<" in line else line for line in commit]
    written = site.repository.git(
        "hash-object", "-t", "commit", "-w", "--literally", "--stdin", given="\n".join(dated).encode()
    )
    site.repository.git("update-ref", "refs/heads/main", written)
    (warning,) = site.build().history_warnings
    assert "before 1970 or after 9999" in warning.text
    (version,) = site.document("a")["versions"]
    assert version["published_at"].startswith(day)
    assert site.has(version["path"])


def test_the_second_0_is_a_date_like_any_other(site: PolicySite) -> None:
    site.publish("a.md", "# A\n", on=date(1970, 1, 1))
    site.repository.git("commit", "--amend", "--no-edit", "--date=@0 +0000", at="@0 +0000")
    assert site.build().history_warnings == ()
    assert site.document("a")["versions"][0]["label"] == "1970-01-01"


@pytest.mark.parametrize("letters", ["ж" * 125, "a" * 252, "条" * 84, "\udcff" * 252])
def test_a_name_as_long_as_a_disk_takes_has_its_copies(site: PolicySite, letters: str) -> None:
    for end in "xy":
        site.publish(f"{letters[:-1]}{end}.md", f"# {end}\n\nOne.\n", on=date(2026, 1, 1))
    site.publish(f"{letters[:-1]}x.md", "# X\n\nTwo.\n", on=date(2026, 1, 2))
    site.repository.move(f"policy/{letters[:-1]}x.md", "policy/short.md")
    site.repository.commit()
    site.publish(f"{letters[:-1]}x.md", "# Other\n\nAnother document of that name.\n")
    site.repository.remove("policy/short.md")
    site.repository.commit()
    site.build()
    files = [path for path in site.folder.rglob("*") if path.is_file()]
    assert max(len(path.name.encode("utf-8", "surrogateescape")) for path in files) <= 255
    copies = [
        copy
        for document in site.json("history.json")["documents"]
        for version in document["versions"]
        for copy in version["copies"].values()
    ]
    assert len(set(copies)) == len(copies)
    before = {path.relative_to(site.folder) for path in files}
    site.build()
    assert {path.relative_to(site.folder) for path in site.folder.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    "name", ["index.html", "robots.txt", "404.html", "sitemap.xml", "history.json", "form"]
)
def test_a_document_named_like_a_file_of_the_site_is_refused_and_once_gone_has_another_address(
    site: PolicySite, name: str
) -> None:
    site.config["plugins"][1]["policysite"]["extra_files"] = ["form"]
    site.publish("form", "a file without a suffix\n")
    site.publish(f"{name}.md", "# Odd\n\nOne.\n", on=date(2026, 1, 1))
    with pytest.raises(PathTakenError, match=f"{name}.md"):
        site.build()
    site.repository.remove(f"policy/{name}.md")
    removed = site.repository.commit()
    site.publish("index.md", "# Start\n")
    site.build()
    (version,) = site.document(f"{name}@{removed[:12]}")["versions"]
    assert "One." in site.page(unquote(version["path"]))


def test_a_document_renamed_away_from_a_file_of_the_site_is_where_it_went(site: PolicySite) -> None:
    site.publish("index.md", "# Start\n")
    site.publish("index.html.md", "# Odd\n\nOne.\n", on=date(2026, 1, 1))
    site.repository.move("policy/index.html.md", "policy/odd.md")
    site.repository.commit()
    site.build()
    assert site.document("odd")["former_paths"] == ["index.html/"]
    assert (site.folder / "index.html").is_file()

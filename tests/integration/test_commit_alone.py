"""A rendering depends on its commit alone: words and pictures of other files are those of the commit."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import struct
import zlib
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from support.policy_site import PolicySite, text
from typer.testing import CliRunner

from generator.cli import app
from generator.errors import PolicyError
from generator.git.steps import UNCOMMITTED
from generator.markdown import snippets

SNIPPETS = "pymdownx.snippets"


def including(site: PolicySite, **options: Any) -> PolicySite:
    site.config["markdown_extensions"] += ["abbr", {SNIPPETS: options}]
    return site


def put(site: PolicySite, path: str, content: str | bytes, *, on: date | None = None) -> str:
    """Commit a file of the repository."""
    at = datetime(on.year, on.month, on.day, 9, tzinfo=UTC) if on else None
    return site.repository.publish(path, content, at=at)


def labels(site: PolicySite, slug: str) -> list[str]:
    return [version["label"] for version in site.document(slug)["versions"]]


def png(shade: int) -> bytes:
    def part(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = part(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + part(b"IDAT", zlib.compress(bytes([0, shade]))) + part(b"IEND", b"")


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_each_version_has_the_included_words_of_its_commit(site: PolicySite) -> None:
    including(site, base_path=["parts"])
    put(site, "parts/keep.md", "We keep it for thirty days.\n", on=date(2026, 1, 1))
    site.publish("privacy.md", '# Privacy\n\n--8<-- "keep.md"\n\nAsk us.\n', on=date(2026, 1, 2))
    put(site, "parts/other.md", "Nobody includes this.\n", on=date(2026, 1, 3))
    put(site, "parts/keep.md", "We keep it for ever.\n", on=date(2026, 1, 4))
    site.repository.write("parts/keep.md", "Not committed.\n")
    site.build()
    assert labels(site, "privacy") == ["2026-01-02", "2026-01-04"]
    assert "thirty days" in site.page("privacy/versions/2026-01-02")
    assert "for ever" in site.page("privacy")
    (change,) = site.json("privacy/changes/2026-01-04/redline.json")["changes"]
    assert "thirty days" in change["text"]


def test_a_warm_build_is_a_cold_one(site: PolicySite) -> None:
    including(site, base_path=["parts"], auto_append=["abbr.md"])
    site.config["exclude_docs"] = ""
    put(site, "parts/abbr.md", "*[PD]: personal data\n", on=date(2026, 1, 1))
    put(site, "policy/img/a.png", png(1), on=date(2026, 1, 2))
    site.publish("a.md", "# A\n\nWe keep PD for ten days.\n\n![Fees](img/a.png)\n", on=date(2026, 1, 3))
    site.build()
    put(site, "parts/abbr.md", "*[PD]: personal data and health\n", on=date(2026, 1, 4))
    site.build()
    put(site, "policy/img/a.png", png(2), on=date(2026, 1, 5))
    site.build()
    assert labels(site, "a") == ["2026-01-03", "2026-01-04", "2026-01-05"]
    (change,) = site.json("a/changes/2026-01-04/redline.json")["changes"]
    assert "“PD (personal data)” became “PD (personal data and health)”" in change["text"]
    warm = digests(site.folder)
    shutil.rmtree(site.folder.parent / ".cache")
    site.build()
    assert digests(site.folder) == warm


@pytest.mark.parametrize(
    ("notation", "shown"),
    [
        ('--8<-- "all.md"', ["One.", "Two.", "Three."]),
        ('--8<-- "all.md:middle"', ["Two."]),
        ('--8<-- "all.md:1:1"', ["One."]),
        ("--8<--\nall.md:6:6\nnested.md\n--8<--", ["Three.", "Deep."]),
        ('```text\n--8<-- "all.md:middle"\n```', ["Two."]),
        ('- item\n\n    --8<-- "nested.md"', ["Deep."]),
        (';--8<-- "all.md"', ["--8<-- "]),
    ],
)
def test_the_extensions_own_notation_means_the_same(
    site: PolicySite, notation: str, shown: list[str]
) -> None:
    including(site, dedent_subsections=True)
    parts = "One.\n\n--8<-- [start:middle]\n    Two.\n--8<-- [end:middle]\nThree.\n"
    put(site, "all.md", parts, on=date(2026, 1, 1))
    put(site, "deep/leaf.md", "Deep.\n", on=date(2026, 1, 2))
    put(site, "nested.md", '--8<-- "deep/leaf.md"\n', on=date(2026, 1, 3))
    site.publish("a.md", f"# A\n\n{notation}\n", on=date(2026, 1, 4))
    put(site, "deep/leaf.md", "Deeper.\n", on=date(2026, 1, 5))
    site.build()
    page = site.page("a/versions/2026-01-04")
    for words in ("One.", "Two.", "Three.", "Deep."):
        assert (words in page) == (words in shown)
    assert labels(site, "a") == ["2026-01-04", *(["2026-01-05"] if "Deep." in shown else [])]


def test_a_file_included_by_two_documents_is_a_version_of_both_at_its_merge(site: PolicySite) -> None:
    including(site)
    put(site, "shared.md", "Thirty days.\n", on=date(2026, 1, 1))
    site.publish("a.md", '# A\n\n--8<-- "shared.md"\n', on=date(2026, 1, 2))
    site.publish("b.md", '# B\n\n--8<-- "shared.md"\n', on=date(2026, 1, 3))
    site.repository.git("checkout", "-q", "-b", "side")
    put(site, "shared.md", "Forty days.\n", on=date(2026, 1, 4))
    put(site, "shared.md", "Fifty days.\n", on=date(2026, 1, 5))
    site.repository.git("checkout", "-q", "main")
    site.repository.git("merge", "-q", "--no-ff", "side", at=datetime(2026, 1, 9, tzinfo=UTC))
    site.build()
    assert labels(site, "a") == ["2026-01-02", "2026-01-09"]
    assert labels(site, "b") == ["2026-01-03", "2026-01-09"]
    assert site.document("a")["versions"][1]["commit"] == site.document("b")["versions"][1]["commit"]


def test_a_document_may_be_included_and_a_removed_one_has_no_more_versions(site: PolicySite) -> None:
    including(site, base_path="policy")
    site.publish("rules.md", "Ten days.\n", on=date(2026, 1, 1))
    site.publish("a.md", '# A\n\n--8<-- "rules.md"\n', on=date(2026, 1, 2))
    site.repository.remove("policy/a.md")
    site.repository.commit(at=datetime(2026, 1, 3, tzinfo=UTC))
    site.publish("rules.md", "Twenty days.\n", on=date(2026, 1, 4))
    site.publish("a.md", '# A\n\n--8<-- "rules.md"\n', on=date(2026, 1, 5))
    site.build()
    assert labels(site, "a") == ["2026-01-02", "2026-01-05"]
    assert labels(site, "rules") == ["2026-01-01", "2026-01-04"]


def test_what_is_no_file_of_the_commit_is_not_shown_but_said(site: PolicySite, tmp_path: Path) -> None:
    including(site, base_path=["parts", ".."], restrict_base_path=False)
    secret = tmp_path / "repository-secret.md"
    secret.write_text("Secret.\n")
    (tmp_path / "ignored.md").write_text("Secret.\n")
    site.repository.write(".gitignore", "ignored.md\nsite\n.cache\nmkdocs.yml\nrepository-secret.md\n")
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts/link.md").symlink_to(secret)
    names = [
        "parts/link.md",
        "link.md",
        str(secret),
        "../../../etc/passwd",
        "ignored.md",
        "gone.md",
        "http://x/y",
    ]
    site.publish("a.md", "# A\n\n" + "".join(f'--8<-- "{name}"\n\n' for name in names) + "End.\n")
    warnings = [warning.text for warning in site.build().history_warnings]
    assert len(warnings) == len(names)
    assert all("is not in the same commit" in warning for warning in warnings)
    page = site.page("a")
    assert "Secret" not in page
    assert "root:" not in page


def test_a_missing_file_with_check_paths_shows_the_text_as_written(site: PolicySite) -> None:
    including(site, check_paths=True)
    put(site, "part.md", "Thirty days.\n", on=date(2026, 1, 1))
    site.publish("a.md", '# A\n\n--8<-- "part.md"\n', on=date(2026, 1, 2))
    site.repository.remove("part.md")
    site.repository.commit(at=datetime(2026, 1, 3, tzinfo=UTC))
    site.publish("a.md", "# A\n\nSixty days.\n", on=date(2026, 1, 4))
    (warning,) = site.build().history_warnings
    assert "part.md" in warning.text
    assert labels(site, "a") == ["2026-01-02", "2026-01-03", "2026-01-04"]
    assert "8&lt;--" in site.page("a/versions/2026-01-03")


@pytest.mark.parametrize("bomb", ["doubling", "large", "loop", "deep"])
def test_included_files_are_limited(site: PolicySite, bomb: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snippets, "MOST_FILES", 300)  # 10,000 take half a minute
    including(site)
    files = {
        "doubling": {f"f{n}.md": f'--8<-- "f{n + 1}.md"\n' * 2 for n in range(40)} | {"f40.md": "x\n"},
        "large": {"f0.md": "word " * 500_000},
        "loop": {"f0.md": 'Round.\n\n--8<-- "f1.md"\n', "f1.md": '--8<-- "f0.md"\n'},
        "deep": {f"f{n}.md": f'--8<-- "f{n + 1}.md"\n' for n in range(60)} | {"f60.md": "x\n"},
    }[bomb]
    for name, content in files.items():
        site.repository.write(name, content)
    site.publish("a.md", '# A\n\n--8<-- "f0.md"\n')
    warnings = site.build().history_warnings
    assert ("Round." in site.page("a")) == (bomb == "loop") != bool(warnings)


@pytest.mark.parametrize("base", ["/tmp", "../elsewhere", ["../elsewhere", "/"]])
def test_a_folder_of_included_files_outside_the_repository_is_refused(site: PolicySite, base: Any) -> None:
    including(site, base_path=base)
    site.publish("a.md", "One.\n")
    with pytest.raises(PolicyError, match="outside the repository"):
        site.build()


@pytest.mark.parametrize(
    ("extension", "name"),
    [({SNIPPETS: {"url_download": True}}, "url_download"), ("pymdownx.b64", "pymdownx.b64")],
)
def test_an_extension_that_reads_what_no_commit_holds_is_refused_by_name(
    site: PolicySite, extension: Any, name: str
) -> None:
    site.config["markdown_extensions"].append(extension)
    site.publish("a.md", "One.\n")
    with pytest.raises(PolicyError, match=name):
        site.build()


@pytest.mark.parametrize("event", ["on_page_markdown", "on_page_read_source"])
def test_a_hook_that_changes_markdown_is_refused_by_name(
    site: PolicySite, tmp_path: Path, event: str
) -> None:
    (tmp_path / "hooks.py").write_text(f"def {event}(*a, **k):\n    return None\n")
    site.config["hooks"] = ["hooks.py"]
    site.publish("a.md", "One.\n")
    with pytest.raises(PolicyError, match=rf"hooks\.py changes Markdown \({event}\)"):
        site.build()
    (tmp_path / "layout.py").write_text("def on_page_context(context, **k):\n    return context\n")
    site.config["hooks"] = ["layout.py"]
    site.build()


def test_a_draft_has_the_included_words_of_the_work_tree(site: PolicySite) -> None:
    including(site)
    put(site, "part.md", "Thirty days.\n")
    site.publish("a.md", '# A\n\n--8<-- "part.md"\n\n![x](x.png)\n')
    site.repository.write("part.md", "Sixty days.\n")
    history = site.repository.history
    from generator.markdown.renderer import Renderer  # noqa: PLC0415

    renderer = Renderer([SNIPPETS], {}, bases=[""])
    (document,) = history(
        folder="policy", renderer=renderer, draft_at=datetime(2026, 5, 1, tzinfo=UTC)
    ).documents
    assert [version.commit == UNCOMMITTED for version in document.versions] == [False, True]
    site.repository.write("part.md", "Thirty days.\n")
    site.repository.write("policy/x.png", png(1))
    (document,) = history(
        folder="policy", renderer=renderer, draft_at=datetime(2026, 5, 1, tzinfo=UTC)
    ).documents
    assert [version.commit == UNCOMMITTED for version in document.versions] == [False, True]


# Pictures


def shown_picture(site: PolicySite, page: str) -> bytes:
    source = site.page(page).partition("<img")[2].partition('src="')[2].partition('"')[0]
    return Path(os.path.normpath(site.folder / page / source)).read_bytes()


@pytest.mark.parametrize(
    "source",
    ["img/fees.png", "./img/fees.png", "img/../img/fees.png", "img/fees.png#only-light", "img/fees.png?v=1",
     "img/fe%65s.png"],
)  # fmt: skip
def test_a_picture_replaced_under_its_name_is_a_version_and_each_shows_its_own(
    site: PolicySite, source: str
) -> None:
    put(site, "policy/img/fees.png", png(10), on=date(2026, 1, 1))
    site.publish("fees.md", f"# Fees\n\nOur fees:\n\n![Table of fees]({source})\n", on=date(2026, 1, 2))
    put(site, "policy/img/fees.png", png(200), on=date(2026, 1, 3))
    put(site, "policy/img/unused.png", png(1), on=date(2026, 1, 4))
    site.publish("fees.md", f"# Fees\n\nThe fees:\n\n![Table of fees]({source})\n", on=date(2026, 1, 5))
    site.build()
    assert labels(site, "fees") == ["2026-01-02", "2026-01-03", "2026-01-05"]
    (change,) = site.json("fees/changes/2026-01-03/redline.json")["changes"]
    assert change["kind"] == "image"
    assert "Table of fees" in change["text"]
    assert "replaced" in change["text"]
    (change,) = site.json("fees/changes/2026-01-05/redline.json")["changes"]
    assert change["kind"] == "edit"
    pages = ["fees/versions/2026-01-02", "fees/versions/2026-01-03", "fees/versions/2026-01-05", "fees"]
    assert [shown_picture(site, page) for page in pages] == [png(10), *[png(200)] * 3]
    redline = site.page("fees/changes/2026-01-03")
    assert "data-picture" not in "".join(path.read_text() for path in site.folder.rglob("fees/**/*.html"))
    sources = {image.partition('"')[0] for image in redline.split('src="')[1:]}
    assert len([source for source in sources if "fees.png" in source]) == 2


def test_a_picture_that_comes_or_goes_is_a_version_and_todays_is_not_shown_in_older_ones(
    site: PolicySite,
) -> None:
    site.publish("a.md", "# A\n\n![x](x.png)\n", on=date(2026, 1, 1))
    put(site, "policy/x.png", png(1), on=date(2026, 1, 2))
    site.repository.remove("policy/x.png")
    site.repository.commit(at=datetime(2026, 1, 3, tzinfo=UTC))
    put(site, "policy/x.png", png(2), on=date(2026, 1, 4))
    site.build()
    assert labels(site, "a") == ["2026-01-01", "2026-01-02", "2026-01-03", "2026-01-04"]
    assert site.document("a")["versions"][2]["returns_to"] == 1
    assert shown_picture(site, "a/versions/2026-01-02") == png(1)
    assert shown_picture(site, "a") == png(2)
    assert 'src="x.png"' in site.page("a/versions/2026-01-01")


def test_a_picture_outside_the_documents_folder_is_shown_as_it_was(site: PolicySite) -> None:
    put(site, "pictures/x.png", png(1), on=date(2026, 1, 1))
    site.publish("a.md", "# A\n\n![x](../pictures/x.png)\n", on=date(2026, 1, 2))
    put(site, "pictures/x.png", png(2), on=date(2026, 1, 3))
    site.build()
    assert labels(site, "a") == ["2026-01-02", "2026-01-03"]
    assert shown_picture(site, "a/versions/2026-01-02") == png(1)
    assert shown_picture(site, "a") == png(2)


@pytest.mark.parametrize(
    "source", ["https://example.org/x.png", "data:image/png;base64,AA==", "//e.org/x.png"]
)
def test_a_picture_of_another_host_counts_by_its_address_alone(site: PolicySite, source: str) -> None:
    site.publish("a.md", f"# A\n\n![x]({source})\n", on=date(2026, 1, 1))
    put(site, "policy/x.png", png(2), on=date(2026, 1, 4))
    site.build()
    assert labels(site, "a") == ["2026-01-01"]


def test_a_renamed_document_with_its_picture_has_no_version_for_that(site: PolicySite) -> None:
    put(site, "policy/old/x.png", png(1), on=date(2026, 1, 1))
    site.publish("old/a.md", "# A\n\nWords that stay.\n\n![x](x.png)\n", on=date(2026, 1, 2))
    site.repository.move("policy/old/x.png", "policy/new/x.png")
    site.repository.move("policy/old/a.md", "policy/new/a.md")
    site.repository.commit(at=datetime(2026, 1, 3, tzinfo=UTC))
    site.build()
    assert labels(site, "new/a") == ["2026-01-02"]
    assert shown_picture(site, "new/a") == png(1)


def test_the_redline_of_two_texts_reads_the_files_of_each(
    site: PolicySite, monkeypatch: pytest.MonkeyPatch
) -> None:
    including(site)
    put(site, "part.md", "Thirty days.\n")
    put(site, "policy/x.png", png(1))
    site.publish("a.md", '# A\n\n--8<-- "part.md"\n\n![Fees](x.png)\n')
    site.repository.write("part.md", "Sixty days.\n")
    site.repository.write("policy/x.png", png(2))
    site.write_config()
    monkeypatch.chdir(site.repository.folder)
    asked = ["redline", "HEAD:policy/a.md", "policy/a.md", "--format", "json"]
    answer = json.loads(CliRunner().invoke(app, asked).stdout)
    assert [change["kind"] for change in answer["changes"]] == ["edit", "image"]
    assert "data-picture" not in answer["html"]


def test_a_mainline_without_such_texts_is_read_once(
    site: PolicySite, monkeypatch: pytest.MonkeyPatch
) -> None:
    from generator.git import repository  # noqa: PLC0415

    def fail(*_: object) -> None:
        raise AssertionError("read again")

    monkeypatch.setattr(repository.Repository, "order", fail)
    monkeypatch.setattr(repository.Repository, "file_steps", fail)
    site.publish("a.md", text("One. ![x](https://example.org/x.png)"))
    site.publish("a.md", text("Two."))
    site.build()

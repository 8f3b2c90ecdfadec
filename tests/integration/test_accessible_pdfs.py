"""PDF copies are tagged, so that a screen reader can read them: checked by outloud, which knows PDF/UA-1."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from outloud import check
from support.policy_site import PolicySite

from generator.site.headings import split_heading, with_levels_in_order

TEXT = """# Terms of Service

A paragraph with a [link](https://law.example/), a [**bold link**](https://law.example/bold) and a note[^1].

- One
    - One in one
- Two

    Its second paragraph.

1. First
2. Second

#### A heading that skips two levels

| Fee | Amount |
|-----|-------:|
| One | 1 €    |

# A second title

Term
:   What it means.

> A quotation.

    preformatted

![How a payment goes from the buyer to the seller](images/scheme.svg)

![](images/scheme.svg) [![The whole scheme in a new window](images/scheme.svg)](https://law.example/scheme)

<details><summary>More</summary><p>Folded text.</p></details>

[^1]: The words of the note.
"""
LONG = "\n\n".join(
    f"Paragraph {number} has {number * 7} words, of which few matter. " * 9 for number in range(25)
)
SCHEME = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>'


@pytest.fixture
def printing(tmp_path: Path) -> PolicySite:
    pytest.importorskip("weasyprint", reason="needs WeasyPrint: install the dev lock")
    site = PolicySite(tmp_path, pdf=True)
    site.config["markdown_extensions"] = ["attr_list", "def_list", "footnotes", "tables"]
    return site


def findings(file: Path) -> list[str]:
    result = check(str(file), layers=["conformance"])
    assert result.error is None
    return [f"{one.severity} {one.rule}: {one.message}" for one in result.findings]


def printed(site: PolicySite, slug: str, number: int = -1) -> Path:
    path: str = site.document(slug)["versions"][number]["copies"]["pdf"]
    return site.folder / path


def test_every_pdf_conforms_to_pdf_ua(printing: PolicySite) -> None:
    policy = Path(__file__).parents[2] / "policy"
    texts = {
        "images/scheme.svg": SCHEME,
        "everything.md": TEXT + LONG,
        "late-title.md": "Before the title.\n\n## A part\n\nText.\n\n# The title\n\nText.\n",
        "no-heading.md": "Only a paragraph.\n",
        "arabic.md": "---\ntitle: سياسة الخصوصية\n---\n\n# سياسة الخصوصية\n\nنص قصير.\n",
        "lists.md": "# Lists\n\n<ul><li><a href='https://law.example/'>Law</a></li><li></li></ul>\n",
        "privacy.md": (policy / "privacy.md").read_text(encoding="utf8"),
        "privacy.ru.md": (policy / "privacy.ru.md").read_text(encoding="utf8"),
    }
    for name, text in texts.items():
        printing.publish(name, text)
    printing.build()
    documents = printing.json("history.json")["documents"]
    assert len(documents) == 7
    files = [printing.folder / document["versions"][0]["copies"]["pdf"] for document in documents]
    assert {file.name: found for file in files if (found := findings(file))} == {}


def test_a_text_that_cannot_be_laid_out_still_gives_a_tagged_pdf(
    printing: PolicySite, monkeypatch: pytest.MonkeyPatch
) -> None:
    from generator.site.pdf import Printer  # noqa: PLC0415 - only with WeasyPrint

    whole = Printer.printed

    def fail_once(self: Printer, page: str) -> bytes:
        if "<em>" in page:
            raise IndexError("no columns")
        return whole(self, page)

    monkeypatch.setattr(Printer, "printed", fail_once)
    printing.publish("a.md", "# A\n\n*Words*.\n", on=date(2026, 1, 1))
    printing.build()
    assert findings(printed(printing, "a")) == []


@pytest.mark.parametrize(
    ("text", "levels"),
    [
        ("<h1>T</h1><h3>a</h3><h4>b</h4><h2>c</h2>", "1 2 3 2"),
        ("<h1>T</h1><h2>a</h2><h5>b</h5><h5>c</h5><h3>d</h3>", "1 2 3 3 3"),
        ("<h1>T</h1><h1>a</h1><h2>b</h2><h1>c</h1>", "1 2 3 2"),
        ("<p>x</p><h2>a</h2><h1>T</h1><h3>b</h3>", "1 1 2"),
        ("<h1>T</h1><h2>a</h2><h3>b</h3><h4>c</h4><h5>d</h5><h6>e</h6>", "1 2 3 4 5 6"),
    ],
)
def test_a_printed_heading_is_at_most_one_level_below_the_one_before(text: str, levels: str) -> None:
    heading, body = split_heading(text, title="T")
    markup = heading + with_levels_in_order(body, below_title=bool(heading))
    assert " ".join(part[0] for part in markup.split("<h")[1:]) == levels

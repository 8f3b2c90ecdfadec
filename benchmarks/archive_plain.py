"""What the archive benchmark measures against: a script with Markdown and Jinja2, and the redlines by themselves."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import jinja2
import markdown

EXTENSIONS = ["toc", "tables", "fenced_code", "attr_list", "def_list", "footnotes"]
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{{ title }}</title>
<meta name="description" content="{{ title }}"><link rel="stylesheet" href="../../style.css"></head><body>
<header><nav><ul>{% for entry in menu %}<li><a href="{{ entry }}/">{{ entry }}</a></li>{% endfor %}</ul></nav></header>
<main><article><h1>{{ title }}</h1><p>Published on {{ label }}, in force since {{ label }}.</p>
<ul>{% for link in links %}<li><a href="../{{ link }}/">{{ link }}</a></li>{% endfor %}</ul>{{ content | safe }}</article></main>
<footer><p>{{ title }}</p></footer></body></html>"""


def texts(repository: Path) -> list[str]:
    commits = subprocess.run(
        ["git", "-C", repository, "rev-list", "--reverse", "main"], capture_output=True, text=True, check=True
    ).stdout.split()
    asked = "".join(f"{commit}:policy/privacy.md\n" for commit in commits)
    raw = subprocess.run(
        ["git", "-C", repository, "cat-file", "--batch"],
        input=asked.encode(),
        capture_output=True,
        check=True,
    ).stdout
    found: list[str] = []
    at = 0
    while at < len(raw):
        end = raw.index(b"\n", at)
        size = int(raw[at:end].split()[2])
        found.append(raw[end + 1 : end + 1 + size].decode().split("---\n", 2)[2])
        at = end + size + 2
    return found


def pages(repository: Path, into: Path) -> None:
    """Render every text, and write a page of it and a page for its change."""
    converter = markdown.Markdown(extensions=EXTENSIONS)
    template = jinja2.Environment(autoescape=True).from_string(PAGE)
    for number, text in enumerate(texts(repository)):
        content = converter.reset().convert(text)
        for kind in ("versions", "changes"):
            page = template.render(
                title="Privacy policy",
                label=str(number),
                menu=["privacy"],
                links=["a", "b", "c"],
                content=content,
            )
            file = into / kind / str(number) / "index.html"
            file.parent.mkdir(parents=True)
            file.write_text(page)


def redlines(repository: Path, _: Path) -> None:
    """Make the redline of each two neighbours, of texts that are rendered already."""
    import time

    from generator.language import load_language
    from generator.redline import Side
    from generator.redlines import redline_texts

    converter = markdown.Markdown(extensions=EXTENSIONS)
    rendered = [converter.reset().convert(text) for text in texts(repository)]
    start = time.process_time()
    for old, new in pairwise(rendered):
        redline_texts(Side(old), Side(new), language=load_language("en"))
    print(time.process_time() - start)


def ordinary(site: Path, into: Path) -> None:
    """The articles of a built site as pages for MkDocs."""
    for file in site.rglob("index.html"):
        page = file.read_text()
        begin, end = page.find("<article"), page.find("</article>")
        if begin >= 0:
            name = into / file.relative_to(site).parent / "index.md"
            name.parent.mkdir(parents=True, exist_ok=True)
            name.write_text(
                "<div>\n" + page[page.index(">", begin) + 1 : end].replace("\n\n", "\n") + "\n</div>\n"
            )


if __name__ == "__main__":
    {"pages": pages, "redlines": redlines, "ordinary": ordinary}[sys.argv[1]](
        Path(sys.argv[2]), Path(sys.argv[3])
    )

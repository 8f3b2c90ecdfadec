"""Three programs that benchmarks/archive.py compares with: a plain script, redlines alone, MkDocs pages."""

from __future__ import annotations

import html
import re
import subprocess
import sys
import textwrap
from itertools import pairwise
from pathlib import Path

import jinja2
import markdown

from generator.language import load_language
from generator.redline import RenderedVersion
from generator.site.redlines import redline_texts

EXTENSIONS = ["toc", "tables", "fenced_code", "attr_list", "def_list", "footnotes"]
TAG = re.compile(r"<[^>]*>")
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{{ title }}</title>
<meta name="description" content="{{ title }}"><link rel="stylesheet" href="../../style.css"></head><body>
<header><nav><a href="../../">Policies</a></nav></header>
<main><article><h1>{{ title }}</h1><p>Published on {{ label }}, in force since {{ label }}.</p>
<ul>{% for link in links %}<li><a href="../{{ link }}/">{{ link }}</a></li>{% endfor %}</ul>
{{ content | safe }}</article></main><footer><p>{{ title }}</p></footer></body></html>"""


def read_texts(repository: Path) -> list[str]:
    """The text of each version, without its front matter."""
    git = ("git", "-C", repository)
    listed = subprocess.run([*git, "rev-list", "--reverse", "main"], stdout=subprocess.PIPE, check=True)
    asked = b"".join(commit + b":policy/privacy.md\n" for commit in listed.stdout.split())
    raw = subprocess.run(
        [*git, "cat-file", "--batch"], input=asked, stdout=subprocess.PIPE, check=True
    ).stdout
    texts: list[str] = []
    at = 0
    while at < len(raw):
        end = raw.index(b"\n", at)
        size = int(raw[at:end].split()[2])
        texts.append(raw[end + 1 : end + 1 + size].decode().split("---\n", 2)[2])
        at = end + size + 2
    return texts


def write_pages(repository: Path, into: Path) -> None:
    """Render every text; write a page of it with its copies, and a page for its change."""
    converter = markdown.Markdown(extensions=EXTENSIONS)
    template = jinja2.Environment(autoescape=True).from_string(PAGE)
    for number, text in enumerate(read_texts(repository)):
        content = converter.reset().convert(text)
        for kind in ("versions", "changes"):
            file = into / kind / str(number) / "index.html"
            file.parent.mkdir(parents=True)
            values = {"title": "Privacy policy", "label": number, "links": ["a", "b", "c"]}
            file.write_text(template.render(values, content=content), encoding="utf-8")
        paragraphs = TAG.sub("", content).split("\n")
        plain = "\n\n".join(textwrap.fill(html.unescape(paragraph), 80) for paragraph in paragraphs)
        copies = into / "versions" / str(number)
        (copies / "privacy.md").write_text(text, encoding="utf-8")
        (copies / "privacy.txt").write_text(plain, encoding="utf-8")


def render_texts(repository: Path, _: Path | None = None) -> list[str]:
    """Render every text."""
    converter = markdown.Markdown(extensions=EXTENSIONS)
    return [converter.reset().convert(text) for text in read_texts(repository)]


def make_redlines(repository: Path, _: Path) -> None:
    """Render every text, and compare each two neighbours."""
    for old, new in pairwise(render_texts(repository)):
        redline_texts(RenderedVersion(old), RenderedVersion(new), language=load_language("en"))


def write_ordinary(site: Path, into: Path) -> None:
    """Write the articles of a built site as pages for MkDocs."""
    for file in site.rglob("index.html"):
        page = file.read_text(encoding="utf-8")
        begin, end = page.find("<article"), page.find("</article>")
        if begin >= 0:
            article = page[page.index(">", begin) + 1 : end].replace("\n\n", "\n")
            source = into / file.relative_to(site).with_suffix(".md")
            source.parent.mkdir(parents=True, exist_ok=True)
            source.write_text(f"<div>\n{article}\n</div>\n", encoding="utf-8")


STEPS = {"pages": write_pages, "texts": render_texts, "redlines": make_redlines, "ordinary": write_ordinary}

if __name__ == "__main__":
    STEPS[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]))

"""How long the archive of one document takes as its versions grow, beside what others need for the same pages.

    .venv/bin/python benchmarks/archive.py [VERSIONS ...] [--words 600] [--plot FILE.svg]

For each number of versions: an empty MkDocs build; a cold and a warm build (one new version); a plain script with
Markdown and Jinja2 for the same pages, and the time of the redlines alone; and the same pages as ordinary pages of
MkDocs. All in one run, each in a process of its own; seconds are of the wall clock.
"""

from __future__ import annotations

import argparse
import random
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

CONFIG = """
site_name: Benchmark
site_url: https://policies.example/
docs_dir: {docs}
site_dir: {site}
theme: {{name: material, font: false}}
plugins: [{plugins}]
markdown_extensions: [attr_list, def_list, footnotes]
"""
MKDOCS = (
    "import sys; from mkdocs.config import load_config; from mkdocs.commands.build import build; "
    "build(load_config(sys.argv[1]))"
)
PLAIN = Path(__file__).with_name("archive_plain.py")
WORDS = [
    "we",
    "you",
    "your",
    "data",
    "name",
    "address",
    "account",
    "order",
    "payment",
    "may",
    "will",
    "must",
    "keep",
    "share",
    "delete",
    "ask",
    "law",
    "court",
    "consent",
    "purpose",
    "partner",
    "provider",
    "visitor",
    "buyer",
    "cookie",
    "device",
    "page",
    "mail",
    "request",
    "answer",
    "days",
    "months",
    "the",
    "a",
    "of",
    "to",
    "in",
    "and",
    "for",
    "with",
    "by",
    "on",
    "as",
    "that",
    "is",
    "are",
    "not",
    "any",
    "such",
    "this",
]
START = 1_500_000_000  # July 2017


@dataclass
class Figures:
    """Seconds of one run; ``memory`` and ``size`` in MB."""

    versions: int
    empty: float
    cold: float
    warm: float
    plain: float
    redlines: float
    ordinary: float
    memory: float
    size: float
    files: int


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("versions", nargs="*", type=int, default=[1000])
    parser.add_argument("--words", type=int, default=600)
    options = parser.parse_args()
    for number in options.versions:
        with tempfile.TemporaryDirectory() as folder:
            figures = measure(Path(folder), versions=number, words=options.words)
        report(figures)


def measure(root: Path, *, versions: int, words: int) -> Figures:
    history = History(root / "repository", words=words)
    history.publish(versions)
    command = Path(sys.executable).with_name("policy-site")
    (root / "repository" / "mkdocs.yml").write_text(
        CONFIG.format(docs="policy", site="site", plugins="search, policysite")
    )
    (root / "empty.yml").write_text(CONFIG.format(docs="repository/policy", site="empty", plugins="search"))
    empty, _ = timed(sys.executable, "-c", MKDOCS, root / "empty.yml")
    build = (command, "build", "--config", root / "repository" / "mkdocs.yml")
    cold, memory = timed(*build)
    history.publish(1)
    warm, _ = timed(*build)
    site = root / "repository" / "site"
    files = [
        file
        for file in site.rglob("*")
        if file.is_file() and "assets" not in file.parts and "search" not in file.parts
    ]
    plain, _ = timed(sys.executable, PLAIN, "pages", root / "repository", root / "plain")
    redlines, _ = timed(sys.executable, PLAIN, "redlines", root / "repository", root / "plain")
    ordinary = 0.0
    if versions <= 1000:
        timed(sys.executable, PLAIN, "ordinary", site, root / "ordinary")
        (root / "ordinary.yml").write_text(
            CONFIG.format(docs="ordinary", site="ordinary-site", plugins="search")
        )
        ordinary, _ = timed(sys.executable, "-c", MKDOCS, root / "ordinary.yml")
    return Figures(
        versions=versions,
        empty=empty,
        cold=cold,
        warm=warm,
        plain=plain,
        redlines=redlines,
        ordinary=ordinary,
        memory=memory,
        size=sum(file.stat().st_size for file in files) / 1e6,
        files=len(files),
    )


def report(found: Figures) -> None:
    print(
        f"{found.versions:,} versions: {found.files:,} files, {found.size:.1f} MB, {found.memory:.0f} MB of memory"
    )
    print(f"  empty MkDocs build {found.empty:.2f} s")
    print(
        f"  cold {found.cold:.2f} s; plain script {found.plain:.2f} s + redlines {found.redlines:.2f} s; "
        f"ratio {(found.cold - found.empty) / (found.plain + found.redlines):.2f}"
    )
    print(f"  warm {found.warm:.2f} s, {found.warm - found.empty:.2f} s more than the empty build")
    if found.ordinary:
        print(
            f"  as ordinary pages {found.ordinary:.2f} s, {(found.ordinary - found.empty) / (found.cold - found.empty - found.redlines):.1f} times the cold build without redlines, "
            f"{(found.ordinary - found.empty) / (found.warm - found.empty):.1f} times the warm one",
            flush=True,
        )


def timed(*command: str | Path) -> tuple[float, float]:
    """Seconds on the clock, and the memory at its highest in MB."""
    start = time.perf_counter()
    process = subprocess.Popen([*map(str, command)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, usage = _wait(process)
    took = time.perf_counter() - start
    if status:
        raise SystemExit(said.decode())
    return took, usage.ru_maxrss / 1000


def _wait(process: subprocess.Popen[bytes]) -> tuple[int, int, resource.struct_rusage]:
    import os

    return os.wait4(process.pid, 0)


class History:
    """A repository with one document whose text changes from version to version."""

    def __init__(self, folder: Path, *, words: int) -> None:
        self.folder = folder
        self.chance = random.Random(3)
        self.number = 0
        sections = max(2, words // 150)
        self.sections = [[self._sentence() for _ in range(12)] for _ in range(sections)]
        subprocess.run(["git", "init", "--quiet", "--initial-branch=main", folder], check=True)

    def publish(self, versions: int) -> None:
        """Commit so many versions, each with a few sentences that are other ones."""
        lines: list[bytes] = []
        for _ in range(versions):
            self._edit()
            text = self._text().encode()
            message = f"Version {self.number}".encode()
            lines += [
                b"commit refs/heads/main",
                b"committer A <a@policies.example> %d +0000" % (START + self.number * 86_400),
                b"data %d\n%s" % (len(message), message),
                *([b"from refs/heads/main^0"] if self.number > 1 and not lines else []),
                b"M 100644 inline policy/privacy.md",
                b"data %d\n%s" % (len(text), text),
            ]
        subprocess.run(
            ["git", "-C", self.folder, "fast-import", "--quiet"], input=b"\n".join(lines) + b"\n", check=True
        )
        subprocess.run(["git", "-C", self.folder, "reset", "--quiet", "--hard", "main"], check=True)

    def _edit(self) -> None:
        self.number += 1
        for _ in range(3):
            section = self.chance.choice(self.sections)
            section[self.chance.randrange(len(section))] = self._sentence()
        if self.number % 10 == 0:
            self.chance.shuffle(self.sections)

    def _sentence(self) -> str:
        return " ".join(self.chance.choices(WORDS, k=self.chance.randint(8, 17))).capitalize() + "."

    def _text(self) -> str:
        pieces = [
            f"---\nchange: material\nsummary: State {self.number} of the text.\n---\n\n# Privacy policy"
        ]
        for number, section in enumerate(self.sections, 1):
            pieces.append(f"## {number}. Section {{#section-{number}}}")
            pieces += [" ".join(section[at : at + 3]) for at in (0, 3)]
            pieces.append("\n".join(f"* {sentence}" for sentence in section[6:9]))
            pieces.append(
                f"{section[9]} **{section[10]}** See [the law](https://law.example/{number}). {section[11]}"
            )
        return "\n\n".join(pieces) + "\n"


if __name__ == "__main__":
    main()

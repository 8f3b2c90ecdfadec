"""How long the archive of one document takes as its versions grow, beside other ways to make its pages.

    python benchmarks/archive.py [VERSIONS ...] [--words 600] [--plot FILE.svg]

For each number of versions, in one run, each in a process of its own:

* ``empty``: MkDocs with the text of today alone;
* ``cold`` and ``warm``: a build without a cache, and one after a new version was published;
* ``script`` and ``redlines``: a plain script with Markdown and Jinja2 that reads the same history and writes
  a page and both copies of each version and a page of each change, and the redlines' own time;
* ``ordinary``: the same pages as ordinary pages of MkDocs, up to 1,000 versions; it takes minutes.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from measuring import machine
from plot import plot_growth

SCRIPT = Path(__file__).with_name("archive_script.py")
MKDOCS = (
    "import sys; from mkdocs.config import load_config; from mkdocs.commands.build import build; "
    "build(load_config(sys.argv[1]))"
)
CONFIG = """
site_name: Benchmark
site_url: https://policies.example/
docs_dir: {docs}
site_dir: {site}
theme: {{name: material, font: false}}
plugins: [{plugins}]
markdown_extensions: [attr_list, def_list, footnotes]
"""
VOCABULARY = """
    we you your data name address account order payment may will must keep share delete ask law court consent
    purpose partner provider visitor buyer cookie device page letter request answer days months the a of to in
    and for with by on as that is are not any such this
"""
START = 1_500_000_000  # July 2017
MOST_ORDINARY = 1000


def main() -> None:
    """Measure every number of versions and print what it took."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("versions", nargs="*", type=int, default=[1000])
    parser.add_argument("--words", type=int, default=600, help="of a version")
    parser.add_argument("--plot", type=Path, metavar="FILE.svg")
    arguments = parser.parse_args()
    print(machine())
    series: dict[str, list[tuple[int, float]]] = {"cold": [], "warm": []}
    for versions in arguments.versions:
        with tempfile.TemporaryDirectory() as folder:
            seconds = _measure(Path(folder), versions=versions, words=arguments.words)
        for run, points in series.items():
            points.append((versions, seconds[run]))
    if arguments.plot:
        drawing = plot_growth(series, of="versions", what="building the site")
        arguments.plot.write_text(drawing, encoding="utf-8")


def _measure(root: Path, *, versions: int, words: int) -> dict[str, float]:
    history = History(root / "repository", words=words)
    history.publish(versions)
    own = _configure(root, "repository/mkdocs.yml", docs="policy", site="site", plugins="search, policysite")
    empty = _configure(root, "empty.yml", docs="repository/policy", site="empty", plugins="search")
    build = (Path(sys.executable).with_name("policy-site"), "build", "--config", own)
    seconds: dict[str, float] = {}
    seconds["empty"], _ = _timed(sys.executable, "-c", MKDOCS, empty)
    seconds["cold"], memory = _timed(*build)
    history.publish(1)
    seconds["warm"], _ = _timed(*build)
    seconds["script"], _ = _timed(sys.executable, SCRIPT, "pages", root / "repository", root / "plain")
    rendering, _ = _timed(sys.executable, SCRIPT, "texts", root / "repository", root)
    both, _ = _timed(sys.executable, SCRIPT, "redlines", root / "repository", root)
    seconds["redlines"] = both - rendering
    site = root / "repository/site"
    if versions <= MOST_ORDINARY:
        _timed(sys.executable, SCRIPT, "ordinary", site, root / "ordinary")
        ordinary = _configure(root, "ordinary.yml", docs="ordinary", site="ordinary-site", plugins="search")
        seconds["ordinary"], _ = _timed(sys.executable, "-c", MKDOCS, ordinary)
    _report(versions, seconds, memory=memory, files=_files_of_pages(site))
    return seconds


def _report(versions: int, seconds: dict[str, float], *, memory: float, files: list[Path]) -> None:
    size = sum(file.stat().st_size for file in files) / 1e6
    print(f"{versions:,} versions: {len(files):,} files, {size:.1f} MB; {memory:.0f} MB of memory")
    print("  " + ", ".join(f"{name} {took:.2f} s" for name, took in seconds.items()))
    cold, warm = (seconds[run] - seconds["empty"] for run in ("cold", "warm"))
    ratio = seconds["cold"] / (seconds["script"] + seconds["redlines"])
    print(f"  cold: {ratio:.2f} of the script and the redlines; warm: {warm:.2f} s more than the empty build")
    if "ordinary" in seconds:
        ordinary = seconds["ordinary"] - seconds["empty"]
        without = cold - seconds["redlines"]
        print(
            f"  as ordinary pages {ordinary / without:.0f} times as long (redlines not counted), "
            f"{ordinary / cold:.0f} times (counted), {ordinary / warm:.0f} times (warm)"
        )
    sys.stdout.flush()


def _files_of_pages(site: Path) -> list[Path]:
    """All but the theme's own files and the search index, which any site has."""
    return [
        file
        for file in site.rglob("*")
        if file.is_file() and not {"assets", "search"} & set(file.relative_to(site).parts)
    ]


def _configure(root: Path, name: str, **values: str) -> Path:
    (root / name).write_text(CONFIG.format(**values), encoding="utf-8")
    return root / name


def _timed(*command: str | Path) -> tuple[float, float]:
    """Seconds on the clock, and the memory at its highest in MB."""
    start = time.perf_counter()
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=said)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if status:
            said.seek(0)
            sys.exit(f"{command[0]} failed: {said.read()}")
    return seconds, usage.ru_maxrss / 1000


class History:
    """A repository with one document whose text changes from version to version, as a policy's does."""

    def __init__(self, folder: Path, *, words: int) -> None:
        self._folder = folder
        self._chance = random.Random(3)  # noqa: S311 - the same texts in every run
        self._number = 0
        self._sections = [[self._sentence() for _ in range(12)] for _ in range(max(2, words // 150))]
        subprocess.run(["git", "init", "--quiet", "--initial-branch=main", folder], check=True)

    def publish(self, versions: int) -> None:
        """Commit so many versions, each with a few sentences that are other ones."""
        commits = b"".join(self._commit(is_first=number == 0) for number in range(versions))
        git = ("git", "-C", self._folder)
        subprocess.run([*git, "fast-import", "--quiet"], input=commits, check=True)
        subprocess.run([*git, "reset", "--quiet", "--hard", "main"], check=True)

    def _commit(self, *, is_first: bool) -> bytes:
        self._number += 1
        for _ in range(3):
            section = self._chance.choice(self._sections)
            section[self._chance.randrange(len(section))] = self._sentence()
        if self._number % 10 == 0:
            self._chance.shuffle(self._sections)
        parent = "from refs/heads/main^0\n" if is_first and self._number > 1 else ""
        text = "\n\n".join(self._paragraphs()) + "\n"
        return (
            "commit refs/heads/main\n"
            f"committer A <a@policies.example> {START + self._number * 86_400} +0000\n"
            f"data 0\n{parent}M 100644 inline policy/privacy.md\ndata {len(text)}\n{text}\n"
        ).encode()

    def _paragraphs(self) -> Iterable[str]:
        yield f"---\nchange: material\nsummary: State {self._number} of the text.\n---"
        yield "# Privacy policy"
        for number, section in enumerate(self._sections, 1):
            yield f"## {number}. Section {{#section-{number}}}"
            yield " ".join(section[:3])
            yield " ".join(section[3:6])
            yield "\n".join(f"* {sentence}" for sentence in section[6:9])
            link = f"[the law](https://law.example/{number})"
            yield f"{section[9]} **{section[10]}** See {link}. {section[11]}"

    def _sentence(self) -> str:
        words = self._chance.choices(VOCABULARY.split(), k=self._chance.randint(8, 17))
        return " ".join(words).capitalize() + "."


if __name__ == "__main__":
    main()

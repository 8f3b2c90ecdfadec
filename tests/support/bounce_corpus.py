"""Measures the reading of bounces on the public corpus of ``flufl.bounce``: messages of real servers.

    PYTHONPATH=tests python -m support.bounce_corpus [--folder FOLDER]

The corpus is in the library's source package, which pip downloads into a cache. It is not committed. The
expected answers are those of the library's own tests, where they are about a message as a whole; those in
``OTHERWISE`` were read by hand, since the library's tests say only what one of its detectors finds.
"""

from __future__ import annotations

import argparse
import ast
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from subscribers.bounces.reading import read_report
from subscribers.bounces.report import Kind

DISTRIBUTION = "flufl.bounce"
CACHE = Path.home() / ".cache" / "policysite" / "bounce-corpus"
OTHERWISE: dict[str, tuple[Kind, frozenset[str]]] = {
    # A bounce by Exim: only the detector that guesses must not find it.
    "simple_42.txt": (Kind.BOUNCED, frozenset({"david...@gmail.com"})),
    # Bounces that name no recipient.
    "bounce_01.txt": (Kind.BOUNCED, frozenset()),
    "dumbass_01.txt": (Kind.BOUNCED, frozenset()),
    "simple_43.txt": (Kind.BOUNCED, frozenset()),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One message of the corpus, and what it reports."""

    file: Path
    kind: Kind
    addresses: frozenset[str]

    def is_right(self) -> bool:
        report = read_report(self.file.read_bytes())
        return (report.kind, report.addresses) == (self.kind, self.addresses)


def cases(folder: Path) -> Iterator[Case]:
    """All messages in the unpacked source package, in order."""
    table = _table(folder / "tests" / "test_detectors.py")
    for file in sorted((folder / "tests" / "data").glob("*.txt")):
        kind, addresses = OTHERWISE.get(file.name) or table.get(file.name, (Kind.OTHER, frozenset()))
        yield Case(file=file, kind=kind, addresses=addresses)


def _table(file: Path) -> dict[str, tuple[Kind, frozenset[str]]]:
    """The expected answer for each message: of several detectors, that of the one that finds something."""
    [rows] = [
        ast.literal_eval(node.value)
        for node in ast.parse(file.read_text(encoding="utf-8")).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "DETECTORS"
    ]
    expected = {}
    for _, name, addresses, is_temporary in rows:
        if addresses:
            kind = Kind.DELAYED if is_temporary else Kind.BOUNCED
            expected[name] = (kind, frozenset(address.decode().lower() for address in addresses))
    return expected


def downloaded(cache: Path = CACHE) -> Path:
    """The unpacked source package of the installed version; pip downloads it once."""
    name = f"flufl_bounce-{version(DISTRIBUTION)}"
    if not (cache / name / "tests" / "data").is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:"]
        wanted = f"{DISTRIBUTION}=={version(DISTRIBUTION)}"
        subprocess.run([*pip, "--no-build-isolation", "--dest", cache, wanted], check=True)
        with tarfile.open(cache / f"{name}.tar.gz") as package:
            package.extractall(cache, filter="data")
    return cache / name


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--folder", type=Path, help="the unpacked source package, instead of a download")
    found = list(cases(parser.parse_args().folder or downloaded()))
    wrong = [case for case in found if not case.is_right()]
    for case in wrong:
        report = read_report(case.file.read_bytes())
        print(
            f"{case.file.name}: read as {report.kind} of {sorted(report.addresses)}, "
            f"but it is {case.kind} of {sorted(case.addresses)}"
        )
    right = len(found) - len(wrong)
    print(f"{right} of {len(found)} read rightly: {right / len(found):.1%}")
    return 0 if right >= 0.95 * len(found) else 1


if __name__ == "__main__":
    sys.exit(main())

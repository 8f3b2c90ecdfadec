"""How long after a text was saved its preview shows it, beside MkDocs without the plugin.

    python benchmarks/preview.py [--saves 10]

The repository is a copy of this one, so the pages are those of its own policy. MkDocs itself waits for a
quarter of a second before each build.
"""

from __future__ import annotations

import argparse
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.error import URLError

import yaml

ROOT = Path(__file__).parents[1]
DOCUMENT, PAGE = Path("policy/privacy.md"), "privacy/"
SITE_URL = "https://policies.example/"
MKDOCS = "import sys; from mkdocs.commands.serve import serve; serve(sys.argv[1], dev_addr=sys.argv[2])"
SECONDS_ALLOWED = 1.0


def main() -> None:
    """Measure both; exit 1 when a preview takes too long."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--saves", type=int, default=10)
    saves = parser.parse_args().saves
    with tempfile.TemporaryDirectory() as folder:
        repository = Path(folder, "repository")
        subprocess.run(["git", "clone", "--quiet", ROOT, repository], check=True)
        ours, plain = (_configure(repository, plugin=plugin) for plugin in (True, False))
        command = Path(sys.executable).with_name("policy-site")
        preview = _measure(repository, saves, command, "serve", "--config", ours, "--address")
        mkdocs = _measure(repository, saves, sys.executable, "-c", MKDOCS, plain)
    print(f"{saves} saves, from saving to the new page; median seconds")
    print(f"preview {preview:.2f}, MkDocs alone {mkdocs:.2f}, ratio {preview / mkdocs:.2f}")
    sys.exit(1 if preview > SECONDS_ALLOWED else 0)


def _configure(repository: Path, *, plugin: bool) -> Path:
    file = repository / ("own.yml" if plugin else "plain.yml")
    config = {
        "site_name": "Benchmark",
        "site_url": SITE_URL,
        "docs_dir": "policy",
        "site_dir": f"{file.stem}-site",
        "theme": {"name": "material", "font": False},
        "plugins": ["search", *([{"policysite": {"languages": ["ru"]}}] if plugin else [])],
        "markdown_extensions": ["attr_list", "def_list", "footnotes"],
    }
    file.write_text(yaml.safe_dump(config), encoding="utf-8")
    return file


def _measure(repository: Path, saves: int, *command: str | Path) -> float:
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    document = repository / DOCUMENT
    text = document.read_text(encoding="utf-8")
    seconds: list[float] = []
    with _served(*command, address):
        _wait_for("<h1", f"http://{address}/{PAGE}")
        for number in range(saves):
            time.sleep(2)  # as long as nothing is built any more
            start = time.perf_counter()
            document.write_text(f"{text}\n\nKeystroke {number}.\n", encoding="utf-8")
            _wait_for(f"Keystroke {number}.", f"http://{address}/{PAGE}")
            seconds.append(time.perf_counter() - start)
    document.write_text(text, encoding="utf-8")
    return statistics.median(seconds)


@contextmanager
def _served(*command: str | Path) -> Iterator[None]:
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, stdout=quiet, stderr=quiet) as process:
        try:
            yield
        finally:
            process.terminate()


def _wait_for(words: str, url: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with suppress(URLError), urllib.request.urlopen(url) as answer:  # noqa: S310 - loopback
            if words in answer.read().decode():
                return
        time.sleep(0.01)
    sys.exit(f"{url} does not show {words!r}")


if __name__ == "__main__":
    main()

"""How long it takes to read all versions, compared with one git log and rendering each distinct text once.

    python benchmarks/history.py REPOSITORY [--folder FOLDER]

Prints both times and their ratio. The bar is 3 on the github-site-policy corpus (884 commits, 738 versions).
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import markdown

from generator.git.repository import Repository, open_repository
from generator.markdown.renderer import DEFAULT_EXTENSIONS, Renderer
from generator.versions.front_matter import split_front_matter
from generator.versions.history import read_history


def main() -> None:
    """Measure the repository that the command names."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("repository", type=Path)
    parser.add_argument("--folder", default="")
    arguments = parser.parse_args()
    with open_repository(arguments.repository) as repository:
        log, blobs = _seconds_of_log(repository, folder=arguments.folder)
        rendering, texts = _seconds_of_rendering(repository, blobs)
        reading, versions = _seconds_of_reading(repository, folder=arguments.folder)
    print(f"git log               {log:7.2f} s")
    print(f"rendering {texts:4} texts  {rendering:7.2f} s")
    print(f"reading {versions:4} versions {reading:7.2f} s")
    print(f"ratio                 {reading / (log + rendering):7.2f}")


def _seconds_of_log(repository: Repository, *, folder: str) -> tuple[float, set[str]]:
    start = time.perf_counter()
    steps = repository.mainline(repository.resolve(), folder=folder)
    seconds = time.perf_counter() - start
    return seconds, {change.new_blob for step in steps for change in step.changes if change.new_blob}


def _seconds_of_rendering(repository: Repository, blobs: set[str]) -> tuple[float, int]:
    files = [repository.read(blob).decode("utf-8", "replace") for blob in sorted(blobs)]
    texts = {split_front_matter(file.replace("\r\n", "\n")).body for file in files}
    renderer = markdown.Markdown(extensions=[*DEFAULT_EXTENSIONS])
    start = time.perf_counter()
    for text in sorted(texts):
        renderer.reset().convert(text)
    return time.perf_counter() - start, len(texts)


def _seconds_of_reading(repository: Repository, *, folder: str) -> tuple[float, int]:
    start = time.perf_counter()
    renderer = Renderer(DEFAULT_EXTENSIONS, {})
    history = read_history(repository, folder=folder, ref=None, renderer=renderer)
    return time.perf_counter() - start, sum(len(document.versions) for document in history.documents)


if __name__ == "__main__":
    main()

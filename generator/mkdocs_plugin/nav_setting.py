"""Corrects the ``nav`` of mkdocs.yml where documents were renamed or removed; pure.

For a path that does not exist, MkDocs would show a link called "None" on every page.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from generator.site.document_translations import SUFFIX
from generator.site.urls import SiteDocument

ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:|/", re.IGNORECASE)


def renamed(documents: Sequence[SiteDocument]) -> dict[str, str]:
    """The current path of each document by each of its former paths, for documents that still exist."""
    living = [document for document in documents if document.history.ended_at is None]
    moved = {former: one.nav_path for one in living for former in one.history.former_paths}
    return {former: now for former, now in moved.items() if now != former}


def updated_nav(
    nav: Sequence[Any], *, files: Collection[str], moved: Mapping[str, str]
) -> tuple[list[Any], list[str]]:
    """The corrected ``nav``, and a warning for each correction.

    ``files`` are the paths that exist; ``moved`` are the current paths by former ones.
    """
    correction = _Correction(files=files, moved=moved, named=set(_paths(nav)))
    return list(correction.items(nav)), correction.warnings


@dataclass(kw_only=True)
class _Correction:
    files: Collection[str]
    moved: Mapping[str, str]
    named: set[str]
    warnings: list[str] = field(default_factory=list)

    def items(self, nav: Sequence[Any]) -> Iterator[Any]:
        for item in nav:
            if isinstance(item, Mapping):
                for title, target in item.items():
                    kept = self._target(target)
                    if kept is not None:
                        yield {title: kept}
            elif isinstance(item, str):
                path = self._path(item)
                if path is not None:
                    # MkDocs finds the title of a document, but would call any other link "None".
                    yield path if path in self.files else {path: path}
            else:
                yield item  # MkDocs reports what is wrong with it

    def _target(self, target: Any) -> Any:
        if isinstance(target, str):
            return self._path(target)
        if isinstance(target, list):
            return list(self.items(target)) or (None if target else target)
        return target

    def _path(self, written: str) -> str | None:
        """The current path, or None if there is no such document."""
        path = _normal(written)
        if path in self.files or ELSEWHERE.match(written) or not SUFFIX.search(path):
            return written
        now = self.moved.get(path)
        if now is None or now not in self.files:
            self.warnings.append(
                f"nav in mkdocs.yml names {written}, which does not exist; the navigation leaves it out "
                "until you correct it"
            )
            return None
        if now in self.named:
            self.warnings.append(
                f"nav in mkdocs.yml names {written}, which was renamed to {now}, and names {now} too; "
                f"remove {written}"
            )
            return None
        self.named.add(now)
        self.warnings.append(
            f"nav in mkdocs.yml names {written}, which was renamed to {now}; write {now} there"
        )
        return now


def _paths(nav: object) -> Iterator[str]:
    if isinstance(nav, str):
        yield _normal(nav)
    elif isinstance(nav, Mapping):
        for target in nav.values():
            yield from _paths(target)
    elif isinstance(nav, list):
        for item in nav:
            yield from _paths(item)


def _normal(path: str) -> str:
    return PurePosixPath(path).as_posix()

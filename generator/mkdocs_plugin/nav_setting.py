"""The ``nav`` of mkdocs.yml as the documents are named today; pure.

MkDocs makes a link called "None" of a path that is not there, on every page.
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
    """The name today of each path that a document had before, where no other document has it now."""
    living = [document for document in documents if document.history.ended_at is None]
    moved = {former: document.nav_path for document in living for former in document.history.former_paths}
    return {former: now for former, now in moved.items() if now != former}


def updated_nav(
    nav: Sequence[Any], *, files: Collection[str], moved: Mapping[str, str]
) -> tuple[list[Any], list[str]]:
    """The menu with each renamed document under its new name and without what is not there; the warnings.

    ``files`` are the paths that there are, ``moved`` the new ones of those that are no more.
    """
    mender = _Mender(files=files, moved=moved, named=set(_paths(nav)))
    return list(mender.items(nav)), mender.warnings


@dataclass(kw_only=True)
class _Mender:
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
                    # MkDocs finds the title of a document; a link without one would be called "None".
                    yield path if path in self.files else {path: path}
            else:
                yield item  # MkDocs says what is wrong with it

    def _target(self, target: Any) -> Any:
        if isinstance(target, str):
            return self._path(target)
        if isinstance(target, list):
            return list(self.items(target)) or (None if target else target)
        return target

    def _path(self, written: str) -> str | None:
        """The path as it is today; None if nothing is there."""
        path = _normal(written)
        if path in self.files or ELSEWHERE.match(written) or not SUFFIX.search(path):
            return written
        now = self.moved.get(path)
        if now is None or now not in self.files:
            self.warnings.append(
                f"nav in mkdocs.yml names {written}, which is not there; the menu leaves it out"
            )
            return None
        if now in self.named:
            self.warnings.append(
                f"nav in mkdocs.yml names {written}, which is {now} now and named as well; take it out"
            )
            return None
        self.named.add(now)
        self.warnings.append(
            f"nav in mkdocs.yml names {written}, which is {now} now and shown as that; write {now}"
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

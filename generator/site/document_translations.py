"""Finds, by their paths, the language of each document and the document that it translates; pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from generator.versions.document_history import DocumentHistory

SUFFIX = re.compile(r"\.(md|markdown)$", re.IGNORECASE)


def named_language(
    path: str, *, language: str, languages: Collection[str]
) -> tuple[str | None, tuple[str, ...]]:
    """The language that a path names, or None, and the paths that its original may have.

    For ``privacy.ru.md``: ``ru`` and ``privacy.md``. For ``ru/privacy.md``, at any depth: ``ru``, and
    ``privacy.md`` or, on a site in English, ``en/privacy.md``. Only ``languages`` count: ``it/`` may be
    a department.
    """
    found = SUFFIX.search(path)
    stem, suffix = (path[: found.start()], found[0]) if found else (path, "")
    base, dot, spoken = stem.rpartition(".")
    if dot and spoken in languages:
        return spoken, (f"{base}{suffix}",)
    *folders, name = path.split("/")
    for at, folder in enumerate(folders):
        if folder in languages:
            others = ([*folders[:at], *between, *folders[at + 1 :], name] for between in ((), (language,)))
            return folder, tuple("/".join(parts) for parts in others)
    return None, ()


def find_originals(
    documents: Sequence[DocumentHistory], *, language: str, languages: Collection[str]
) -> Mapping[str, str]:
    """The id of the living document that each translation translates, by the id of the translation.

    Renaming the translation, the original or both changes nothing: the current paths are compared first, then
    the former ones. A former path does not count if another translation in that language has a nearer one.
    """
    living = [document for document in documents if document.ended_at is None]
    now = {document.path: document for document in living}
    ever = {path: document for document in living for path in document.former_paths} | now
    candidates = []
    for document in documents:
        spoken, _ = named_language(document.path, language=language, languages=languages)
        if spoken is None:
            continue
        paths = (document.path, *reversed(document.former_paths))
        for nearness, (named, known) in enumerate(_in_turn(paths, (now, ever))):
            _, names = named_language(named, language=language, languages=languages)
            source = next((known[name] for name in names if name in known), None)
            if source is not None and source is not document:
                candidates.append((nearness, document, source, spoken))
                break
    found: dict[str, str] = {}
    taken: set[tuple[str, str]] = set()
    for nearness, document, source, spoken in sorted(candidates, key=lambda one: one[0]):
        if nearness == 0 or (source.id, spoken) not in taken:
            found[document.id] = source.id
            taken.add((source.id, spoken))
    return found


def _in_turn(
    paths: Sequence[str], known: Sequence[Mapping[str, DocumentHistory]]
) -> Iterator[tuple[str, Mapping[str, DocumentHistory]]]:
    for path in paths:
        for documents in known:
            yield path, documents

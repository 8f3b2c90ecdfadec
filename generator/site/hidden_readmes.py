"""A README beside an index: a folder has one page, and as in MkDocs that is the index; pure.

A README that was published before the index was added stays, as a document that ended then.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from generator.versions.document_history import DocumentGap, DocumentHistory

INDEX = re.compile(r"(?:.*/)?index\.(?:md|markdown)", re.IGNORECASE | re.DOTALL)
README = re.compile(r"(?:.*/)?README\.(?:md|markdown)", re.IGNORECASE | re.DOTALL)

HIDDEN_README = (
    "is not published because the index.md beside it is the page of this folder; "
    "rename it, or leave it out (exclude_docs in mkdocs.yml)"
)


def without_hidden_readmes(
    documents: Sequence[DocumentHistory],
) -> tuple[tuple[DocumentHistory, ...], tuple[str, ...]]:
    """The documents that a site publishes, and the paths of the READMEs that it leaves out."""
    living = [document for document in documents if document.ended_at is None]
    indexes = {document.slug: document for document in living if INDEX.fullmatch(document.path)}
    hidden = {
        document.id: indexes[document.slug]
        for document in living
        if README.fullmatch(document.path) and document.slug in indexes
    }
    shown = (_ended(one, by=hidden[one.id]) if one.id in hidden else one for one in documents)
    paths = tuple(document.path for document in documents if document.id in hidden)
    return tuple(document for document in shown if document is not None), paths


def _ended(readme: DocumentHistory, *, by: DocumentHistory) -> DocumentHistory | None:
    """The README until the index was added; None if it was never the folder's page."""
    first = next((version for version in by.versions if version.path == by.path), by.versions[0])
    versions = tuple(version for version in readme.versions if version.position < first.position)
    if not versions:
        return None
    gap = DocumentGap(removed=first.commit, removed_at=first.published_at, restored=None)
    return replace(
        readme,
        slug=f"{readme.slug}@{first.commit[:12]}",
        gaps=(*readme.gaps, gap),
        ended_at=first.published_at,
        problems=(),
        upcoming=None,
        versions=versions,
    )

"""Ids of documents, which never change: they are made of the first commit and the first path."""

from __future__ import annotations

import hashlib

from generator.git.document_paths import below_folder, in_repository
from generator.versions.lineage import DocumentState, Track


def document_ids(track: Track, *, folder: str) -> list[str]:
    """The id of a document, then the ids it would have if its history began where its folder was renamed."""
    moved = [state for state in track.states[1:] if state.step.moved_from is not None]
    return [_document_id(state, folder=folder) for state in (track.states[0], *moved)]


def _document_id(state: DocumentState, *, folder: str) -> str:
    """The id of a document whose history begins with this state."""
    true_path = in_repository(state.step.folder, below_folder(folder, state.path))
    identity = f"{state.step.commit}\0{true_path}"
    return hashlib.sha256(identity.encode("utf-8", "surrogateescape")).hexdigest()[:16]

"""Which files of a repository are documents, judged by their paths alone. Pure."""

from __future__ import annotations

import os
from pathlib import Path

from generator.errors import FolderOutsideRepositoryError


def is_document_path(path: str, *, folder: str) -> bool:
    """Whether a regular file at this path is a document: a Markdown file below the folder, not hidden."""
    if folder and not path.startswith(f"{folder}/"):
        return False
    below = path[len(folder) + 1 :] if folder else path
    hidden = any(part.startswith(".") for part in below.split("/"))
    return not hidden and below.lower().endswith((".md", ".markdown"))


def document_pathspecs(folder: str) -> list[str]:
    """The rule of ``is_document_path`` as git pathspecs, which limit renames to documents."""
    escaped = "".join(f"\\{sign}" if sign in "*?[\\" else sign for sign in folder)
    below = f"{escaped}/**" if folder else "**"
    suffixes = ("[mM][dD]", "[mM][aA][rR][kK][dD][oO][wW][nN]")
    wanted = [f":(top,glob){below}/*.{suffix}" for suffix in suffixes]
    return [*wanted, f":(top,exclude,glob){below}/.*", f":(top,exclude,glob){below}/.*/**"]


def normal_folder(folder: str) -> str:
    """The folder's path without redundant dots and slashes; empty for the repository's root."""
    normal = os.path.normpath(folder) if folder else "."
    if normal.startswith(("/", "../")) or normal == "..":
        raise FolderOutsideRepositoryError(folder, repository=Path())
    return "" if normal == "." else normal


def in_repository(folder: str, path: str) -> str:
    """The path in the repository of a path below the documents folder."""
    return f"{folder}/{path}" if folder else path


def below_folder(folder: str, path: str) -> str:
    """The path below the documents folder of a path in the repository."""
    return path[len(folder) + 1 :] if folder else path

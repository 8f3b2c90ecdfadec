"""Names of documents: their part of a URL, and file names that fit on every disk."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence

from generator.git.steps import Step
from generator.versions.lineage import Track

SUFFIX = re.compile(r"\.(md|markdown)$", re.IGNORECASE)
INDEX = re.compile(r"(^|/)(index|README)$")

LONGEST_NAME = 255
"""The most bytes in a file's name on Linux and most other systems (NAME_MAX)."""


def slug_of(path: str) -> str:
    """The slug of a path below the documents folder: without its suffix and a final index or README.

    It is empty for the start page.
    """
    return INDEX.sub("", SUFFIX.sub("", path))


def fitting_name(name: str, *, ending: str) -> str:
    """The name of a file with an ending, shortened with a digest if it would be too long for a disk."""
    raw = name.encode("utf-8", "surrogateescape")
    room = LONGEST_NAME - len(ending.encode())
    if len(raw) > room:
        digest = f"-{hashlib.sha256(raw).hexdigest()[:12]}"
        name = raw[: room - len(digest)].decode("utf-8", "ignore") + digest
    return name + ending


def distinct_names(tracks: Sequence[Track], wanted: Callable[[Track], str]) -> list[str]:
    """The name that each document wants. If several want the same, the one that was there last gets it.

    Ended documents that do not get it add the commit that removed them. Two living documents both keep the
    name, and the site refuses that.
    """
    holder: dict[str, Track] = {}
    for track in tracks:
        rival = holder.get(wanted(track))
        if rival is None or track.held_until > rival.held_until:
            holder[wanted(track)] = track
    return [
        wanted(track)
        if track.ended is None or holder[wanted(track)] is track
        else _beside(wanted(track), track.ended)
        for track in tracks
    ]


def _beside(path: str, ended: Step) -> str:
    """The path of an ended document, made different from that of the document which has it now."""
    folder, slash, name = path.rpartition("/")
    return f"{folder}{slash}{fitting_name(name, ending=f'@{ended.commit[:12]}')}"

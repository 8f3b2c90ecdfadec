"""Writes the ``redline.json`` files: the redline from one version to the next, for programs; format 1."""

from __future__ import annotations

from collections.abc import Callable

from generator.redline import ListedChange
from generator.site.data_files import json_file
from generator.site.redlines import RedlineTexts
from generator.versions.version import Version

FORMAT = 1


def redline_json(
    document: str, version: Version, redline: RedlineTexts, *, absolute: Callable[[str], str], nothing: str
) -> bytes:
    """The redline from the version before. ``absolute`` makes the links of its markup absolute.

    ``nothing`` is the text for a version that stays although the renderer no longer sees a difference.
    """
    changes = redline.changes or (ListedChange(kind="nothing", where="", text=nothing, anchor=None),)
    return json_file(
        {
            "format": FORMAT,
            "document": document,
            "from": version.follows,
            "to": version.number,
            "counts": {kind: count for kind, count in redline.counts.items() if count},
            "changes": [
                {"kind": change.kind, "where": change.where, "text": change.text, "anchor": change.anchor}
                for change in changes
            ],
            "html": absolute(redline.html),
            "mail_html": absolute(redline.mail_html),
            "mail_text": redline.mail_text,
            "omitted": redline.omitted,
        }
    )

"""Finds which plugin of mkdocs.yml an error comes from, so that it can be named instead of a traceback."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from pathlib import Path


def failing_plugin(error: BaseException, folders: Mapping[str, Path]) -> str | None:
    """The plugin in whose code the error arose, by the ``folders`` of the plugins' code; None if in none.

    Of several on the way the innermost counts: it called what failed.
    """
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        file = Path(frame.filename)
        for name, folder in folders.items():
            if file.is_relative_to(folder):
                return name
    return None

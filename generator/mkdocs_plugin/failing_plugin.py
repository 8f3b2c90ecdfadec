"""Finds the plugin of mkdocs.yml that an error comes from, so that a message can name it."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from pathlib import Path


def failing_plugin(error: BaseException, folders: Mapping[str, Path]) -> str | None:
    """The name of the plugin whose code failed, or None. ``folders`` holds the code of each plugin by name.

    If several plugins are in the traceback, the innermost counts: it made the call that failed.
    """
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        file = Path(frame.filename)
        for name, folder in folders.items():
            if file.is_relative_to(folder):
                return name
    return None

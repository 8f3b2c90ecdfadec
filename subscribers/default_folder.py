"""The default folder of the database and the messages, which is never inside a git repository.

Policy repositories are often public, and both hold email addresses.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

DATABASE = "policy-notify.sqlite"


def default_folder(here: Path, environment: Mapping[str, str] = os.environ) -> Path:
    """The current folder ``here``; inside a repository, a folder of its own below the user's state folder.

    A database that an earlier version made in the current folder stays in use.
    """
    root = next((folder for folder in (here, *here.parents) if (folder / ".git").exists()), None)
    if root is None or (here / DATABASE).exists():
        return here
    return state_folder(environment) / f"{root.name}-{hashlib.sha256(str(root).encode()).hexdigest()[:8]}"


def state_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """The folder for what must outlive the database.

    It is the user's, so that a service and a command that its user runs by hand have the same.
    """
    # XDG Base Directory Specification 0.8
    state = Path(environment.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    return state / "policy-notify"

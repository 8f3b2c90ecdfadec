"""Identifies a renderer by everything that decides what it renders, so that caches notice each change."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

PACKAGES = (
    "Markdown",
    "pymdown-extensions",
    "Pygments",
    "PyYAML",
    "nh3",
    "selectolax",
    "mkdocs-material",
)
SOURCES = (
    "markdown/**/*.py", "rendered/**/*.py",
    "versions/decoding.py", "versions/document.py", "versions/front_matter.py", "versions/reading.py",
)  # fmt: skip
"""The modules of the generator that decide what is rendered and compared."""


def renderer_version(extensions: Sequence[str], options: Mapping[str, object]) -> str:
    """A digest of the packages, the modules, the extensions and their options."""
    parts = [f"{package} {version(package)}" for package in PACKAGES]
    parts += [json.dumps([extensions, options], default=_stable_name, sort_keys=True)]
    generator = Path(__file__).parents[1]
    sources = sorted({file for pattern in SOURCES for file in generator.glob(pattern)})
    parts += [file.read_text(encoding="utf8") for file in sources]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def _stable_name(value: object) -> str:
    """The name of an option that JSON cannot hold, such as a function, without its location in memory."""
    named = value if callable(value) else type(value)
    return f"{getattr(named, '__module__', '')}.{getattr(named, '__qualname__', '')}"

"""The key of a cached redline covers all code that makes it, or a warm build could differ from a cold one."""

from __future__ import annotations

from pathlib import Path

import grimp

import generator
from generator.markdown.renderer_version import SOURCES
from generator.site.redlines import comparing_sources

ROOT = Path(generator.__file__).parent
READS_REPOSITORIES = "generator.git."


def test_each_module_that_makes_a_redline_is_in_the_key() -> None:
    graph = grimp.build_graph("generator", cache_dir=None)
    needed = {
        *(module for module in graph.modules if module.startswith("generator.redline.")),
        *graph.find_upstream_modules("generator.redline", as_package=True),
    }
    renders = {file for pattern in SOURCES for file in ROOT.glob(pattern)}
    in_key = {*comparing_sources(), *renders}
    files = {module: ROOT.parent.joinpath(*module.split(".")) for module in needed}
    missing = [
        module
        for module, file in files.items()
        if not module.startswith(READS_REPOSITORIES)
        and in_key.isdisjoint({file.with_suffix(".py"), file / "__init__.py"})
    ]
    assert missing == []


def test_the_words_of_every_language_are_in_the_key() -> None:
    assert set(ROOT.glob("languages/*.yml")) <= set(comparing_sources())

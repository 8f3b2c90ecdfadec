"""Refuses Markdown extensions that would show today's files, or those of other hosts, in past versions."""

from __future__ import annotations

from collections.abc import Mapping

from generator.markdown import snippets

TODAYS_PICTURES = "leave it out, since each version has its own pictures without it"
INCLUDED = "include files with pymdownx.snippets, which reads those of each version"
COMMITTED = "commit what it would write"
REMEDIES: Mapping[str, str] = {
    "pymdownx.b64": TODAYS_PICTURES,
    "markdown_include.include": INCLUDED,
    "markdown_include": INCLUDED,
    "mdx_include": INCLUDED,
    "mdx_include.mdx_include": INCLUDED,
    "markdown_exec": COMMITTED,
    "markdown_embed_code": INCLUDED,
    "embed_code": INCLUDED,
    "plantuml_markdown": COMMITTED,
    "mdx_bib": COMMITTED,
    "markdown_katex": COMMITTED,
}


def refused_extension(name: str, options: Mapping[str, object]) -> str | None:
    """Why an extension cannot be used, and what to do instead. None if it can be used."""
    module = name.partition(":")[0]
    if module in REMEDIES:
        return f"{module} reads the files of today, so old versions would show them too; {REMEDIES[module]}"
    if name in snippets.NAMES and options.get("url_download"):
        return (
            f"{module} with `url_download` shows what another host has today, in old versions too; "
            "commit the files, and take `url_download` out"
        )
    return None

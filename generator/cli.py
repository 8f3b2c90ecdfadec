"""The command ``policy-site``: reads arguments, calls the core, prints what it answers."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from generator import listing
from generator.document import DEFAULT_EXTENSIONS, Renderer
from generator.errors import PolicyError
from generator.history import read_history
from generator.repository import open_repository

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def policy_site() -> None:
    """Build, preview and check the site of a policy repository."""


@app.command(epilog="Example: policy-site versions --repo policies.bundle --document privacy --json")
def versions(
    *,
    repo: Annotated[Path, typer.Option(help="A work tree, a bare clone or a bundle.")] = Path(),
    folder: Annotated[str, typer.Option(help="The documents folder in it; without one, all of it.")] = "",
    ref: Annotated[str | None, typer.Option(help="The branch; without one, what is checked out.")] = None,
    document: Annotated[str | None, typer.Option(help="Only the document with this slug.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """List every document and its versions."""
    renderer = Renderer(DEFAULT_EXTENSIONS, {})
    with open_repository(repo) as repository, Console(stderr=True).status("Reading the versions …"):
        history = read_history(repository, folder=folder, ref=ref, renderer=renderer)
    documents = listing.select(history, document)
    if as_json:
        typer.echo(json.dumps(listing.as_values(history, documents), indent=2))
        return
    for line in listing.as_lines(history, documents):
        typer.echo(line)
    for warning in history.warnings:
        typer.echo(f"warning: {listing.printable(str(warning))}", err=True)


def main() -> None:
    """Run the command; exit 0 when done, 1 on an expected refusal, 2 on wrong usage."""
    try:
        app()
    except PolicyError as error:
        typer.echo(f"policy-site: {error}", err=True)
        sys.exit(1)

"""The command ``policy-site``: reads arguments, calls the core, prints what it answers."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from generator import listing
from generator.errors import PolicyError
from generator.git.repository import Repository, open_repository
from generator.language import load_language
from generator.printable import say, several_lines
from generator.progress import telling_progress
from generator.site.renderer import renderer_of
from generator.site.trusted_cache import open_cache
from generator.versions.document import DEFAULT_EXTENSIONS, Renderer
from generator.versions.history import History, read_history

ConfigFile = Annotated[Path, typer.Option(help="The mkdocs.yml of the site.")]

MKDOCS = Path("mkdocs.yml")
READING = "Reading the versions …"
MOST_WARNINGS = 10  # of texts of the past, which nobody can mend

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def policy_site() -> None:
    """Build, preview and check the site of a policy repository."""


@app.command(epilog="Example: policy-site versions --repo policies.bundle --document privacy --json")
def versions(
    *,
    config: Annotated[Path | None, typer.Option(help="The mkdocs.yml of a site.")] = None,
    repo: Annotated[
        Path | None, typer.Option(help="A work tree, a bare clone or a bundle, read without a mkdocs.yml.")
    ] = None,
    folder: Annotated[str, typer.Option(help="With --repo: the documents folder; without one, all.")] = "",
    ref: Annotated[str | None, typer.Option(help="The branch; without one, what is checked out.")] = None,
    document: Annotated[str | None, typer.Option(help="Only the document with this slug.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """List every document and its versions: of the site here, of another one, or of any repository."""
    if config and (repo or folder):
        raise typer.BadParameter("mkdocs.yml names the repository and the folder", param_hint="--config")
    if config or (not repo and not folder and MKDOCS.is_file()):
        history = _history_of_site(config or MKDOCS, ref=ref)
    else:
        with (
            open_repository(repo or Path(), named=repo is not None) as repository,
            telling_progress(READING, done=lambda: _texts_read(repository)),
        ):
            renderer = Renderer(DEFAULT_EXTENSIONS, {})
            history = read_history(repository, folder=folder, ref=ref, renderer=renderer)
    if not history.documents:
        where = history.folder or "the repository"
        _warn(f"{where}: git holds no text (.md) in this folder; see --folder and --ref")
    documents = listing.select(history, document)
    if as_json:
        typer.echo(json.dumps(listing.as_values(history, documents), indent=2))
        return
    for line in listing.as_lines(history, documents):
        say(line)
    for warning in history.warnings:
        _warn(str(warning))


@app.command(
    epilog="Example: policy-site build --as-of 2027-01-01 --published https://policies.example/history.json"
)
def build(
    *,
    config: ConfigFile = Path("mkdocs.yml"),
    site_dir: Annotated[
        Path | None, typer.Option(help="Where the site goes; without one, as mkdocs.yml says.")
    ] = None,
    as_of: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="The day that decides what is in force; today."),
    ] = None,
    published: Annotated[
        str | None,
        typer.Option(help="history.json of the site as it is published: refuse to lose any of it."),
    ] = None,
    first_publication: Annotated[
        bool,
        typer.Option("--first-publication", help="With --published: nothing is there yet, as is right."),
    ] = False,
    signing_key: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="An Ed25519 key in PEM: sign history.json with it."),
    ] = None,
) -> None:
    """Build the site of everything that is committed."""
    from generator import building  # noqa: PLC0415 - MkDocs takes a while, and no other command needs it

    if first_publication and not published:
        raise typer.BadParameter("goes with --published", param_hint="--first-publication")
    if building.has_uncommitted_edits(config):
        say(
            "note: edits that are not committed are not in this build; see them with policy-site serve",
            err=True,
        )
    with telling_progress("Building the site …"):
        folder, built = building.build(
            config,
            site_dir=site_dir,
            day=as_of.date() if as_of else None,
            published=published,
            first_publication=first_publication,
            signing_key=signing_key,
        )
    past = built.history_warnings
    for warning in [*built.warnings, *past[:MOST_WARNINGS]]:
        _warn(str(warning))
    if len(past) > MOST_WARNINGS:
        _warn(f"{len(past) - MOST_WARNINGS} more in texts of the past; policy-site versions lists them")
    say(f"{folder}: {built.documents} documents, {built.versions} versions, {built.redlines} redlines")


@app.command(epilog="Example: policy-site serve --address 127.0.0.1:8001")
def serve(
    *,
    config: ConfigFile = Path("mkdocs.yml"),
    address: Annotated[str, typer.Option(help="Where to listen.")] = "127.0.0.1:8000",
) -> None:
    """Preview the site with uncommitted edits and their redline; it follows each change of a file."""
    from generator.preview import preview  # noqa: PLC0415 - MkDocs takes a while, and no other command needs it

    preview(config, address=address, tell=lambda line: say(line, err=True))


class RedlineFormat(StrEnum):
    """How ``redline`` answers."""

    HTML = "html"
    TEXT = "text"
    JSON = "json"


@app.command(name="redline", epilog="Example: policy-site redline HEAD~1:policy/privacy.md policy/privacy.md")
def redline_of(
    old: Annotated[str, typer.Argument(help="A file, or REV:path from the repository's root.")],
    new: Annotated[str, typer.Argument(help="The same for the newer text.")],
    *,
    answer: Annotated[
        RedlineFormat, typer.Option("--format", help="A list and the changes, the marked text, or both.")
    ] = RedlineFormat.TEXT,
) -> None:
    """Show what changed from one text to another; mkdocs.yml, if there is one here, says how they render."""
    from generator import plugin, redline, texts  # noqa: PLC0415 - as above
    from generator.redline.pictures import without_pictures  # noqa: PLC0415 - as above

    site = plugin.read_config(MKDOCS) if MKDOCS.is_file() else None
    language = load_language(site.language if site else "en")
    with texts.repository_here() as repository:
        renderer = (
            renderer_of(site, repository)
            if site and repository
            else Renderer(site.extensions, site.extension_configs)
            if site
            else Renderer(DEFAULT_EXTENSIONS, {})
        )
        sides = [texts.read_side(name, renderer, repository, warn=_warn) for name in (old, new)]
    compared = redline.compare(*sides)
    if answer is RedlineFormat.HTML:
        typer.echo(without_pictures(redline.html(compared, language)))
    elif answer is RedlineFormat.JSON:
        typer.echo(texts.as_json(compared, language))
    else:
        colour = sys.stdout.isatty()
        for line in texts.as_lines(compared, language, colour=colour):
            typer.echo(line if colour else several_lines(line))


class CheckFormat(StrEnum):
    """How ``check`` answers."""

    TEXT = "text"
    GITHUB = "github"
    MARKDOWN = "markdown"


@app.command(epilog="Example: policy-site check --base origin/main --format markdown")
def check(
    *,
    config: ConfigFile = Path("mkdocs.yml"),
    base: Annotated[
        str | None, typer.Option(help="The branch it will be merged into; without one, the last commit.")
    ] = None,
    published: Annotated[
        str | None,
        typer.Option(help="history.json of the site as it is published: check what is merged since."),
    ] = None,
    answer: Annotated[
        CheckFormat,
        typer.Option("--format", help="Lines, GitHub annotations, or a summary with the redline."),
    ] = CheckFormat.TEXT,
) -> None:
    """Check the policy before it is published: front matter, summary, effective date; exit 1 on an error."""
    from generator import plugin  # noqa: PLC0415 - as above
    from generator.checking import formats  # noqa: PLC0415
    from generator.checking.check import check as check_draft  # noqa: PLC0415
    from generator.checking.findings import Report  # noqa: PLC0415
    from generator.checking.unpublished import check_unpublished  # noqa: PLC0415
    from generator.earlier_site import read_earlier_site  # noqa: PLC0415

    if base and published:
        raise typer.BadParameter("is for a draft, and --published for what is merged", param_hint="--base")
    site = plugin.read_config(config)
    opened, distrusted = open_cache(site.cache)
    if distrusted:
        _warn(distrusted)
    earlier = read_earlier_site(published, first_publication=False) if published else None
    report: Report
    with (
        open_repository(site.documents) as repository,
        opened as cache,
        telling_progress(READING, done=lambda: _texts_read(repository)),
    ):
        if earlier is not None:
            report = check_unpublished(site, repository, published=earlier, cache=cache)
        else:
            report = check_draft(site, repository, base=base, at=datetime.now(UTC), cache=cache)
    if answer is CheckFormat.GITHUB:
        for annotation in formats.as_annotations(report):  # a command, with its words escaped
            typer.echo(annotation)
    else:
        for line in formats.as_text(report) if answer is CheckFormat.TEXT else formats.as_markdown(report):
            typer.echo(several_lines(line))
    if not report.passed:
        raise typer.Exit(1)


def _history_of_site(config: Path, *, ref: str | None) -> History:
    from generator import plugin  # noqa: PLC0415 - MkDocs takes a while, and no repository alone needs it

    site = plugin.read_config(config)
    with (
        open_repository(site.documents) as repository,
        telling_progress(READING, done=lambda: _texts_read(repository)),
    ):
        renderer = renderer_of(site, repository)
        history = read_history(
            repository,
            folder=repository.folder_of(site.documents),
            ref=ref,
            renderer=renderer,
            time_zone=site.time_zone,
            excluded=site.excluded,
        )
    shown = tuple(document for document in history.documents if not site.excluded(document.path))
    return replace(history, documents=shown)


def _texts_read(repository: Repository) -> str:
    return f"{repository.texts_read:,} texts read" if repository.texts_read else ""


def _warn(text: str) -> None:
    say(f"warning: {text}", err=True)


def main() -> None:
    """Run the command; exit 0 when done, 1 on an expected refusal, 2 on wrong usage."""
    try:
        app()
    except PolicyError as error:
        for line in error.lines:
            say(f"policy-site: {line}", err=True)
        sys.exit(1)

"""``policy-site check``: says what is wrong with a change before it is published."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from generator.commands.shared import MKDOCS_YML, ConfigFile, showing_texts_read, warn
from generator.printable import several_lines

if TYPE_CHECKING:
    from generator.checking.report import Report

EXAMPLE = "policy-site check --base origin/main --format markdown"


class CheckFormat(StrEnum):
    """The formats that ``check`` can print."""

    TEXT = "text"
    GITHUB = "github"
    MARKDOWN = "markdown"


def check(
    *,
    config: ConfigFile = MKDOCS_YML,
    base: Annotated[
        str | None,
        typer.Option(
            metavar="BRANCH",
            help="Check everything that changed since the work left this branch.",
            show_default="the last commit",
        ),
    ] = None,
    published: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|URL",
            help="The history.json of the published site: check everything merged since then.",
        ),
    ] = None,
    answer: Annotated[
        CheckFormat,
        typer.Option(
            "--format",
            help="text: a line for each problem; github: annotations; markdown: a summary with the redline.",
        ),
    ] = CheckFormat.TEXT,
) -> None:
    """Check the policy before it is published: front matter, dates, links. Exits with 1 on an error."""
    if base and published:
        raise typer.BadParameter(
            "is for a draft, and --published is for merged changes; use one of them", param_hint="--base"
        )
    report = _report(config, base=base, published=published)
    _print(report, answer)
    if not report.passed:
        raise typer.Exit(1)


def _report(config: ConfigFile, *, base: str | None, published: str | None) -> Report:
    from generator.checking.draft import check_draft
    from generator.checking.unpublished import check_unpublished
    from generator.git.repository import open_repository
    from generator.mkdocs_plugin.run import read_config
    from generator.published_site.earlier_site import read_earlier_site
    from generator.site.trusted_cache import open_cache

    site = read_config(config)
    opened, distrusted = open_cache(site.cache)
    if distrusted:
        warn(distrusted)
    earlier = read_earlier_site(published, first_publication=False) if published else None
    with open_repository(site.documents) as repository, opened as cache, showing_texts_read(repository):
        if earlier is not None:
            return check_unpublished(site, repository, published=earlier, cache=cache)
        return check_draft(site, repository, base=base, at=datetime.now(UTC), cache=cache)


def _print(report: Report, answer: CheckFormat) -> None:
    from generator.checking import report_formats

    match answer:
        case CheckFormat.GITHUB:
            for annotation in report_formats.as_annotations(report):
                typer.echo(annotation)  # GitHub obeys these lines; their texts are escaped already
        case CheckFormat.TEXT:
            for line in report_formats.as_text(report):
                typer.echo(several_lines(line))
        case CheckFormat.MARKDOWN:
            for line in report_formats.as_markdown(report):
                typer.echo(several_lines(line))

"""One build: into a new folder, which takes the old site's place only when it is whole."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path

from generator.checking.unpublished import check_unpublished
from generator.git.repository import open_repository
from generator.mkdocs_plugin import run
from generator.published_site import signing
from generator.published_site.earlier_site import read_earlier_site
from generator.published_site.site_folder import refuse_foreign_folder
from generator.site.build import Built
from generator.site.config import SiteConfig
from generator.site.published_history import PublishedHistory
from generator.site.trusted_cache import open_cache
from generator.site.urls import HISTORY

LAST_GZIP_SECOND = 2**32 - 1  # RFC 1952: MkDocs writes the same time into sitemap.xml.gz
EPOCH = "SOURCE_DATE_EPOCH"  # https://reproducible-builds.org/specs/source-date-epoch/


def build_site(
    config_file: Path,
    *,
    site_dir: Path | None,
    day: date | None,
    published: str | None,
    first_publication: bool = False,
    signing_key: Path | None = None,
) -> tuple[Path, Built]:
    """Build the site; answers its folder. On any refusal the folder is as it was.

    ``published`` is a file or a URL: the ``history.json`` of which nothing may be lost.
    """
    config = run.read_config(config_file)
    folder = (site_dir or config.site_dir).resolve()
    with open_repository(config.documents) as repository:
        around = [repository.git_dir, repository.root or repository.git_dir]
        refuse_foreign_folder(
            folder,
            kept=[config.documents, config_file, *around],
            closed=[config.documents, repository.git_dir],
        )
    earlier = read_earlier_site(published, first_publication=first_publication) if published else None
    if earlier and earlier.versions:
        earlier = _checked(config, earlier)
    key = signing.read_signing_key(signing_key) if signing_key else None
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as scratch:
        new = Path(scratch, "new")
        with _dated_as_committed(config.documents):
            built = run.build(config_file, site_dir=new, before=folder, day=day, published=earlier)
        if key:
            signing.sign(new / HISTORY, key)
        if folder.is_dir():
            folder.rename(Path(scratch, "old"))
        new.rename(folder)
    return folder, built


def _checked(config: SiteConfig, earlier: PublishedHistory) -> PublishedHistory:
    """What is published, with what a check finds in the versions that are to be."""
    opened, _ = open_cache(config.cache)  # the build itself says where it is not used
    with open_repository(config.documents) as repository, opened as cache:
        report = check_unpublished(config, repository, published=earlier, cache=cache)
    return replace(earlier, held_for={**earlier.held_for, **report.held_for})


def has_uncommitted_edits(config_file: Path) -> bool:
    """Whether the documents folder holds what a build does not publish."""
    documents = run.read_config(config_file).documents
    with open_repository(documents) as repository:
        return repository.has_edits(folder=repository.folder_of(documents))


@contextmanager
def _dated_as_committed(documents: Path) -> Iterator[None]:
    """Let MkDocs and its themes write the commit's time where they would write that of the build."""
    with open_repository(documents) as repository:
        committed_at = repository.committed_at(repository.resolve())
    known = os.environ.get(EPOCH)
    os.environ[EPOCH] = str(min(max(committed_at, 0), LAST_GZIP_SECOND))
    try:
        yield
    finally:
        if known is None:
            del os.environ[EPOCH]
        else:
            os.environ[EPOCH] = known

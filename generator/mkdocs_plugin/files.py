"""The files that MkDocs is given instead of those in the documents folder."""

from __future__ import annotations

from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files, InclusionLevel

from generator.site.urls import SiteDocument


def remove_documents_folder(files: Files, config: MkDocsConfig) -> list[File]:
    """Remove the files of the documents folder, and return them.

    If one of them has hidden a file of the theme with the same name, the theme's file is added again.
    """
    removed = [file for file in files if file.src_dir == config.docs_dir]
    for file in removed:
        files.remove(file)
    files.add_files_from_theme(config.theme.get_env(), config)
    return removed


def made_file(path: str, content: bytes, config: MkDocsConfig) -> File:
    """A file of the site with this content."""
    file = File(path, None, config.site_dir, use_directory_urls=True)
    file.content_bytes = content
    return file


def document_file(document: SiteDocument, config: MkDocsConfig, *, in_navigation: bool) -> File:
    """The page of a document. MkDocs reads no text from it; the plugin's hooks give it the committed one."""
    file = made_file(document.nav_path, b"", config)
    source = Path(config.docs_dir, document.history.path)
    if source.is_file():
        file.abs_src_path = str(source)  # other plugins ask git about this file
    file.dest_uri = f"{document.slug}/index.html" if document.slug else "index.html"
    file.url = document.page_path or "./"
    file.inclusion = InclusionLevel.INCLUDED if in_navigation else InclusionLevel.NOT_IN_NAV
    return file

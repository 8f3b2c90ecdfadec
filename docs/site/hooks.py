"""Makes the documentation's site complete: its menu, the pages at the root of the repository, two references.

The menu is the list in docs/README.md. The command reference is read from the commands, and the API reference
from the functions, when the site is built.
"""

from __future__ import annotations

import inspect
import posixpath
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import typer
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from generator.cli import app as policy_site
from subscribers.cli import app as policy_notify

ROOT = Path(__file__).resolve().parents[2]
ROOT_PAGES = {
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "CODE_OF_CONDUCT.md": "code-of-conduct.md",
}
COMMANDS_PAGE = "reference/commands.md"
API_PAGE = "reference/python.md"

PUBLIC = (
    "generator.redline:redline_markdown",
    "generator.git.repository:open_repository",
    "generator.versions.history:read_history",
)
"""The functions that other programs may call; all others can change with any release."""

FENCED = re.compile(r"(^ *```.*?^ *```)", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\((?!\w+:)([^)\s#]*)(#[^)\s]*)?\)")
HEADING = re.compile(r"^## ([^:\n]+).*$|^(?:- |\d+\. )\[([^\]]+)\]\(([^)#]+)\)", re.MULTILINE)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Take the menu from the list in docs/README.md."""
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf8")
    menu: list[dict[str, object]] = [{"Overview": "README.md"}]
    pages: list[dict[str, str]] = []
    for section, title, path in HEADING.findall(index):
        if section:
            pages = []
            menu.append({section.strip(): pages})
        elif path.endswith(".md") and not path.startswith("../"):
            pages.append({title: path})
            if path == COMMANDS_PAGE:
                pages.append({"Python functions": API_PAGE})
    menu.append({"Project": [{_title(name): path} for name, path in ROOT_PAGES.items()]})
    config.nav = menu
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are not below docs/."""
    for name, path in ROOT_PAGES.items():
        text = (ROOT / name).read_text(encoding="utf8")
        files.append(File.generated(config, path, content=text))
    files.append(File.generated(config, API_PAGE, content="\n".join(_api())))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Let links lead to pages of this site, and keep only the words of links that leave docs/."""
    if page.file.src_uri == COMMANDS_PAGE:
        markdown = "\n".join([markdown, *_reference(policy_site, "policy-site")])
        markdown = "\n".join([markdown, *_reference(policy_notify, "policy-notify")])
    names = {path: name for name, path in ROOT_PAGES.items()}
    written_in = names.get(page.file.src_uri, f"docs/{page.file.src_uri}")

    def link(found: re.Match[str]) -> str:
        image, words, path, anchor = found.groups(default="")
        if not path:
            return found[0]
        target = posixpath.normpath(posixpath.join(posixpath.dirname(written_in), path))
        target = ROOT_PAGES.get(target, target.removeprefix("docs/") if target.startswith("docs/") else "")
        if not target:
            return str(words)
        relative = posixpath.relpath(target, posixpath.dirname(page.file.src_uri) or ".")
        return f"{image}[{words}]({relative}{anchor})"

    parts = FENCED.split(markdown)
    return "".join(part if number % 2 else LINK.sub(link, part) for number, part in enumerate(parts))


def _title(name: str) -> str:
    return name.removesuffix(".md").replace("_", " ").capitalize()


# --- commands ---


def _reference(app: typer.Typer, name: str) -> Iterator[str]:
    """A section for each command, in the order in which --help lists them."""
    yield f"\n## Every option of {name}\n"
    yield from _commands(typer.main.get_command(app), name=name, parent=None)


def _commands(command: Any, *, name: str, parent: Any) -> Iterator[str]:
    context = command.context_class(command, info_name=name, parent=parent)
    inner = getattr(command, "commands", {})
    for each_name, each in inner.items():
        yield from _commands(each, name=each_name, parent=context)
    if inner:
        return
    yield f"\n### `{context.command_path}`\n"
    yield f"{_paragraphs(command.help)}\n"
    usage = " ".join(command.collect_usage_pieces(context))
    yield f"```text\n{context.command_path} {usage}\n```\n"
    records = [record for each in command.params if (record := each.get_help_record(context))]
    if records:
        yield "| option | meaning |\n|---|---|"
        yield from (f"| `{_cell(option)}` | {_cell(meaning)} |" for option, meaning in records)
    if command.epilog:
        yield f"\n{_paragraphs(command.epilog)}"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _paragraphs(text: str | None) -> str:
    """Help as Markdown: ``code`` in one pair of backticks, and an example as a block of its own."""
    cleaned = inspect.cleandoc(text or "").replace("``", "`").replace("\b", "").replace("\f", "")
    return re.sub(r"^Example: (.+)$", r"Example:\n\n```sh\n\1\n```", cleaned, flags=re.MULTILINE)


# --- functions ---


def _api() -> Iterator[str]:
    """A section for each public function: its signature and its docstring."""
    yield "# Python functions\n"
    yield "Other programs may call these functions. All others can change with any release.\n"
    for name in PUBLIC:
        module, function_name = name.split(":")
        function = getattr(import_module(module), function_name)
        yield f"## {function_name}\n"
        signature = _signature(function_name, function)
        yield f"```python\nfrom {module} import {function_name}\n\n{signature}\n```\n"
        yield f"{_paragraphs(function.__doc__)}\n"


def _signature(name: str, function: object) -> str:
    source = inspect.getsource(function)  # type: ignore[arg-type]
    [written] = re.findall(rf"^def {name}\(.*?\)(?: -> [^\n]+)?:$", source, re.DOTALL | re.MULTILINE)
    return str(written).removesuffix(":")

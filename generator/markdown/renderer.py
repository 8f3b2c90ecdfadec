"""Renders Markdown as the site does: to HTML that is safe to show, and to a digest of what a reader sees."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import asdict, dataclass

from generator.git.files import Files
from generator.markdown import snippets
from generator.markdown.cleaning import clean_html
from generator.markdown.in_words import icon_in_words, in_words
from generator.markdown.python_markdown import Converter, UnrenderableError, as_source
from generator.markdown.renderer_version import renderer_version
from generator.rendered.characters import folded
from generator.rendered.digest import digest_of
from generator.rendered.visible import visible_text

DEFAULT_EXTENSIONS = ("toc", "tables", "fenced_code", "attr_list", "footnotes", "def_list")
"""The extensions without a mkdocs.yml: the three that MkDocs uses by default, and three that policies use."""

TRAILING_BLANKS = re.compile(r"[ \t]+$", re.MULTILINE)
HARD_BREAK = re.compile(r"\S(?:\t|[ \t]{2})[ \t]*$", re.MULTILINE)
EMPTY_ITEM = re.compile(r"^([ \t>]*(?:[-*+]|[0-9]+\.))[ \t]+$", re.MULTILINE)
TEMPLATE_SIGNS = ("{{", "}}", "{%", "%}")
PRIVATE_USE = range(0xF0000, 0xFFFFE)
EMOJI = "pymdownx.emoji"


@dataclass(frozen=True, slots=True, kw_only=True)
class Appearance:
    """A summary of how a rendered body looks to a reader, small enough to keep for every body.

    ``heading`` is the first heading. ``images`` are the sources of the images that may be files of the
    repository. ``unrendered`` says why the Markdown source is shown instead; it is empty if it is not.
    """

    sha256: str
    heading: str | None
    empty: bool = False
    unrendered: str = ""
    images: tuple[str, ...] = ()


class Renderer:
    """Renders Markdown with the extensions of a site.

    ``extensions`` are names, or mappings of a name to its options, as in mkdocs.yml;
    ``configs`` are further options by name. ``cache`` keeps what was rendered. Its keys hold ``version`` and
    a digest of the text, so it may outlive the process and serve many renderers. ``bases`` are the folders of
    the repository in which pymdownx.snippets looks for files to include.
    """

    def __init__(
        self,
        extensions: Sequence[str | Mapping[str, Mapping[str, object] | None]],
        configs: Mapping[str, Mapping[str, object]],
        cache: MutableMapping[str, str] | None = None,
        *,
        bases: Sequence[str] = (),
    ) -> None:
        names, options = _extensions_with_options(extensions, configs)
        self.cache = cache
        self._appearances: dict[str, Appearance] = {}
        including = [name for name in names if name in snippets.NAMES]
        for name in including:
            options[name].pop("base_path", None)  # replaced by ``bases``
        self._snippets = snippets.Snippets(options[including[-1]], bases=bases) if including else None
        for name in names:
            if name.partition(":")[0] == EMOJI:
                options[name]["emoji_generator"] = icon_in_words
                options[name].pop("options", None)  # such as the folder of today's icons
        others = [name for name in names if name not in including]
        self._converter = Converter(others, {name: options[name] for name in others})
        self.version = renderer_version(names, options)

    def render(self, body: str) -> str:
        """The body as clean HTML: nothing in it acts, and template syntax is text."""
        has_breaks = HARD_BREAK.search(body)  # without them, the body is shown just as it is compared
        body = EMPTY_ITEM.sub(r"\1", body) if has_breaks else TRAILING_BLANKS.sub("", body)
        key = self._key("html", body)
        if self.cache is not None and (kept := self.cache.get(key)) is not None:
            return kept
        try:
            rendered = clean_html(self._convert(body))
        except UnrenderableError:
            rendered = as_source(body)
        if self.cache is not None:
            self.cache[key] = rendered
        return rendered

    def with_included_files(self, body: str, files: Files) -> snippets.Expanded:
        """The body with the files that it includes. Raises UnincludableError."""
        if self._snippets is None:
            return snippets.Expanded(text=body, files=(), asked=(), missing=())
        return self._snippets.expand(body, files)

    def appearance(self, body: str) -> Appearance:
        """How the body looks to a reader. No body is rendered more than once for this."""
        compared = TRAILING_BLANKS.sub("", body)
        key = self._key("appearance", compared)
        appearance = self._appearances.get(key) or self._kept_appearance(key)
        if appearance is None:
            appearance = self._new_appearance(compared)
            if self.cache is not None:
                self.cache[key] = json.dumps(asdict(appearance))
        self._appearances[key] = appearance
        return appearance

    def _kept_appearance(self, key: str) -> Appearance | None:
        kept = self.cache.get(key) if self.cache is not None else None
        if kept is None:
            return None
        values = json.loads(kept)
        return Appearance(**{**values, "images": tuple(values["images"])})

    def _new_appearance(self, compared: str) -> Appearance:
        try:
            html = self._convert(compared)
        except UnrenderableError as error:
            return appearance_of_source(compared, error)
        if self.cache is not None:
            self.cache[self._key("html", compared)] = clean_html(html)
        visible = visible_text(html)
        return Appearance(
            sha256=digest_of(visible.tokens),
            heading=visible.heading,
            empty=not visible.tokens,
            images=visible.images,
        )

    def _convert(self, body: str) -> str:
        """The HTML that Python-Markdown makes, including raw HTML of the text; it is not safe to show.

        Signs of template syntax are replaced meanwhile, because the extension attr_list would take
        ``# Title {{ x }}`` for attributes.
        """
        unused = (chr(code) for code in PRIVATE_USE if chr(code) not in body)
        stand_ins = dict(zip(TEMPLATE_SIGNS, unused, strict=False))
        for sign, stand_in in stand_ins.items():
            body = body.replace(sign, stand_in)
        html = self._converter.convert(body)
        for sign, stand_in in stand_ins.items():
            html = html.replace(stand_in, sign)
        return in_words(html)

    def _key(self, kind: str, body: str) -> str:
        return f"{kind}-{self.version}-{hashlib.sha256(body.encode()).hexdigest()}"


def appearance_of_source(body: str, error: UnrenderableError) -> Appearance:
    """The appearance of a body that is shown as Markdown source, because of the error."""
    return Appearance(sha256=digest_of(["source", folded(body)]), heading=None, unrendered=str(error))


def _extensions_with_options(
    extensions: Sequence[str | Mapping[str, Mapping[str, object] | None]],
    configs: Mapping[str, Mapping[str, object]],
) -> tuple[list[str], dict[str, dict[str, object]]]:
    options = {name: dict(values) for name, values in configs.items()}
    names: list[str] = []
    for extension in extensions:
        for name, values in ({extension: None} if isinstance(extension, str) else extension).items():
            names.append(name)
            options.setdefault(name, {}).update(values or {})
    return names, options

"""One policy text: its front matter, its rendering, and the digest of what a reader sees of it.

Pure: bytes in, values out. It never refuses a text; what is wrong with one is a ``Problem`` with its line.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import nh3

from generator.git.files import NO_FILES, Files
from generator.markdown import snippets
from generator.markdown.identifiers import is_reserved, kept_classes, reserved_in, with_plain_names
from generator.markdown.in_words import icon_in_words, in_words
from generator.markdown.python_markdown import Converter, UnrenderableError, as_source, on_fresh_stack
from generator.markdown.snippets import UnincludableError
from generator.markdown.surroundings import Picture, Surroundings, find_pictures
from generator.rendered.attributes import leading_number
from generator.rendered.characters import clean, folded
from generator.rendered.elements import NEVER_SHOWN, PUBLISHED_BLOCKS
from generator.rendered.urls import IMAGE_SCHEMES, LINK_SCHEMES, image_source, link_target
from generator.rendered.visible import visible_text
from generator.versions.front_matter import FrontMatter, Problem, Split, split_front_matter

DEFAULT_EXTENSIONS = ("toc", "tables", "fenced_code", "attr_list", "footnotes", "def_list")
"""What a text is read with where no mkdocs.yml says otherwise: MkDocs' own three, and what policies use."""

LINE_END = re.compile(r"\r\n?")
TRAILING_BLANKS = re.compile(r"[ \t]+$", re.MULTILINE)
HARD_BREAK = re.compile(r"\S(?:\t|[ \t]{2})[ \t]*$", re.MULTILINE)
EMPTY_ITEM = re.compile(r"^([ \t>]*(?:[-*+]|[0-9]+\.))[ \t]+$", re.MULTILINE)
NOSCRIPT = re.compile(r"</?noscript\b[^>]*>", re.IGNORECASE)
WEB_ADDRESS = re.compile(r"""((?:href|src)=["'])(?=https?:)""", re.IGNORECASE)
ASIDE = "\U0010fffd"
PUT_ASIDE = re.compile(f"{ASIDE}(?=https?:)", re.IGNORECASE)
MOST_ZEROS = 100
"""A text is taken for UTF-16 if more than one of so many bytes is zero; in Cyrillic only its spaces are."""

TEMPLATE_MARKS = ("{{", "}}", "{%", "%}")
PRIVATE_USE = range(0xF0000, 0xFFFFE)
DECIDING_SOURCES = (
    "markdown/**/*.py", "rendered/**/*.py",
    "versions/document.py", "versions/front_matter.py",
)  # fmt: skip
"""The modules, below the package, that decide what is rendered and compared."""
EMOJI = "pymdownx.emoji"
MOST_SPANNED_BY_A_CELL = 1000  # https://html.spec.whatwg.org/#dom-tdth-colspan
NOWHERE = Surroundings()
RENDERING_PACKAGES = (
    "Markdown",
    "pymdown-extensions",
    "Pygments",
    "PyYAML",
    "nh3",
    "selectolax",
    "mkdocs-material",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a rendered body looks like, small enough to be kept for every one.

    ``unrendered``: why its source stands for it, "" where it does not. ``images`` are the sources of those
    that may be files of the repository.
    """

    sha256: str
    heading: str | None
    empty: bool = False
    unrendered: str = ""
    images: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What the history needs to know of a text: everything but its words.

    ``text_sha256`` is of what a reader sees but for the effective date, ``content_sha256`` of all of it.
    ``included`` are the files whose words it has, as paths and blobs. ``asked`` are all paths on which it
    depends, whether or not there is a file.
    """

    front: FrontMatter
    title: str | None
    content_sha256: str
    text_sha256: str
    problems: tuple[Problem, ...]
    included: tuple[tuple[str, str], ...] = ()
    pictures: tuple[Picture, ...] = ()
    asked: tuple[str, ...] = ()
    images: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One text of a policy, with its rendering.

    ``title`` is the stated one, else the first heading. ``body`` is the Markdown without front matter:
    no BOM, no controls, LF line ends. ``html`` is a cleaned fragment.
    """

    front: FrontMatter
    title: str | None
    body: str
    html: str
    content_sha256: str
    problems: tuple[Problem, ...]
    pictures: tuple[Picture, ...] = ()


class Renderer:
    """Markdown as the site renders it, made safe to show.

    ``extensions`` are names, or mappings of a name to its options, as ``markdown_extensions`` in mkdocs.yml;
    ``configs`` are more options by name. What was rendered is taken from ``cache`` and put there; its keys
    hold the text's digest and ``version``, so it may outlive the process and serve many renderers. ``bases``
    are the folders of the repository in which pymdownx.snippets finds files to include.
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
        self._cache = cache
        self._looks: dict[str, Look] = {}
        including = [name for name in names if name in snippets.NAMES]
        for name in including:
            options[name].pop("base_path", None)  # ``bases`` says it
        self._snippets = snippets.Snippets(options[including[-1]], bases=bases) if including else None
        for name in names:
            if name.partition(":")[0] == EMOJI:
                options[name]["emoji_generator"] = icon_in_words
                options[name].pop("options", None)  # such as icons of today's theme
        own = [name for name in names if name not in including]
        self._converter = Converter(own, {name: options[name] for name in own})
        self._cleaner = _cleaner()
        self.version = _renderer_version(names, options)

    def render(self, body: str) -> str:
        """A fragment of clean HTML: nothing in it acts, template syntax is text."""
        has_breaks = HARD_BREAK.search(body)  # without them, the text is shown just as it is compared
        body = EMPTY_ITEM.sub(r"\1", body) if has_breaks else TRAILING_BLANKS.sub("", body)
        key = self._key("html", body)
        if self._cache is not None and (kept := self._cache.get(key)) is not None:
            return kept
        try:
            rendered = self._clean(self._markup(body))
        except UnrenderableError:
            rendered = as_source(body)
        if self._cache is not None:
            self._cache[key] = rendered
        return rendered

    def included(self, body: str, files: Files) -> snippets.Expanded:
        """The body with all that it includes; raises UnincludableError."""
        if self._snippets is None:
            return snippets.Expanded(text=body, files=(), asked=(), missing=())
        return self._snippets.expand(body, files)

    def kept_reading(self, blob: str) -> Reading | None:
        """What was read of a blob before, if it includes nothing."""
        kept = self._cache.get(f"reading-{self.version}-{blob}") if self._cache is not None else None
        return _as_reading(json.loads(kept)) if kept is not None else None

    def keep_reading(self, blob: str, reading: Reading) -> None:
        """Keep it for the next time, unless its unknown keys hold what JSON cannot, such as themselves."""
        if self._cache is None:
            return
        with suppress(RecursionError, TypeError, ValueError):
            self._cache[f"reading-{self.version}-{blob}"] = json.dumps(asdict(reading), default=str)

    def look(self, body: str) -> Look:
        """What a reader sees of the body, as a digest; each body is rendered for it at most once."""
        compared = TRAILING_BLANKS.sub("", body)
        key = self._key("look", compared)
        look = self._looks.get(key) or self._kept_look(key)
        if look is None:
            look = self._new_look(compared)
            if self._cache is not None:
                self._cache[key] = json.dumps(asdict(look))
        self._looks[key] = look
        return look

    def _kept_look(self, key: str) -> Look | None:
        kept = self._cache.get(key) if self._cache is not None else None
        return _as_look(json.loads(kept)) if kept is not None else None

    def _new_look(self, compared: str) -> Look:
        try:
            markup = self._markup(compared)
        except UnrenderableError as error:
            return unrendered_look(compared, error)
        if self._cache is not None:
            self._cache[self._key("html", compared)] = self._clean(markup)
        seen = visible_text(markup)
        return Look(
            sha256=_digest(seen.tokens),
            heading=seen.heading,
            empty=not seen.tokens,
            images=seen.images,
        )

    def _markup(self, body: str) -> str:
        """The HTML that Python-Markdown makes, raw HTML and all; not safe to show.

        Braces of templates are put aside, because attr_list would take ``# Title {{ x }}`` for attributes.
        """
        spare = (chr(code) for code in PRIVATE_USE if chr(code) not in body)
        stand_ins = dict(zip(TEMPLATE_MARKS, spare, strict=False))
        for mark, stand_in in stand_ins.items():
            body = body.replace(mark, stand_in)
        markup = self._converter.convert(body)
        for mark, stand_in in stand_ins.items():
            markup = markup.replace(stand_in, mark)
        return in_words(markup)

    def _clean(self, markup: str) -> str:
        """The markup without what acts.

        nh3 would drop a web address that is not well formed, such as ``https://{{ host }}/``; with a sign
        before it, it passes as relative. nh3 would also show the tags in a noscript as text.
        """
        aside = WEB_ADDRESS.sub(rf"\1{ASIDE}", NOSCRIPT.sub("", markup))
        return with_plain_names(clean(PUT_ASIDE.sub("", self._cleaner.clean(aside))))

    def _key(self, kind: str, body: str) -> str:
        return f"{kind}-{self.version}-{hashlib.sha256(body.encode()).hexdigest()}"


def read_document(raw: bytes, renderer: Renderer, around: Surroundings = NOWHERE) -> Document:
    """The text that a file holds, rendered, with the files around it."""
    split, reading, body = _read(raw, renderer, around.files)
    reading = with_pictures(reading, around)
    return Document(
        front=reading.front,
        title=reading.title,
        body=split.body,
        html=as_source(split.body) if body is None else renderer.render(body),
        content_sha256=reading.content_sha256,
        problems=reading.problems,
        pictures=reading.pictures,
    )


def read_text(raw: bytes, renderer: Renderer, around: Surroundings = NOWHERE) -> Reading:
    """What the history needs to know of the text that a file holds."""
    return with_pictures(_read(raw, renderer, around.files)[1], around)


def read_blob(blob: str, raw: Callable[[], bytes], renderer: Renderer, files: Files = NO_FILES) -> Reading:
    """What there is to know of the blob with this name, without the pictures that it shows.

    Its bytes are asked for only if it was never read before, or may include other files.
    """
    kept = renderer.kept_reading(blob)
    if kept is None:
        kept = _read(raw(), renderer, files)[1]
        if not kept.asked:
            renderer.keep_reading(blob, kept)
    return kept


def _read(raw: bytes, renderer: Renderer, files: Files) -> tuple[Split, Reading, str | None]:
    """The text's parts, what there is to know of it, and its body with all that it includes.

    None for a body whose included files cannot be put in.
    """
    text, problems = _decoded(raw)
    split = on_fresh_stack(split_front_matter, text)
    expanded = None
    asked: tuple[str, ...] = ()
    try:
        expanded = renderer.included(split.body, files)
    except UnincludableError as error:
        look, asked = unrendered_look(split.body, error), error.asked
    else:
        look, asked = renderer.look(expanded.text), expanded.asked
        problems += tuple(
            Problem(
                line=None, text=f"includes {name!r}, which is no file of its commit; commit it, or correct it"
            )
            for name in expanded.missing
        )
    if look.empty:
        shows_nothing = "the text shows nothing; write it, or remove the file"
        problems += (Problem(line=None, text=shows_nothing, refused_when_new=True),)
    problems += tuple(
        Problem(
            line=split.body_line + line - 1,
            text=f"the id `{name}` belongs to the page around the text, so it is left out; choose another",
        )
        for line, name in reserved_in(split.body)
    )
    if look.unrendered:
        as_written = f"{look.unrendered}; until then it is shown as it is written"
        problems += (Problem(line=None, text=as_written, refused_when_new=True),)
    front = split.front
    effective = front.effective.isoformat() if front.effective else front.effective_text
    withdrawn = [f"withdrawn {front.withdrawn.isoformat()}"] if front.withdrawn else []
    reading = Reading(
        front=front,
        title=front.title or look.heading,
        content_sha256=_digest([folded(front.title or ""), folded(effective or ""), look.sha256, *withdrawn]),
        text_sha256=_digest([folded(front.title or ""), look.sha256, *withdrawn]),
        problems=(*problems, *split.problems),
        included=expanded.files if expanded else (),
        asked=asked,
        images=look.images,
    )
    return split, reading, expanded.text if expanded else None


def with_pictures(reading: Reading, around: Surroundings) -> Reading:
    """The reading with the pictures of the repository, which count by what they show."""
    if not reading.images:
        return reading
    pictures, asked = find_pictures(reading.images, around)
    reading = replace(reading, pictures=pictures, asked=(*reading.asked, *asked))
    if not pictures:
        return reading
    blobs = [picture.blob for picture in pictures]
    return replace(
        reading,
        content_sha256=_digest([reading.content_sha256, blobs]),
        text_sha256=_digest([reading.text_sha256, blobs]),
    )


def unrendered_look(body: str, error: UnrenderableError) -> Look:
    """The look of a body that is shown as it is written."""
    return Look(sha256=_digest(["source", folded(body)]), heading=None, unrendered=str(error))


def _as_look(values: dict[str, Any]) -> Look:
    return Look(**{**values, "images": tuple(values["images"])})


def _as_reading(values: dict[str, Any]) -> Reading:
    front = values["front"]
    for day in ("effective", "withdrawn"):
        if front[day] is not None:
            front[day] = date.fromisoformat(front[day])
    problems = tuple(Problem(**problem) for problem in values["problems"])
    known = {"front": FrontMatter(**front), "problems": problems, "images": tuple(values["images"])}
    return Reading(**{**values, **known, "included": (), "pictures": (), "asked": ()})


def _decoded(raw: bytes) -> tuple[str, tuple[Problem, ...]]:
    problems: tuple[Problem, ...] = ()
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        problems = (
            Problem(
                line=raw.count(b"\n", 0, error.start) + 1,
                text="bytes that are not UTF-8 are replaced; save the file as UTF-8",
                refused=True,
            ),
        )
        text = raw.decode("utf-8", errors="replace")
    if not problems and raw.count(b"\0") > len(raw) // MOST_ZEROS:
        line = raw.count(b"\n", 0, raw.index(b"\0")) + 1
        looks_wide = "the text has a zero byte in every few, as UTF-16 has; save the file as UTF-8"
        problems = (Problem(line=line, text=looks_wide, refused=True),)
    return clean(LINE_END.sub("\n", text)).replace("\ufeff", ""), problems


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, separators=(",", ":")).encode()).hexdigest()


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


def _cleaner() -> nh3.Cleaner:
    """What may be shown: everything that ``visible`` sees and what styles it, and nothing that acts."""
    return nh3.Cleaner(
        tags=nh3.ALLOWED_TAGS | PUBLISHED_BLOCKS - {"body"},
        clean_content_tags=set(NEVER_SHOWN),
        attributes={
            "*": {"class", "dir", "id", "lang", "title"},
            "a": {"href", "name"},
            "abbr": {"title"},
            "col": {"span"},
            "colgroup": {"span"},
            "details": {"open"},
            "img": {"alt", "height", "src", "width"},
            "li": {"value"},
            "ol": {"reversed", "start", "type"},
            "td": {"align", "colspan", "rowspan", "style"},
            "th": {"align", "colspan", "rowspan", "scope", "style"},
        },
        attribute_filter=_shown_attribute,
        filter_style_properties={"text-align"},
        link_rel=None,
        url_schemes=set(LINK_SCHEMES | IMAGE_SCHEMES),
    )


def _shown_attribute(tag: str, name: str, value: str) -> str | None:
    if name in {"id", "name"}:
        return None if is_reserved(clean(value)) else value
    if name == "class":
        return kept_classes(tag, value)
    if name in {"colspan", "rowspan"}:
        number = leading_number(value)
        return None if number is None else str(min(max(number, 0), MOST_SPANNED_BY_A_CELL))
    if name == "href":
        return None if link_target(value) is None else value
    if name == "src":
        return None if image_source(value) is None else value
    return value


def _renderer_version(names: Sequence[str], options: Mapping[str, object]) -> str:
    """A digest of everything, besides the text, that decides what is rendered and compared."""
    parts = [f"{package} {version(package)}" for package in RENDERING_PACKAGES]
    parts += [json.dumps([names, options], default=_stable_name, sort_keys=True)]
    package = Path(__file__).parents[1]
    sources = sorted({file for pattern in DECIDING_SOURCES for file in package.glob(pattern)})
    parts += [file.read_text(encoding="utf8") for file in sources]
    return _digest(parts)[:16]


def _stable_name(value: object) -> str:
    """An option that JSON cannot hold, such as a named function, without its address in memory."""
    named = value if callable(value) else type(value)
    return f"{getattr(named, '__module__', '')}.{getattr(named, '__qualname__', '')}"

"""A company's colours from mkdocs.yml and its own style sheet, made legible on light and on dark pages.

Material for MkDocs takes ``primary`` for the header and for links, and ``accent`` for what a pointer is on.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

# Material for MkDocs 9.8, palette.css.
PRIMARY = {
    "red": "#ef5552",
    "pink": "#e92063",
    "purple": "#ab47bd",
    "deep-purple": "#7e56c2",
    "indigo": "#4051b5",
    "blue": "#2094f3",
    "light-blue": "#02a6f2",
    "cyan": "#00bdd6",
    "teal": "#009485",
    "green": "#4cae4f",
    "light-green": "#8bc34b",
    "lime": "#cbdc38",
    "yellow": "#ffec3d",
    "amber": "#ffc105",
    "orange": "#ffa724",
    "deep-orange": "#ff6e42",
    "brown": "#795649",
    "grey": "#757575",
    "blue-grey": "#546d78",
}
ACCENT = {
    "red": "#ff1a47",
    "pink": "#f50056",
    "purple": "#df41fb",
    "deep-purple": "#7c4dff",
    "indigo": "#526cfe",
    "blue": "#4287ff",
    "light-blue": "#0091eb",
    "cyan": "#00bad6",
    "teal": "#00bda4",
    "green": "#00c753",
    "light-green": "#63de17",
    "lime": "#b0eb00",
    "yellow": "#ffd500",
    "amber": "#ffaa00",
    "orange": "#ff9100",
    "deep-orange": "#ff6e42",
}
PLAIN_HEADERS = {"white": "#ffffff", "black": "#14151a"}
CUSTOM = "custom"
LEGIBLE = 4.5  # WCAG 2.2, success criterion 1.4.3
# The grounds of policysite.css, plain and raised.
LIGHT_GROUNDS = ("#ffffff", "#f6f7f9")
DARK_GROUNDS = ("#15181e", "#1d2129")
LIGHT_ACCENT, DARK_ACCENT = "#1d4f91", "#9cc0f5"  # of a company that names none, as in policysite.css
DARK_SCHEME = "slate"
DEFAULT_PALETTE = (
    {
        "media": "(prefers-color-scheme: light)",
        "scheme": "default",
        "toggle": {"icon": "material/weather-night", "name": "Switch to dark colours"},
    },
    {
        "media": "(prefers-color-scheme: dark)",
        "scheme": DARK_SCHEME,
        "toggle": {"icon": "material/weather-sunny", "name": "Switch to light colours"},
    },
)
_VARIABLE = re.compile(r"--md-(primary-fg|primary-bg|accent-fg)-color\s*:\s*([^;}]+)", re.IGNORECASE)
_HEX = re.compile(r"#([0-9a-f]{3}|[0-9a-f]{6})(?:[0-9a-f]{2})?", re.IGNORECASE)
_RGB = re.compile(r"rgba?\(\s*(\d+)[\s,]+(\d+)[\s,]+(\d+)[^)]*\)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Colours:
    """The colours of one scheme, as ``#rrggbb``; None if the company names none."""

    header: str | None
    header_text: str | None
    accent: str
    hover: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Brand:
    """The colours of light and of dark pages; those of ``accent`` and ``hover`` are legible as text."""

    light: Colours
    dark: Colours


def read_brand(palette: object, styles: Iterable[str]) -> Brand:
    """The company's colours: from Material's ``palette``, or from ``styles`` if the palette says custom."""
    entries = [entry for entry in _entries(palette) if isinstance(entry, Mapping)]
    own = {name.lower(): colour for style in styles for name, colour in _named(style)}
    light = _entry(entries, dark=False)
    return Brand(
        light=_colours(light, own, grounds=LIGHT_GROUNDS, default=LIGHT_ACCENT, towards="#000000"),
        dark=_colours(
            _entry(entries, dark=True), own, grounds=DARK_GROUNDS, default=DARK_ACCENT, towards="#ffffff"
        ),
    )


def brand_style(brand: Brand) -> str:
    """A style sheet with these colours; empty for a company that names none."""
    rules = [
        f"{selector} {{\n{''.join(lines)}}}\n"
        for selector, colours, default in (
            (":root,\n[data-md-color-scheme]", brand.light, LIGHT_ACCENT),
            (f'[data-md-color-scheme="{DARK_SCHEME}"]', brand.dark, DARK_ACCENT),
        )
        if (lines := list(_declarations(colours, default=default)))
    ]
    return "\n".join(rules)


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours (WCAG 2.2): 1 to 21."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def legible(colour: str, *, grounds: Sequence[str], towards: str) -> str:
    """The colour, mixed with ``towards`` until text in it is legible on each of the backgrounds."""
    for percent in range(0, 101, 4):
        mixed = _mixed(colour, towards, percent / 100)
        if all(contrast(mixed, ground) >= LEGIBLE for ground in grounds):
            return mixed
    return towards


def _entries(palette: object) -> Sequence[object]:
    return palette if isinstance(palette, (list, tuple)) else [palette]


def _entry(entries: Sequence[Mapping[str, object]], *, dark: bool) -> Mapping[str, object]:
    """The palette's entry for a scheme; if it has none, that of another scheme."""
    of_scheme = [entry for entry in entries if (entry.get("scheme") == DARK_SCHEME) == dark]
    return next((entry for entry in [*of_scheme, *entries] if {"primary", "accent"} & entry.keys()), {})


def _colours(
    entry: Mapping[str, object],
    own: Mapping[str, str],
    *,
    grounds: Sequence[str],
    default: str,
    towards: str,
) -> Colours:
    primary, accent = (_name(entry.get(key)) for key in ("primary", "accent"))
    header = (
        own.get("primary-fg") if primary == CUSTOM else PRIMARY.get(primary) or PLAIN_HEADERS.get(primary)
    )
    hover = own.get("accent-fg") if accent == CUSTOM else ACCENT.get(accent)
    link = header if primary not in PLAIN_HEADERS else None
    text = own.get("primary-bg") if primary == CUSTOM else None
    chosen = legible(link or hover or default, grounds=grounds, towards=towards)
    return Colours(
        header=header,
        header_text=header and (text or _ink_on(header)),
        accent=chosen,
        hover=legible(hover, grounds=grounds, towards=towards) if hover else chosen,
    )


def _ink_on(ground: str) -> str:
    """The colour of text on a background: white or the usual colour if that is legible, otherwise black."""
    return next((ink for ink in ("#ffffff", "#1b2230") if contrast(ink, ground) >= LEGIBLE), "#000000")


def _declarations(colours: Colours, *, default: str) -> Iterable[str]:
    if colours.header:
        yield f"  --ps-header: {colours.header};\n"
        yield f"  --ps-header-ink: {colours.header_text};\n"
    if colours.accent != default:
        yield f"  --ps-accent: {colours.accent};\n"
        yield f"  --ps-calm: {colours.accent};\n"
    if colours.hover != colours.accent:
        yield f"  --ps-hover: {colours.hover};\n"


def _name(value: object) -> str:
    return str(value or "").strip().lower().replace(" ", "-")


def _named(style: str) -> Iterable[tuple[str, str]]:
    """The theme's variables that a style sets to a plain colour."""
    for variable in _VARIABLE.finditer(re.sub(r"/\*.*?\*/", "", style, flags=re.DOTALL)):
        if colour := _hex(variable[2].strip()):
            yield variable[1], colour


def _hex(value: str) -> str | None:
    if found := _HEX.fullmatch(value):
        digits = found[1].lower()
        return f"#{digits if len(digits) == 6 else ''.join(digit * 2 for digit in digits)}"
    if found := _RGB.fullmatch(value):
        return "#" + "".join(f"{min(int(part), 255):02x}" for part in found.groups())
    return None


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _mixed(colour: str, other: str, share: float) -> str:
    pairs = zip(_channels(colour), _channels(other), strict=True)
    return "#" + "".join(f"{round(mine + (theirs - mine) * share):02x}" for mine, theirs in pairs)


def _luminance(colour: str) -> float:
    red, green, blue = (
        channel / 255 / 12.92 if channel <= 10 else ((channel / 255 + 0.055) / 1.055) ** 2.4
        for channel in _channels(colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue

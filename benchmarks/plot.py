"""A plot of growth: a straight line through the origin is linear."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

COLOURS = ("#0b57a4", "#b3541e", "#3d7a2e")


def plot_growth(series: Mapping[str, Sequence[tuple[int, float]]], *, of: str, what: str) -> str:
    """An SVG of the seconds over the numbers; ``of`` names what is counted, ``what`` what took them."""
    most = max(number for points in series.values() for number, _ in points)
    longest = max(seconds for points in series.values() for _, seconds in points)
    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 400" font-family="sans-serif">',
        '<rect width="640" height="400" fill="#fff"/><path d="M60 20V350H620" fill="none" stroke="#333"/>',
        f'<text x="620" y="372" text-anchor="end">{most:,} {of}</text>',
        f'<text x="66" y="32">{longest:.0f} s, {what}</text>',
    ]
    for (name, points), colour in zip(series.items(), COLOURS, strict=False):
        places = [(60 + 560 * number / most, 350 - 310 * seconds / longest) for number, seconds in points]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in [(60.0, 350.0), *places])
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}"/>' for x, y in places]
        x, y = places[-1]
        parts.append(
            f'<text x="{x - 12:.1f}" y="{y - 6:.1f}" text-anchor="end" fill="{colour}">{name}</text>'
        )
    return "\n".join([*parts, "</svg>", ""])

"""Takes over corrections of front matter that were made before a version was published. Pure.

Readers have not seen such a version yet, so its summary can still be corrected. The version keeps its label
and its commit, and takes the front matter of the later file, whose text is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import replace

from generator.versions.lineage import DocumentState, Track
from generator.versions.reading import Reading


def with_corrected_front_matter(
    track: Track, *, read: Callable[[DocumentState], Reading], published: Mapping[str, Set[str]]
) -> Track:
    """The track in which each version that is not published has its last front matter.

    ``published`` are the blobs from which the document's versions were published, by their commits: a version
    that was published from a later file than its commit's stays so.
    """
    return replace(
        track,
        states=_corrected(track, read=read, published=published),
        upcoming=[
            with_corrected_front_matter(file, read=read, published=published) for file in track.upcoming
        ],
    )


def _corrected(
    track: Track, *, read: Callable[[DocumentState], Reading], published: Mapping[str, Set[str]]
) -> list[DocumentState]:
    states = track.states
    positions = [number for number, state in enumerate(states) if state.step.commit in published]
    settled = positions[-1] if positions else -1
    kept: list[DocumentState] = []
    number = 0
    while number < len(states):
        state, last = states[number], number
        was = published.get(state.step.commit)
        if was is not None and state.blob not in was:
            last = _position_of(was, states, after=number)
        elif number > settled:
            last = _last_of_same_text(states, number, track=track, read=read)
        kept.append(replace(state, blob=states[last].blob))
        number = last + 1
    return kept


def _position_of(blobs: Set[str], states: Sequence[DocumentState], *, after: int) -> int:
    """The position of a later state that holds one of these blobs, or ``after`` if there is none."""
    return next((number for number in range(after + 1, len(states)) if states[number].blob in blobs), after)


def _last_of_same_text(
    states: Sequence[DocumentState], first: int, *, track: Track, read: Callable[[DocumentState], Reading]
) -> int:
    """The last of the states that follow one another with the same text at the same path."""
    last = first
    for number in range(first + 1, len(states)):
        before, state = states[first], states[number]
        away = any(before.position < gap.position <= state.position for gap in track.gaps)
        moved = state.path != before.path or state.step.moved_from is not None
        old, new = read(before), read(state)
        other_words = old.text_sha256 != new.text_sha256 or old.front.withdraws != new.front.withdraws
        if away or moved or other_words:
            break
        last = number
    return last

"""The transcript as text, 78 columns wide: what a terminal shows."""

import textwrap

from transcript.story import Aside, Entry, Heading, Pressed, Shown, Story, Typed

WIDTH = 78
MARGIN = 8  # columns: who speaks


def written(story: Story, title: str, note: str, folder: str) -> str:
    """`folder` is where the pictures lie, as seen from the text."""
    parts = [title, "=" * len(title), "", textwrap.fill(note, WIDTH)]
    for entry in story.entries:
        parts += ["", *_lines(entry, folder)]
    if story.failure:
        parts += ["", textwrap.fill(f"It ends here: {story.failure}.", WIDTH)]
    return "\n".join(line.rstrip() for line in parts) + "\n"


def _lines(entry: Entry, folder: str) -> list[str]:
    match entry:
        case Heading():
            return ["", f"── {entry.label} ".ljust(WIDTH, "─")]
        case Aside():
            return [f"({entry.text})"]
        case Typed():
            return _beside("you", [entry.text])
        case Pressed():
            return _beside("you", [f"press [{entry.label}] under “{entry.under}”"])
        case Shown():
            return _beside("edited" if entry.trail else "bot", _shown(entry, folder))


def _shown(shown: Shown, folder: str) -> list[str]:
    buttons = [" ".join(f"[{key['text']}]" for key in row) for row in shown.keyboard]
    if shown.is_brief:
        return [f"{shown.trail[0]}: {shown.edited}", *buttons]
    head = [f"{shown.trail[0]}: {shown.edited}"] if shown.trail and shown.is_card else []
    picture = [f"[picture {folder}/{shown.picture}]"] if shown.picture else []
    return [*head, *picture, *shown.words.split("\n"), *buttons]


def _beside(who: str, lines: list[str]) -> list[str]:
    room = WIDTH - MARGIN
    wrapped = [part for line in lines for part in _wrapped(line, room)]
    return [
        (who if number == 0 else "").ljust(MARGIN) + line for number, line in enumerate(wrapped)
    ]


def _wrapped(line: str, room: int) -> list[str]:
    """A line of a table keeps its spaces: it is narrower than any room."""
    if len(line) <= room:
        return [line]
    return textwrap.wrap(line, room, break_long_words=False, break_on_hyphens=False)

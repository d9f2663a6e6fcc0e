"""The transcript as one page that looks like the phone's chat; its pictures lie beside it."""

import re
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

import phone
from transcript.story import Aside, Entry, Heading, Pressed, Shown, Story, Typed

LOOKS = Path(phone.__file__).parent / "page"
TAGS = {"bold": "strong", "italic": "em", "underline": "u", "strikethrough": "s", "code": "code"}

OWN_STYLE = """
body { overflow: auto; height: auto; }
.phone { height: auto; min-height: 100vh; overflow: visible; padding-bottom: 16px; }
.title { padding: 12px 16px; background: var(--strip); color: var(--strip-ink); }
.title h1 { margin: 0 0 4px; font-size: 17px; }
.title p { margin: 0; font-size: 13px; opacity: 0.85; }
.day { position: sticky; top: 6px; z-index: 1; margin-top: 18px; }
.day span { background: var(--strip); color: var(--strip-ink); }
.aside { margin: 8px 12px 2px; color: var(--soft); font-size: 13.5px; text-align: center; }
.pressed { font-size: 14px; }
.pressed b { padding: 1px 8px; border-radius: 7px; background: var(--key); color: var(--key-ink); }
.pressed small, .edited-to { color: var(--soft); font-size: 13px; overflow-wrap: anywhere; }
.brief { color: inherit; }
.mine .pressed small { color: var(--mine-soft); }
.edited-to { margin: 0; padding: 2px 0 4px; }
.with-photo .edited-to { padding: 7px 11px 0; }
.photo { cursor: default; }
.key { cursor: default; }
.key:hover, .key:active { filter: none; transform: none; }
.failure { margin: 16px 12px; color: var(--danger); font-weight: 600; }
"""


def written(story: Story, title: str, note: str, folder: str) -> str:
    """Self-contained but for the pictures in `folder`, which is seen from the page."""
    chat = "\n".join(_item(entry, quote(folder)) for entry in story.entries)
    failure = f'<p class="failure">It ends here: {escape(story.failure)}.</p>'
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<style>
{_style()}</style>
</head>
<body>
<main class="phone">
<header class="title"><h1>{escape(title)}</h1><p>{_coded(note)}</p></header>
<ol class="messages">
{chat}
</ol>
{failure if story.failure else ""}
</main>
</body>
</html>
"""


def _coded(text: str) -> str:
    return re.sub("`(.+?)`", r"<code>\1</code>", escape(text))


def _style() -> str:
    """The phone page's own, so that there is one look."""
    names = ("phone.css", "bubbles.css")
    return "".join((LOOKS / name).read_text("utf-8") for name in names) + OWN_STYLE


def _item(entry: Entry, folder: str) -> str:
    match entry:
        case Heading():
            return f'<li class="day"><span>{escape(entry.label)}</span></li>'
        case Aside():
            return f'<li class="aside">{escape(entry.text)}</li>'
        case Typed():
            words = f'<div class="words">{escape(entry.text)}</div>'
            return _message("mine", words, f"{entry.at:%H:%M}")
        case Pressed():
            words = (
                f'<div class="pressed">pressed <b>{escape(entry.label)}</b><br>'
                f"<small>under {escape(entry.under)}</small></div>"
            )
            return _message("mine", words, f"{entry.at:%H:%M}")
        case Shown():
            return _shown(entry, folder)


def _message(whose: str, inside: str, meta: str, kind: str = "", below: str = "") -> str:
    return (
        f'<li class="message {whose}"><div class="column"><div class="bubble{kind}">{inside}'
        f'<div class="meta"><span>{meta}</span></div></div>{below}</div></li>'
    )


def _shown(shown: Shown, folder: str) -> str:
    parts = []
    if shown.picture:
        width, height = shown.size
        parts.append(
            f'<div class="photo"><img src="{folder}/{quote(shown.picture)}" width="{width}" '
            f'height="{height}" alt="{escape(shown.words.partition(chr(10))[0])}"></div>'
        )
    if shown.trail and shown.is_card:
        told = f"<b>{escape(shown.trail[0])}</b>" if shown.is_brief else "edited"
        kind = "edited-to brief" if shown.is_brief else "edited-to"
        parts.append(f'<p class="{kind}">{told}: {escape(shown.edited)}</p>')
    if not shown.is_brief:
        parts.append(f'<div class="words">{rendered(shown.words, shown.entities)}</div>')
    meta = f"{'edited ' if shown.trail else ''}{shown.at:%H:%M}"
    kind = " with-photo" if shown.picture else ""
    return _message("theirs", "".join(parts), meta, kind, _keyboard(shown.keyboard))


def _keyboard(rows: Sequence[Sequence[dict[str, Any]]]) -> str:
    if not rows:
        return ""
    lines = []
    for row in rows:
        keys = []
        for key in row:
            style = f" key-{key['style']}" if key.get("style") else ""
            label = f'<span class="key-label">{escape(key["text"])}</span>'
            keys.append(f'<span class="key{style}">{label}</span>')
        lines.append(f'<div class="keyboard-row">{"".join(keys)}</div>')
    return f'<div class="keyboard">{"".join(lines)}</div>'


def rendered(words: str, entities: Sequence[dict[str, Any]]) -> str:
    """Words with Telegram's entities as HTML; offsets are UTF-16 units, and what overlaps an
    entity without lying in it is left plain."""
    units = words.encode("utf-16-le")

    def text(start: int, stop: int) -> str:
        return escape(units[2 * start : 2 * stop].decode("utf-16-le", "replace"))

    parts, at = [], 0
    for entity in sorted(entities, key=lambda e: (e["offset"], -e["length"])):
        start, stop = entity["offset"], entity["offset"] + entity["length"]
        if start < at:
            continue
        inside = text(start, stop)
        tag = TAGS.get(entity["type"])
        parts.append(text(at, start))
        at = stop
        if entity["type"] == "pre":
            parts.append(f'<div class="pre"><pre>{inside}</pre></div>')
            at += units[2 * at : 2 * at + 2] == b"\n\x00"  # a block ends its line by itself
        elif entity["type"] == "bot_command":
            parts.append(f'<span class="command">{inside}</span>')
        else:
            parts.append(f"<{tag}>{inside}</{tag}>" if tag else inside)
    return "".join(parts) + text(at, len(units) // 2)

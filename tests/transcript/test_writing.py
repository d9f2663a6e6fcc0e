"""What was seen, written down: masks, files, the text and the page."""

import re
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.console.replies import columns
from trading.errors import ConfigError
from transcript import page, text
from transcript.files import Files
from transcript.story import Aside, Heading, Pressed, Shown, Story, Typed, masked

AT = datetime(2025, 2, 3, 21, 6, tzinfo=UTC)
CARD = "▲ Buy 58 CHRW\n5,567.42 USD\nmean_reversion · signal 1311"


def units(words: str) -> int:
    return len(words.encode("utf-16-le", "surrogatepass")) // 2


def entity(kind: str, words: str, part: str) -> dict[str, Any]:
    return {"type": kind, "offset": units(words[: words.index(part)]), "length": units(part)}


def covered(words: str, one: dict[str, Any]) -> str:
    raw = words.encode("utf-16-le")
    return raw[2 * one["offset"] : 2 * (one["offset"] + one["length"])].decode("utf-16-le")


def shown(words: str, trail: tuple[str, ...] = (), picture: str = "", **more: Any) -> Shown:
    return Shown(
        1, words, more.get("entities", ()), more.get("keyboard", ()), AT, picture, (720, 600), trail
    )


@given(st.lists(st.integers(0, 59), min_size=1, max_size=8))
def test_ages_are_masked_alike_and_entities_stay_on_their_words(ages: list[int]):
    table = columns([("bot🙂", "alive", f"{age} s") for age in ages], left=2)
    words = f"Trading is active\n{table}\nno pictures"
    entities = [entity("pre", words, table), entity("bold", words, "no pictures")]
    plain, moved = masked(words, entities)
    wanted = "\n".join("bot🙂 alive n s" for _ in ages)
    assert plain == f"Trading is active\n{wanted}\nno pictures"
    assert [covered(plain, one) for one in moved] == [wanted, "no pictures"]


@given(st.text(max_size=60), st.data())
def test_a_page_shows_the_very_words_whatever_they_are(words: str, data: st.DataObject):
    words = words.encode("utf-16-le", "replace").decode("utf-16-le", "replace")
    whole = units(words)
    kinds = st.sampled_from(["bold", "italic", "code", "bot_command", "url"])
    spans = data.draw(
        st.lists(st.tuples(kinds, st.integers(0, whole), st.integers(1, 9)), max_size=4)
    )
    edges = {0}
    for char in words:
        edges.add(max(edges) + units(char))
    entities = [
        {"type": kind, "offset": offset, "length": length}
        for kind, offset, length in spans
        if {offset, offset + length} <= edges
    ]
    html = page.rendered(words, entities)
    assert unescape(re.sub(r"</?[a-z][^<>]*>", "", html)).replace("\r", "\n") == words.replace(
        "\r", "\n"
    )


def test_words_are_styled_and_symbols_escaped():
    words = "P&L <today>\nA 1\nsee /help"
    entities = [
        entity("bold", words, "P&L <today>"),
        entity("pre", words, "A 1"),
        entity("bot_command", words, "/help"),
    ]
    assert page.rendered(words, entities) == (
        "<strong>P&amp;L &lt;today&gt;</strong>\n"
        '<div class="pre"><pre>A 1</pre></div>see <span class="command">/help</span>'
    )


def test_an_edited_card_tells_how_it_came_there():
    filled = shown(
        f"✔ Filled 58 @ 97.07\nFees 1.00 USD\n\n{CARD}",
        trail=("▲ Buy 58 CHRW", "✔ Approved by you"),
        picture="02-buy.png",
    )
    assert filled.edited == "approved by you → filled 58 @ 97.07"
    written = text.written(Story([filled]), "Title", "Note.", "chat-files")
    assert "edited  ▲ Buy 58 CHRW: approved by you → filled 58 @ 97.07\n" in written
    assert "        [picture chat-files/02-buy.png]\n" in written
    assert 'src="chat-files/02-buy.png"' in page.written(Story([filled]), "T", "N", "chat-files")


def test_an_edit_of_the_status_alone_is_one_line():
    approved = shown(f"✔ Approved by you\n\n{CARD}", trail=("▲ Buy 58 CHRW",))
    lines = text.written(Story([approved]), "Title", "Note.", "x").splitlines()
    assert lines[-1] == "edited  ▲ Buy 58 CHRW: approved by you"


def test_the_text_keeps_to_78_columns_and_its_tables_to_their_spaces():
    table = "     units    price\nAVGO    27   217.39"
    entries = [
        Heading(AT, "Mon 3 Feb 2025, 16:06 New York"),
        Aside("The evening's scan."),
        Typed("/positions", AT),
        Pressed("Why", "▲ Buy 58 CHRW", AT),
        shown(f"{'word ' * 40}\n{table}", keyboard=[[{"text": "1D"}, {"text": "All"}]]),
    ]
    written = text.written(Story(entries), "Title", "Note.", "x")
    assert max(len(line) for line in written.splitlines()) <= 78
    assert "             units    price\n        AVGO    27   217.39\n        [1D] [All]" in written


def test_a_story_that_ends_early_says_why():
    story = Story([Typed("/start", AT)], failure="waited 60 s for <a card>")
    assert "It ends here: waited 60 s for <a card>." in text.written(story, "T", "N", "x")
    assert "It ends here: waited 60 s for &lt;a card&gt;." in page.written(story, "T", "N", "x")


@pytest.mark.parametrize("name", ["chat", "chat.txt", "chat.html"])
def test_a_name_with_or_without_suffix_means_the_same_files(tmp_path: Path, name: str):
    files = Files.of(tmp_path / name)
    assert [p.name for p in (files.text, files.page, files.pictures)] == [
        "chat.txt",
        "chat.html",
        "chat-files",
    ]


def test_a_place_that_cannot_be_written_is_one_clear_line(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"cannot write .*file.*: Not a directory"):
        Files.of(tmp_path / "file" / "chat")
    with pytest.raises(ConfigError, match="names no file"):
        Files.of(Path("/"))


def test_the_pictures_of_an_earlier_transcript_go_and_other_files_stay(tmp_path: Path):
    files = Files.of(tmp_path / "chat")
    (files.pictures / "09-buy-2-ulta.png").write_bytes(b"old")
    (files.pictures / "holiday.png").write_bytes(b"theirs")
    files.write(Story(pictures={"01-buy.png": b"new"}))
    assert sorted(p.name for p in files.pictures.iterdir()) == ["01-buy.png", "holiday.png"]

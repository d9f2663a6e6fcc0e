"""The README's pictures: each one of the script's, none too heavy."""

import io
import re
from pathlib import Path

import pytest
from PIL import Image

from transcript.house import StepFailed
from transcript.pictures import HIGHEST, LARGEST, SCALE, WIDTH, smaller
from transcript.shots import SHOTS, names

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "docs" / "pictures"


def png(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


TAKEN = [name for step in SHOTS for name in names(step)]
TOGETHER = 2_000_000  # bytes: what a clone carries


def test_every_picture_is_shown_on_a_page_and_the_readmes_are_the_scripts():
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    shown = {
        name for page in pages for name in re.findall(r"pictures/(\w+\.png)", page.read_text())
    }
    assert {path.name for path in PICTURES.iterdir()} == shown
    readme = re.findall(r"pictures/(\w+\.png)", pages[0].read_text())
    assert sorted(readme) == sorted(TAKEN)


@pytest.mark.parametrize("name", TAKEN)
def test_a_picture_is_a_phones_screen_and_light(name: str):
    path = PICTURES / name
    assert path.stat().st_size <= LARGEST
    with Image.open(path) as picture:
        assert picture.width == WIDTH * SCALE
        assert picture.height <= max(HIGHEST, WIDTH * 2**0.5 + 1) * SCALE


def test_the_pictures_together_are_light():
    assert sum(path.stat().st_size for path in PICTURES.iterdir()) <= TOGETHER


def test_a_picture_keeps_its_size_and_its_colours_where_they_are_few():
    flags = Image.new("RGB", (300, 200), "#c93a3a")
    flags.paste("#2a8748", (0, 0, 150, 200))
    with Image.open(io.BytesIO(smaller(png(flags)))) as found:
        assert found.size == (300, 200)
        again = found.convert("RGB")
    assert again.getpixel((10, 10)) == (0x2A, 0x87, 0x48)
    assert again.getpixel((290, 10)) == (0xC9, 0x3A, 0x3A)


def test_a_picture_that_stays_too_heavy_is_refused_with_its_size():
    noise = Image.effect_noise((1200, 1200), 90)
    with pytest.raises(StepFailed, match=r"a picture has \d+ bytes in 64 colours; 150000 is most"):
        smaller(png(noise))

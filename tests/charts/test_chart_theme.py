"""Every eye can read the theme: contrast, and up from down without red and green."""

import numpy as np
import pytest

from charts.theme import DARK, LIGHT, THEMES, Theme, contrast

#: Machado, Oliveira and Fernandes 2009, severity 1.0, on linear RGB.
DEFICIENCIES = {
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


def lab(colour: str, deficiency: str) -> np.ndarray:
    """CIE L*a*b* (D65) of a colour as that eye sees it."""
    rgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(np.array(DEFICIENCIES[deficiency]) @ linear, 0, 1)
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    xyz = np.array(to_xyz) @ seen / (0.95047, 1.0, 1.08883)
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array((116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])))


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=lambda theme: theme.name)
class TestTheme:
    def test_text_stands_out_from_the_paper(self, theme: Theme) -> None:
        assert contrast(theme.ink, theme.paper) >= 12
        assert contrast(theme.muted, theme.paper) >= 6

    def test_every_line_and_body_stands_out_from_the_paper(self, theme: Theme) -> None:
        lines = (theme.up, theme.down, theme.band, theme.panel, *theme.overlays)
        tones = (theme.signal, theme.stop, theme.target, theme.plain)
        for colour in (*lines, *tones):
            assert contrast(colour, theme.paper) >= 3.5, colour

    def test_text_on_a_tag_can_be_read(self, theme: Theme) -> None:
        tones = (theme.signal, theme.stop, theme.target, theme.plain, theme.ink)
        for colour in (*tones, theme.up, theme.down):
            assert contrast(theme.on(colour), colour) >= 4.5, colour

    @pytest.mark.parametrize("deficiency", DEFICIENCIES)
    def test_up_and_down_differ_for_every_eye(self, theme: Theme, deficiency: str) -> None:
        apart = np.linalg.norm(lab(theme.up, deficiency) - lab(theme.down, deficiency))
        assert apart > 40  # 2.3 is just noticeable

    def test_signal_and_stop_differ_for_a_deuteranope(self, theme: Theme) -> None:
        apart = lab(theme.signal, "deuteranopia") - lab(theme.stop, "deuteranopia")
        assert np.linalg.norm(apart) > 20


def test_a_wash_lies_between_paper_and_colour() -> None:
    assert DARK.wash(DARK.up, 0) == DARK.paper
    assert DARK.wash(DARK.up, 1) == DARK.up


def test_themes_are_found_by_name() -> None:
    assert THEMES["light"] is LIGHT

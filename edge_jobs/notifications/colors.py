"""The firm's colour in its mails: whatever it is, what is written on it can be read."""

from typing import NamedTuple

# What WCAG 2 asks of text. The shape of a button need only show: its text says what it is.
READABLE = 4.5
VISIBLE = 1.5

CARD = "#ffffff"
DARK_CARD = "#182131"


class Palette(NamedTuple):
    """Colours as #rrggbb; each ink is for what lies before it."""

    header: str
    header_ink: str
    button: str
    button_ink: str
    dark_button: str
    dark_button_ink: str


HOUSE = Palette("#14233c", "#d9c6a3", "#14233c", "#ffffff", "#d9c6a3", "#14233c")


def palette(color: str | None) -> Palette:
    """For a firm's colour, or for a firm that has none."""
    if color is None:
        return HOUSE
    light, dark = visible(color, CARD), visible(color, DARK_CARD)
    return Palette(color, ink(color), light, ink(light), dark, ink(dark))


def ink(ground: str) -> str:
    """White, or black where white cannot be read: one of the two always can."""
    return "#ffffff" if contrast("#ffffff", ground) >= READABLE else "#000000"


def visible(color: str, ground: str) -> str:
    """The colour, as far as need be towards black or white, so that it stands out."""
    aim = 0 if contrast("#000000", ground) > contrast("#ffffff", ground) else 255
    for step in range(17):
        mixed = "#" + "".join(
            f"{round(part + (aim - part) * step / 16):02x}" for part in _parts(color)
        )
        if contrast(mixed, ground) >= VISIBLE:
            break
    return mixed


def contrast(one: str, other: str) -> float:
    """From 1 to 21, as WCAG 2 has it."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(color: str) -> float:
    red, green, blue = (_linear(part / 255) for part in _parts(color))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return float(part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4)


def _parts(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)

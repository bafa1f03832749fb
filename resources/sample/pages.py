"""Draws pages of digits with exact boxes: ruled paper, blots, overlap and faint ink."""

from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

WIDTH, HEIGHT = 320, 240
INK = 0.25  # share of full ink from which a pixel belongs to a digit
CROWDED = 0.12  # share of digits that may lie over another
FAINT = 0.15  # share of digits in low contrast

Glyph = NDArray[np.float64]  # (8, 8), 0 paper to 1 ink


class Digit(Struct, frozen=True):
    """One digit as it was drawn; the box in continuous pixels, tight around its ink."""

    value: int
    xyxy: tuple[float, float, float, float]
    is_faint: bool = False


def draw_page(
    glyphs: Sequence[Glyph], values: Sequence[int], rng: np.random.Generator
) -> tuple[Image.Image, list[Digit]]:
    """A page of as many of the glyphs as find room, and where each stands. Same `rng` state, same page."""
    paper = _paper(rng)
    ink = np.zeros((HEIGHT, WIDTH))
    taken: list[tuple[float, float, float, float]] = []
    digits: list[Digit] = []
    for glyph, value in zip(glyphs, values, strict=True):
        stamp = _stamp(glyph, rng)
        place = _place(stamp.shape, taken, may_overlap=rng.random() < CROWDED, rng=rng)
        if place is None:
            continue
        x, y = place
        is_faint = bool(rng.random() < FAINT)
        strength = rng.uniform(0.3, 0.42) if is_faint else rng.uniform(0.75, 1.0)
        height, width = stamp.shape
        region = ink[y : y + height, x : x + width]
        np.maximum(region, stamp * strength, out=region)
        rows, columns = np.nonzero(stamp.max(axis=1) > INK)[0], np.nonzero(stamp.max(axis=0) > INK)[0]
        box = (
            float(x + columns[0]),
            float(y + rows[0]),
            float(x + columns[-1] + 1),
            float(y + rows[-1] + 1),
        )
        taken.append(box)
        digits.append(Digit(int(value), box, is_faint))
    colour = np.array([rng.uniform(0, 60), rng.uniform(0, 60), rng.uniform(30, 110)])
    picture = paper * (1 - ink[..., None]) + colour * ink[..., None]
    picture += rng.normal(0, 4, picture.shape)
    return Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8)), digits


def _paper(rng: np.random.Generator) -> NDArray[np.float64]:
    base = rng.uniform(205, 245, 3)
    shade = np.linspace(rng.uniform(-18, 0), rng.uniform(0, 18), WIDTH)[None, :, None]
    page = Image.fromarray(
        np.clip(np.broadcast_to(base + shade, (HEIGHT, WIDTH, 3)), 0, 255).astype(np.uint8)
    )
    draw = ImageDraw.Draw(page)
    if rng.random() < 0.6:
        for rule in range(int(rng.integers(12, 28)), HEIGHT, int(rng.integers(22, 34))):
            draw.line((0, rule, WIDTH, rule), fill=(150, 175, 210), width=1)
    for _ in range(int(rng.integers(2, 7))):
        x, y = float(rng.uniform(0, WIDTH)), float(rng.uniform(0, HEIGHT))
        radius = rng.uniform(2, 7)
        tone = int(rng.uniform(90, 190))
        if rng.random() < 0.5:
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=(tone, tone, tone))
        else:
            draw.line(
                (x, y, x + rng.uniform(-40, 40), y + rng.uniform(-15, 15)), fill=(tone, tone, tone), width=2
            )
    return np.asarray(page.filter(ImageFilter.GaussianBlur(0.6)), dtype=np.float64)


def _stamp(glyph: Glyph, rng: np.random.Generator) -> NDArray[np.float64]:
    size = int(rng.integers(26, 52))
    small = Image.fromarray((glyph * 255).astype(np.uint8))
    large = small.resize((size, size), Image.Resampling.BICUBIC)
    turned = large.rotate(rng.uniform(-14, 14), Image.Resampling.BICUBIC, expand=True)
    soft = np.asarray(turned, dtype=np.float64) / 255
    return np.clip((soft - 0.18) * 1.6, 0, 1)


def _place(
    shape: tuple[int, ...],
    taken: list[tuple[float, float, float, float]],
    may_overlap: bool,
    rng: np.random.Generator,
) -> tuple[int, int] | None:
    height, width = shape
    for _ in range(60):
        x, y = int(rng.integers(0, WIDTH - width)), int(rng.integers(0, HEIGHT - height))
        covered = max(
            (
                max(0.0, min(x + width, right) - max(x, left))
                * max(0.0, min(y + height, bottom) - max(y, top))
                for left, top, right, bottom in taken
            ),
            default=0.0,
        )
        if covered <= (0.2 * width * height if may_overlap else 0.0):
            return x, y
    return None

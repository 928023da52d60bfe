"""Pictures of coloured shapes to train and test a detector on. A scene is drawn from its seed alone."""
from dataclasses import dataclass

import numpy as np

# In the order of the detector's classes; COCO's category id is the position + 1.
SHAPES = ["disc", "ring", "square", "cross", "triangle", "star"]
# Height and width in pixels.
PICTURE_SIZES = [(240, 320), (320, 240), (256, 256), (288, 216), (192, 288)]
# The radius of a shape is drawn from here, uniform in its logarithm: boxes from about 14 to 180 pixels, which covers
# what COCO calls small, medium and large (areas up to 32^2, up to 96^2, above).
RADII = (8.0, 90.0)
OBJECTS = (3, 9)
# A shape of which more than this part is hidden, by others or by the picture's border, is not drawn.
HIDDEN = 0.4
PLACES = 8  # tried for each shape
SAMPLES = 2  # a pixel has SAMPLES x SAMPLES points, each inside or outside of a shape


@dataclass(frozen=True)
class Thing:
    """A shape as far as it can be seen."""

    shape: int
    # Left, top, width, height in pixels, as COCO has them.
    box: tuple[int, int, int, int]
    # Number of pixels.
    area: int


@dataclass(frozen=True)
class Scene:
    # uint8 [height, width, 3]
    picture: np.ndarray
    things: list[Thing]


def draw(seed: str) -> Scene:
    random = np.random.default_rng(list(seed.encode()))
    height, width = PICTURE_SIZES[random.integers(len(PICTURE_SIZES))]
    picture = texture(random, height, width, 40.0)
    # Which thing each pixel shows: its position in `shapes`, or -1.
    owner = np.full((height, width), -1, np.int16)
    shapes: list[int] = []
    whole: list[int] = []
    # The largest first: small ones lie on top of others, and few places are lost to them.
    radii = np.exp(random.uniform(*np.log(RADII), random.integers(*OBJECTS, endpoint=True)))
    for radius in sorted(radii, reverse=True):
        shape = int(random.integers(len(SHAPES)))
        for _ in range(PLACES):
            top, left, coverage, size = mask(random, shape, radius, height, width)
            window = owner[top:top + coverage.shape[0], left:left + coverage.shape[1]]
            if is_visible(window, coverage, owner, size, whole):
                paint(random, picture[top:top + coverage.shape[0], left:left + coverage.shape[1]], coverage)
                window[coverage >= 0.5] = len(shapes)
                shapes.append(shape)
                whole.append(size)
                break
    return Scene(np.clip(np.rint(picture), 0, 255).astype(np.uint8), [thing(owner == i, shape) for i, shape in enumerate(shapes)])


def thing(visible: np.ndarray, shape: int) -> Thing:
    rows, columns = np.flatnonzero(visible.any(1)), np.flatnonzero(visible.any(0))
    left, top = int(columns[0]), int(rows[0])
    return Thing(shape, (left, top, int(columns[-1]) + 1 - left, int(rows[-1]) + 1 - top), int(visible.sum()))


def is_visible(window: np.ndarray, coverage: np.ndarray, owner: np.ndarray, size: int, whole: list[int]) -> bool:
    """Whether a new shape, and with it every earlier one, is hidden by HIDDEN at most."""
    inside = coverage >= 0.5
    if inside.sum() < (1 - HIDDEN) * size:
        return False
    lost = np.bincount(window[inside] + 1, minlength=len(whole) + 1)[1:]
    left = np.bincount(owner.ravel() + 1, minlength=len(whole) + 1)[1:] - lost
    return bool((left >= (1 - HIDDEN) * np.array(whole, float)).all())


def mask(random: np.random.Generator, shape: int, radius: float, height: int, width: int) -> tuple[int, int, np.ndarray, int]:
    """A turned and stretched shape somewhere in the picture: the top and left of its window, the share of each pixel in
    the window that it covers, and how many pixels it would have without the picture's border."""
    aspect = np.exp(random.uniform(-0.3, 0.3))
    along, across = radius * np.sqrt(aspect), radius / np.sqrt(aspect)
    angle = random.uniform(0, 2 * np.pi)
    y, x = random.uniform(0, height), random.uniform(0, width)
    reach = int(np.ceil(1.1 * max(along, across))) + 1
    top, left = int(y) - reach, int(x) - reach
    points = (np.arange(2 * reach * SAMPLES) + 0.5) / SAMPLES
    dy, dx = (points + top - y)[:, None], (points + left - x)[None, :]
    u = (np.cos(angle) * dx + np.sin(angle) * dy) / along
    v = (np.cos(angle) * dy - np.sin(angle) * dx) / across
    inside = is_inside(shape, u, v)
    coverage = inside.reshape(2 * reach, SAMPLES, 2 * reach, SAMPLES).mean((1, 3), dtype=np.float32)
    rows = slice(max(0, -top), max(0, min(2 * reach, height - top)))
    columns = slice(max(0, -left), max(0, min(2 * reach, width - left)))
    return max(0, top), max(0, left), coverage[rows, columns], int((coverage >= 0.5).sum())


def is_inside(shape: int, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Whether points are in a shape that fills about the unit circle."""
    match SHAPES[shape]:
        case "disc":
            return u * u + v * v < 1
        case "ring":
            squared = u * u + v * v
            return (squared < 1) & (squared > 0.3)
        case "square":
            return np.maximum(abs(u), abs(v)) < 0.85
        case "cross":
            return (np.maximum(abs(u), abs(v)) < 1) & (np.minimum(abs(u), abs(v)) < 0.3)
        case "triangle":
            return (v < 0.5) & (v > np.sqrt(3) * abs(u) - 1)
        case "star":
            # Between a tip and the next notch the edge is straight: fold the plane into that wedge.
            turn = np.pi / 5
            folded = abs((np.arctan2(u, v) + turn) % (2 * turn) - turn)
            radius = np.hypot(u, v)
            notch = 0.45
            # The edge goes from (1, 0) to the notch at the angle `turn`.
            edge_u, edge_v = notch * np.cos(turn) - 1, notch * np.sin(turn)
            return edge_u * radius * np.sin(folded) - edge_v * (radius * np.cos(folded) - 1) > 0
    raise ValueError(f"no shape {shape}")


def paint(random: np.random.Generator, picture: np.ndarray, coverage: np.ndarray) -> None:
    """Fills a shape with a texture of its own, whose mean is not close to what is behind it."""
    inside = coverage >= 0.5
    if not inside.any():
        return
    behind = picture[inside].mean(0)
    # Less texture than a background has, or edges would drown.
    colours = texture(random, *coverage.shape, random.uniform(4, 20))
    while np.abs(colours[inside].mean(0) - behind).max() < 70:
        colours += random.uniform(-255, 255, 3).astype(np.float32)
        colours += np.clip(colours[inside].mean(0), 0, 255) - colours[inside].mean(0)
    picture += coverage[..., None] * (colours - picture)


def texture(random: np.random.Generator, height: int, width: int, strength: float) -> np.ndarray:
    """float32 [height, width, 3]: a colour, with noise at several scales and stripes."""
    colours = np.broadcast_to(random.uniform(20, 235, 3), (height, width, 3)).astype(np.float32)
    for cell in (64, 16, 4):
        noise = normal(random, strength / 2, height // cell + 2, width // cell + 2)
        colours += enlarge(noise, cell)[:height, :width]
    angle, period = random.uniform(0, np.pi), random.uniform(6, 40)
    rows, columns = np.arange(height, dtype=np.float32)[:, None], np.arange(width, dtype=np.float32)
    wave = np.sin((np.float32(np.cos(angle)) * rows + np.float32(np.sin(angle)) * columns) * np.float32(2 * np.pi / period))
    colours += wave[..., None] * normal(random, strength / 2, 1, 1)
    return colours + normal(random, 3.0, height, width)


def normal(random: np.random.Generator, deviation: float, height: int, width: int) -> np.ndarray:
    return random.standard_normal((height, width, 3), np.float32) * np.float32(deviation)


def enlarge(noise: np.ndarray, factor: int) -> np.ndarray:
    """Bilinear, along rows and then along columns."""
    part = (np.arange(factor, dtype=np.float32) / factor)[:, None, None]
    for _ in range(2):
        below = noise[:-1, None] + part * (noise[1:, None] - noise[:-1, None])
        noise = below.reshape(-1, *noise.shape[1:]).swapaxes(0, 1)
    return noise

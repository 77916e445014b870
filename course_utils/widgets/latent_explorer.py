"""Any decoder from a latent vector z to a picture: a slider for each dimension and, in two dimensions, a plane to click."""

from collections.abc import Callable, Sequence
from functools import partial

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from course_utils import style
from course_utils.widgets.overlay import Frame, Overlay, Slider, in_axes
from course_utils.widgets.page_decoder import PageDecoder
from course_utils.widgets.panel import Panel


def draw(*, decode: Callable, axes: Sequence[Axes], **z: float) -> Frame:
    """Return the frame for a latent vector z1, z2, …: its picture and, if there are two axes, its place on the plane.

    Raises ValueError if decode fails or does not return a picture.
    """
    vector = np.array([z[f"z{k + 1}"] for k in range(len(z))], dtype=float)  # whatever order they come in
    picture = decoded(decode, vector)
    overlay = Overlay()
    overlay.image(axes[0], picture, (0, 1, 0, 1))
    if len(axes) == 2:
        overlay.dots(axes[1], vector[:1], vector[1:], "white", radius=8)
        overlay.dots(axes[1], vector[:1], vector[1:], style.LATENT, radius=6)
    place = ", ".join(f"{value:.2f}" for value in vector).replace("-", "−")
    numbers = (
        {} if isinstance(decode, PageDecoder) else {"z": f"({place})" if len(vector) <= 4 else f"{len(vector)} numbers"}
    )
    return Frame(str(overlay), numbers, f"The picture decoded from z = ({place}).")


def decoded(decode: Callable, z: np.ndarray) -> np.ndarray:
    """Return decode(z), a picture (H, W) or (H, W, 3) uint8; raises ValueError, with what came, for anything else."""
    try:
        picture = np.asarray(decode(z.copy()))  # a copy: decode may change it
    except Exception as error:
        raise ValueError(f"decode failed for z of shape {z.shape}: {type(error).__name__}: {error}") from error
    if (
        picture.dtype != np.uint8
        or not (picture.ndim == 2 or picture.ndim == 3 and picture.shape[2] == 3)
        or picture.size == 0
    ):
        raise ValueError(
            f"decode(z) must return a picture (H, W) or (H, W, 3) of uint8, got {picture.dtype} {picture.shape}"
        )
    return picture


def latent_explorer(
    decode: Callable[[np.ndarray], np.ndarray],
    start: Sequence[float] | None = None,
    limits: tuple[float, float] = (-3, 3),
    codes: np.ndarray | None = None,
    stops: np.ndarray | None = None,
) -> Panel:
    """Show decode(z) with a slider for each dimension of z, and in two dimensions a plane on which to click.

    decode: (d,) array → picture (H, W) or (H, W, 3) uint8. start (d,): where to begin, which also says how many dimensions
    there are; by default (0, 0), or the middle of a page_decoder's dimensions. limits of every slider. codes (N, 2): the
    places of the training data, drawn on the plane. With a page_decoder the page draws without the kernel, and two
    buttons come along: "random", z ~ N(0, I) within the limits, and "walk", a straight way to such a z, or to the next
    of the stops (N, d). Raises ValueError if decode fails at the start or returns something else, if the start or a stop
    lies beyond the limits, or if there are stops without a page_decoder.
    """
    in_page = isinstance(decode, PageDecoder)
    if start is None:
        start = np.zeros(len(decode.dimensions) if in_page else 2)
    start = np.asarray(start, dtype=float)
    if start.ndim != 1 or start.size == 0 or not ((limits[0] <= start) & (start <= limits[1])).all():
        raise ValueError(f"start must be (d,) numbers within the limits {limits}, got {start}")
    if stops is not None:
        stops = np.asarray(stops, dtype=float)
        if not in_page:
            raise ValueError("stops are for a page_decoder, got another function as decode")
        if stops.ndim != 2 or stops.shape[1] != len(start) or not ((limits[0] <= stops) & (stops <= limits[1])).all():
            raise ValueError(f"stops must be (N, {len(start)}) numbers within the limits {limits}, got {stops}")
    height, width = decoded(decode, start).shape[:2]
    plane = len(start) == 2
    figure, axes = plt.subplots(1, 2 if plane else 1, figsize=(7.6, 3.9) if plane else (4, 4), squeeze=False)
    axes = axes[0]
    axes[0].set(xlim=(0, 1), ylim=(0, 1), aspect=height / width, xticks=[], yticks=[])
    axes[0].set_title("the picture, decoded from z")
    if plane:
        axes[1].set(xlim=limits, ylim=limits, aspect="equal", xlabel="z₁", ylabel="z₂")
        axes[1].set_title("the latent plane: click it")
        if codes is not None:
            axes[1].scatter(codes[:, 0], codes[:, 1], s=6, color=style.LATENT, alpha=0.25, linewidths=0)
    names = [f"z{k + 1}" for k in range(len(start))]
    labels = [f"z{k + 1}" for k in decode.dimensions] if in_page else names
    step = (limits[1] - limits[0]) / (120 if in_page else 1000)

    def click(px: float, py: float) -> dict:
        place = in_axes(axes[1], px, py)
        return dict(zip(names, place)) if place else {}

    def page() -> dict:
        boxes = [ax.get_position().bounds for ax in axes]
        boxes = [(x, 1 - y - h, w, h) for x, y, w, h in boxes]  # from the top
        more = {"picture": boxes[0], "plane": boxes[1] if plane else [], "limits": limits}
        return decode.page() | more | {"stops": [] if stops is None else stops.tolist()}

    return Panel(
        partial(draw, decode=decode, axes=axes),
        figure,
        sliders={
            name: Slider(label, *limits, step, value) for name, label, value in zip(names, labels, start.tolist())
        },
        buttons={} if in_page else {"back to the start": lambda values: dict(zip(names, start.tolist()))},
        click=click if plane else None,
        grid=dict.fromkeys(names, np.linspace(*limits, 25)) if plane else None,
        page=page if in_page else None,
    )

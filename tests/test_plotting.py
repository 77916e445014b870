"""Figures: what is displayed, how it is described, and what is drawn where."""

import base64
import io
from html.parser import HTMLParser

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgba
from PIL import Image

from course_utils import plotting, style
from course_utils.datasets import load_world_land

ALT = "A line that rises from the left to the right."


@pytest.fixture(autouse=True)
def look():
    """The look of the course, and no figure left over."""
    with mpl.rc_context():
        style.use()
        yield
        plt.close("all")


@pytest.fixture
def displayed(monkeypatch):
    """The HTML that was displayed, as a list."""
    shown = []
    monkeypatch.setattr(plotting, "display", lambda output: shown.append(output.data))
    return shown


def figure_with_a_line():
    figure, ax = plt.subplots()
    ax.plot([0, 1])
    return figure


def image_tag(html):
    """Return the attributes of the one <img> within a <figure>."""
    tags = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attributes: tags.append((tag, dict(attributes)))
    parser.feed(html)
    (first, _), (second, attributes) = tags
    assert (first, second) == ("figure", "img")
    return attributes


def test_show_displays_a_figure_with_alternative_text(displayed):
    for _ in range(2):  # the same bytes
        assert plotting.show(figure_with_a_line(), ALT) is None
        assert plt.get_fignums() == [], "an open figure would be displayed again"
    html, again = displayed
    assert html == again
    tag = image_tag(html)
    assert tag["alt"] == ALT
    kind, _, data = tag["src"].partition(",")
    assert kind == "data:image/png;base64"
    picture = Image.open(io.BytesIO(base64.b64decode(data, validate=True)))
    assert picture.size == (8 * 180, 4 * 180)  # sharper than the 800 pixels it takes on the page
    assert tag["width"] == "800"
    assert len(np.unique(picture)) > 1  # not blank


@pytest.mark.parametrize("alt", ['He said "x < y & y > z", and it is so.', "It's <b>bold</b>, and 'quoted' as well."])
def test_show_escapes_what_html_would_misread(displayed, alt):
    plotting.show(figure_with_a_line(), f"  {alt}\n")
    assert image_tag(displayed[0])["alt"] == alt


@pytest.mark.parametrize("alt", ["", "   ", "a line", " " * 40, None, 7])
def test_show_refuses_to_show_without_alternative_text(displayed, alt):
    for picture in figure_with_a_line(), Image.new("RGB", (3, 3)):
        with pytest.raises(ValueError, match="needs a sentence that says what the figure shows, got"):
            plotting.show(picture, alt)
    assert displayed == []


@pytest.mark.parametrize(
    "mode, shape", [("RGB", (30, 50, 3)), ("L", (30, 50)), ("RGBA", (30, 50, 4)), ("P", (30, 50, 3))]
)
def test_show_displays_a_picture_as_it_is(displayed, mode, shape):
    """A PIL image, such as a drawn face: the same pixels, palette and all, at its own width, and no figure is opened."""
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, size=shape, dtype=np.uint8))
    picture = picture.quantize(16) if mode == "P" else picture
    before = np.asarray(picture.convert("RGBA"))
    assert plotting.show(picture, ALT) is None
    (html,) = displayed
    tag = image_tag(html)
    assert (tag["alt"], tag["width"]) == (ALT, "50")
    kind, _, data = tag["src"].partition(",")
    assert kind == "data:image/png;base64"
    found = Image.open(io.BytesIO(base64.b64decode(data, validate=True)))
    assert found.mode == mode
    for shown in found, picture:
        np.testing.assert_array_equal(np.asarray(shown.convert("RGBA")), before)
    assert plt.get_fignums() == []


def test_the_map_paints_land_where_land_is():
    """Land and holes alike: the pixels' colour is asked from WorldLand, which other tests have checked."""
    land = load_world_land()
    figure, ax = plt.subplots(figsize=(8, 5))
    assert plotting.world_map(land, ax, title="The world") is None
    figure.canvas.draw()
    pixels = np.asarray(figure.canvas.buffer_rgba())
    rng = np.random.default_rng(0)
    points = np.column_stack([rng.uniform(-89, 89, 2000), rng.uniform(-179, 179, 2000)])
    points[0] = [42, 50.5]  # the Caspian Sea, a hole
    around = points[:, None] + [[0, 0], [1.5, 0], [-1.5, 0], [0, 1.5], [0, -1.5]]  # away from the outline
    on_land = land.contains(np.clip(around.reshape(-1, 2), [-90, -180], [90, 180])).reshape(-1, 5)
    clear = on_land.all(axis=1) | ~on_land.any(axis=1)
    column, row = ax.transData.transform(points[clear][:, ::-1]).T
    colours = pixels[(pixels.shape[0] - row).astype(int), column.astype(int)]
    painted = (colours == np.round(255 * np.array(to_rgba(style.P_DATA_PALE)))).all(axis=1)
    assert clear.sum() > 1000
    assert clear[0] and not painted[0]
    assert (painted == on_land[clear, 0]).mean() > 0.99  # tiny islands within 1.5 degrees may be missed
    assert (ax.get_title(loc="left"), ax.get_xlabel(), ax.get_ylabel()) == (
        "The world", "longitude in degrees", "latitude in degrees",
    )  # fmt: skip


def test_the_map_without_land_gives_nothing_away():
    figure, ax = plt.subplots()
    plotting.world_map()
    assert len(ax.patches) == 0
    assert ax.get_xlim() == (-180, 180) and ax.get_ylim() == (-90, 90)


def test_box_draws_its_corners_in_the_colour_of_the_model():
    figure, (first, second) = plt.subplots(2)
    assert plotting.box((-30, -20, 40, 55), first) is None
    plt.sca(second)
    plotting.box((-30, -20, 40, 55), filled=True)
    for ax, face in [(first, to_rgba("none")), (second, to_rgba(style.P_MODEL_PALE))]:
        (patch,) = ax.patches
        assert patch.get_bbox().extents.tolist() == [-20, -30, 55, 40]  # west, south, east, north
        assert patch.get_edgecolor() == to_rgba(style.P_MODEL)
        assert patch.get_facecolor() == face


def test_the_arrows_of_a_process_lead_from_box_to_box():
    """As lesson 01 draws it: each arrow begins and ends between two boxes, no two boxes overlap, and the model is marked."""
    figure, axes = plt.subplots(2, 1, figsize=(8, 5.6))
    above = ("pictures x\nwith labels y", "p(y | x)", "a new picture x", "“a 3, with\nprobability 0.97”")
    below = ("pictures x", "p(x)", "random numbers", "a new\npicture x")
    for ax, words in zip(axes, (above, below)):
        assert plotting.process(*words, ax, "From here to there") is None
    figure.canvas.draw()
    for ax, words in zip(axes, (above, below)):
        assert ax.get_title(loc="left") == "From here to there"
        labels = {text.get_text(): text for text in ax.texts if text.get_bbox_patch()}
        assert labels.keys() == set(words)
        edges = [labels[word].get_bbox_patch().get_edgecolor() == to_rgba(style.P_MODEL) for word in words]
        assert edges == [False, True, False, False], "the model alone is marked"
        boxes = [labels[word].get_bbox_patch().get_window_extent() for word in words]
        data, model, question, answer = boxes
        assert not any(one.overlaps(other) for number, one in enumerate(boxes) for other in boxes[number + 1 :])
        arrows = [ax.transData.transform([text.xyann, text.xy]) for text in ax.texts if not text.get_bbox_patch()]
        down, first, second = sorted(arrows, key=lambda arrow: (arrow[0, 0] != arrow[1, 0], arrow[0, 0]))
        assert data.x1 <= first[0, 0] < first[1, 0] <= model.x0 and model.x1 <= second[0, 0] < second[1, 0] <= answer.x0
        assert question.y0 >= down[0, 1] > down[1, 1] >= model.y1
        assert all(model.y0 < y < model.y1 for y in (*first[:, 1], *second[:, 1])) and model.x0 < down[0, 0] < model.x1
        assert figure.bbox.x0 <= data.x0 and answer.x1 <= figure.bbox.x1


@pytest.mark.parametrize("n, columns, rows", [(1, 10, 1), (10, 10, 1), (11, 10, 2), (5, 3, 2), (6, 3, 2)])
@pytest.mark.parametrize("named", [True, False])
def test_images_shows_every_picture_once_under_its_name(n, columns, rows, named):
    pictures = np.random.default_rng(0).uniform(size=(n, 4, 6))
    names = [f"y = {i}" for i in range(n)] if named else None
    figure = plotting.images(pictures, "Some pictures", names, columns)
    assert figure.get_suptitle() == "Some pictures"
    grid = np.array(figure.axes).reshape(rows, columns).ravel()
    for i, ax in enumerate(grid):
        assert not ax.axison
        assert len(ax.images) == (i < n)
        assert ax.get_title(loc="center") == (f"y = {i}" if named and i < n else "")
        if i < n:
            np.testing.assert_array_equal(ax.images[0].get_array(), pictures[i])


def test_images_paints_0_as_paper_and_1_as_ink_the_first_row_on_top():
    """Grey pictures too: the darkest pixel of a picture is ink only if it is 1."""
    picture = np.array([[0, 0.5], [0.25, 1]])
    figure = plotting.images(np.array([picture, picture / 2]), "Two pictures", columns=2)
    figure.canvas.draw()
    pixels = np.asarray(figure.canvas.buffer_rgba())
    for ax, shown in zip(figure.axes, (picture, picture / 2)):
        for (row, column), grey in np.ndenumerate(shown):
            x, y = ax.transData.transform([column, row])
            expected = [(1 - grey) * 255 + grey * 255 * ink for ink in to_rgba(style.INK)[:3]]
            np.testing.assert_allclose(pixels[int(pixels.shape[0] - y), int(x), :3], expected, atol=2)


@pytest.mark.parametrize("here", [None, *plotting.FAMILIES])
def test_the_map_of_the_families_marks_one_and_no_two_labels_overlap(here):
    figure, ax = plt.subplots()
    assert plotting.family_map(here, ax) is None
    marked = [text.get_text() for text in ax.texts if to_rgba(style.P_MODEL) == text.get_bbox_patch().get_edgecolor()]
    assert marked == ([plotting.FAMILIES[here][1]] if here else [])
    assert ("you are here" in ax.get_title(loc="left")) == bool(here)
    figure.canvas.draw()
    boxes = [text.get_bbox_patch().get_window_extent() for text in ax.texts]
    assert len(boxes) == len(plotting.FAMILIES)
    for number, one in enumerate(boxes):
        assert all(figure.bbox.contains(*corner) for corner in one.corners())
        assert not any(one.overlaps(other) for other in boxes[number + 1 :]), ax.texts[number].get_text()


@pytest.mark.parametrize("here", ["diffusions", "gan", ""])
def test_the_map_of_the_families_refuses_names_that_are_not_on_it(here):
    with pytest.raises(ValueError, match="here must be one of .*'GAN'.*, got"):
        plotting.family_map(here)

"""The latent explorer in a deck from disk: the page draws by itself, with no kernel, what torch draws.

What page_decoder.js computes, and where clicks and walks lead, is for Node to test: test_page_decoder.py and tests/js.
"""

import numpy as np
import pytest
import torch
from in_page import HANG
from ipywidgets.embed import embed_data
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from overlays import styled

from course_utils.making import slides
from course_utils.models import GAN, VAE
from course_utils.widgets.latent_explorer import latent_explorer
from course_utils.widgets.page_decoder import page_decoder

PICTURE = """panel => {
  const { width, height } = panel.querySelector("canvas");
  return [...panel.querySelector("canvas").getContext("2d").getImageData(0, 0, width, height).data];
}"""
VALUES = "panel => [...panel.querySelectorAll('input')].map(input => Number(input.value))"
MOVE_ALL = """(panel, z) => panel.querySelectorAll("input").forEach((input, k) => {
  input.value = z[k];
  input.dispatchEvent(new Event("input"));
})"""


def faces():
    """Return a GAN of the size of the checkpoint of Planet Pixel, with weights large enough to matter."""
    model = GAN(3072, 16, "convolutional")
    with torch.no_grad():
        for p in model.parameters():
            p *= 1.6
    return model


EXPLORERS = {
    "faces": lambda: latent_explorer(page_decoder(faces()), stops=np.ones((1, 16))),
    "digits": lambda: latent_explorer(page_decoder(VAE(784, 20))),
    "function": lambda: latent_explorer(lambda z: np.zeros((4, 4), dtype=np.uint8)),  # which needs a kernel
}


@pytest.fixture(scope="module")
def show(parts, browser, tmp_path_factory):
    """Return a function that turns to an explorer's slide and gives its panel in the page, and the decoder."""
    explorers, cells = {name: styled(make) for name, make in EXPLORERS.items()}, []
    for name, explorer in explorers.items():
        view = {"model_id": explorer.model_id, "version_major": 2, "version_minor": 0}
        output = new_output("display_data", {"application/vnd.jupyter.widget-view+json": view})
        cells.append(new_markdown_cell(f"# {name}", metadata={"slideshow": {"slide_type": "slide"}}))
        cells.append(new_code_cell("…", outputs=[output], metadata={"slideshow": {"slide_type": "-"}}))
    state = embed_data(list(explorers.values()), drop_defaults=False)["manager_state"]
    nb = new_notebook(cells=cells, metadata={"widgets": {"application/vnd.jupyter.widget-state+json": state}})
    folder = tmp_path_factory.mktemp("deck")
    slides.write_parts(folder)
    (folder / "one.slides.html").write_text(slides.to_deck(nb), encoding="utf-8")
    with browser.new_context(viewport={"width": 1280, "height": 720}) as context:
        page, errors = context.new_page(), []
        page.set_default_timeout(HANG)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: message.type == "error" and errors.append(message.text))
        page.goto((folder / "one.slides.html").as_uri())
        page.wait_for_function("n => document.querySelectorAll('.panel').length === n", arg=len(explorers))

        def turn_to(name):
            number = list(explorers).index(name)
            page.evaluate("number => Reveal.slide(number)", number)
            return page.locator(".panel").nth(number), explorers[name].draw.keywords["decode"]

        yield turn_to
        assert errors == []


def test_the_canvas_shows_what_torch_computes(show):
    panel, decode = show("faces")
    pictures = set()
    some = np.random.default_rng(0).integers(-40, 41, size=(2, 16)) / 20  # on the sliders' steps
    for z in [np.zeros(16), *some, np.full(16, 3.0)]:
        panel.evaluate(MOVE_ALL, z.tolist())
        np.testing.assert_allclose(panel.evaluate(VALUES), z)
        shown = np.array(panel.evaluate(PICTURE)).reshape(32, 32, 4)[..., :3]
        assert np.abs(shown - decode(z).astype(int)).max() <= 1
        words = ", ".join(f"{value:.2f}" for value in z).replace("-", "−")
        assert panel.locator(".panel-picture").get_attribute("aria-label") == f"The picture decoded from z = ({words})."
        pictures.add(panel.locator(".panel-picture").screenshot())
    assert len(pictures) == 4


def test_a_walk_can_pause_and_says_so(show):
    panel, _ = show("faces")
    for label in ("back to the start", "walk", "pause"):
        panel.get_by_role("button", name=label, exact=True).click()
    z = panel.evaluate(VALUES)
    assert len(set(z)) == 1 and 0 <= z[0] < 1  # on the straight way from 0 to the stop
    panel.get_by_role("button", name="walk").click()
    panel.get_by_role("button", name="pause").wait_for()
    panel.get_by_role("button", name="walk").wait_for()
    assert set(panel.evaluate(VALUES)) == {1}


def test_only_where_a_kernel_is_needed_the_panel_says_that_nothing_answers(show):
    live, _ = show("faces")
    live.locator("input").first.press("End")
    panel, _ = show("function")
    panel.locator("input").first.press("End")
    panel.get_by_text("Nothing answers.").wait_for()
    assert live.locator(".panel-message").text_content() == ""


@pytest.mark.parametrize("name", ["faces", "digits"])
def test_many_sliders_fit_the_slide(name, show):
    panel, decode = show(name)
    boxes = [element.bounding_box() for element in panel.locator("input, button, .panel-picture").all()]
    assert len(boxes) == len(decode.dimensions) + 4
    assert all(0 <= box["x"] and box["x"] + box["width"] <= 1280 and box["y"] + box["height"] <= 700 for box in boxes)
    assert min(box["width"] for box in boxes) > 60

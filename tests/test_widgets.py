"""What all widgets share: they draw wherever their sliders stand, say what they show, and a deck can hold them."""

import importlib
import os
import re
from functools import cache

import numpy as np
import pytest
from bench.usual_way import WIDGETS
from left_out import left_out
from overlays import box, elements, pixels, styled
from PIL import Image

from course_utils import style, widgets
from course_utils.widgets import deck

EACH = pytest.mark.parametrize("name", widgets.__all__)
COLOURS = {getattr(style, name) for name in dir(style) if re.fullmatch("#[0-9A-F]{6}", str(getattr(style, name)))}
COLOURS |= {*style.CLUSTERS, "white", "none", None}
OTHER_COLOURS = {"hidden_pixels": "those of the faces", "em_stepper": "mixtures of those of its clusters"}


def made(name):
    """Return a new widget: as the benchmark makes it or, if it has no row there, `make` of the widget's own tests."""
    return styled(WIDGETS[name])[0] if name in WIDGETS else styled(importlib.import_module(f"test_{name}").make)


@cache
def shared(name):
    """Return a widget that several tests move, each from where its sliders stood at first."""
    return made(name)


def at_first(panel, **others):
    return {**panel.values, **{name: slider["value"] for name, slider in panel.sliders.items()}, **others}


def middle_of(slider):
    """Return the middle of a slider, on one of its steps."""
    return slider["min"] + slider["step"] * round((slider["max"] - slider["min"]) / slider["step"] / 2)


def settings(panel):
    """Return values with each slider at both ends, alone and all together."""
    ends = [{name: slider[end]} for name, slider in panel.sliders.items() for end in ("min", "max")]
    together = [{name: slider[end] for name, slider in panel.sliders.items()} for end in ("min", "max")]
    return [at_first(panel, **move) for move in ({}, *ends, *together)]


@EACH
def test_it_draws_wherever_its_sliders_stand(name):
    panel = shared(name)
    alts, frames = set(), []
    for values in settings(panel):
        before = dict(values)
        frame = panel.draw(**values)
        frames.append((values, frame))
        assert values == before
        assert elements(frame) or not panel.svg
        for x, y, width, height in map(box, elements(frame, "image")):  # whole, and the right way round
            assert width > 0 < height and -1 <= x <= panel.width - width + 1 and -1 <= y <= panel.height - height + 1
        assert not re.search(r"\b(nan|inf)\b", re.sub('href="[^"]*"', "", frame.svg))
        for text in frame.numbers.values():
            assert isinstance(text, str) and not re.search(r"\b(nan|inf)\b|(^|[ (])-\d", text), text
        assert re.fullmatch(r"(?s)[A-Z].{15,}[.!]", frame.alt), frame.alt
        alts.add(frame.alt)
        if not panel.page:
            panel.act({"move": {slider: values[slider] for slider in panel.sliders}})
            assert panel.message == "" and (panel.svg, panel.alt, dict(panel.numbers)) == (
                frame.svg,
                frame.alt,
                frame.numbers,
            )
    assert len(alts) > 1
    for values, frame in (frames[0], frames[-1]):  # nothing but the values decides, whatever was drawn since
        assert panel.draw(**values) == frame


@EACH
def test_each_slider_changes_what_is_shown(name):
    panel = shared(name)
    middle = {name: middle_of(slider) for name, slider in panel.sliders.items()}
    for slider, given in panel.sliders.items():
        assert given["min"] <= given["value"] <= given["max"] and given["label"]
        steps = (given["value"] - given["min"]) / given["step"]
        assert abs(steps - round(steps)) < 1e-6, f"{slider} would jump when it is first moved"
        places = [given["min"], middle[slider], given["max"]]
        shown = [
            [str(panel.draw(**at_first(panel, **others | {slider: to}))) for to in places] for others in ({}, middle)
        ]
        assert max(len(set(frames)) for frames in shown) > 1, slider


@EACH
def test_its_colours_are_those_of_the_course(name):
    panel = shared(name)
    for values in settings(panel):
        used = {e.get(kind) for e in elements(panel.draw(**values)) for kind in ("fill", "stroke")}
        assert used <= COLOURS or name in OTHER_COLOURS, used - COLOURS


@EACH
def test_each_button_answers_from_wherever_the_sliders_stand(name):
    panel = shared(name)
    first = dict(panel.values)
    for values in settings(panel) if os.environ.get("ALL") else (at_first(panel), *settings(panel)[-2:]):
        for label in panel.buttons:
            panel.values = values
            drawn = panel.drawn
            panel.act({"press": label})
            assert panel.drawn > drawn and not re.search("Error|cannot be drawn|does not work", panel.message)
            for slider, given in panel.sliders.items():
                assert given["min"] <= panel.values[slider] <= given["max"]
    panel.values = first
    panel.act({"move": {}})


@left_out("every widget baked, beside those in the lessons' decks")
@EACH
def test_a_deck_can_hold_it(name, monkeypatch):
    """Its sliders stop within their limits, also where they stand at first, and not too often; its presses are buttons."""
    baked = []
    monkeypatch.setenv("BAKE_FRAMES", "on")
    monkeypatch.setattr(deck, "bake", lambda *given: baked.append(given) or b"")
    panel, lesson = made(name), shared(name)
    if lesson.page:
        assert not baked
        return
    ((_, values, stops, actions, presses, _, _),) = baked
    assert np.prod([len(stop) for stop in stops.values()]) <= deck.MOST
    assert stops.keys() == lesson.sliders.keys() and set(presses) <= actions.keys()
    for slider, given in lesson.sliders.items():
        assert len(stops[slider]) > 1 and given["value"] in stops[slider] and values[slider] == given["value"]
        assert given["min"] <= min(stops[slider]) and max(stops[slider]) <= given["max"] + 1e-9
        assert panel.values[slider] == stops[slider].index(given["value"])


@EACH
def test_its_picture_is_stored_with_its_words(name):
    panel = shared(name)
    still = panel.still()
    (image,) = re.findall(r'<img alt="([^"]{15,})" width="(\d+)" src="(data:[^"]+)">', still)
    shown = pixels({"href": image[2]})
    assert (int(image[1]), len(still) < 60_000) == (panel.width, True)
    assert Image.fromarray(shown).size == (panel.width, panel.height)
    svg, panel.svg = panel.svg, ""
    without = panel.still()
    panel.svg = svg
    assert without != still  # the overlay is in it

"""Frames baked for decks: each is what `draw` gives, and buttons and clicks lead where the kernel would go."""

import gzip
import json
from itertools import product

import matplotlib.pyplot as plt
import numpy as np
import pytest

from course_utils.models import VAE
from course_utils.widgets.latent_explorer import latent_explorer
from course_utils.widgets.overlay import Frame, Slider
from course_utils.widgets.page_decoder import page_decoder
from course_utils.widgets.panel import Panel

SLIDERS = {"a": Slider("the first", 0, 10, 1, 3), "b": Slider("the second", -1, 1, 0.1, 0.5)}
GRID = {"a": (0, 2, 9), "b": (-1, 0, 1)}
STOPS = {"a": [0, 2, 3, 9], "b": [-1, 0, 0.5, 1]}  # where a slider stands at first belongs to them


def draw(a, b, kind="round"):
    """Draw what can be told apart for any two settings; with an ellipse that some share, and text between elements."""
    svg = f'<circle r="{a:g}"/><text>a &lt; b</text><ellipse rx="{b:g}"/><image href="data:,%3Cg%3E%3Cp a={a:g}/%3E"/>'
    return Frame(svg, {"sum": f"{a + b:.2f}", "kind": kind}, f"A {kind} circle of radius {a:g} and “{b:g}”.")


@pytest.fixture
def panel(monkeypatch):
    """Return a function that makes a panel as when a deck is made."""
    monkeypatch.setenv("BAKE_FRAMES", "on")

    def make(draw=draw, sliders=SLIDERS, grid=GRID, **options):
        return Panel(draw, plt.figure(figsize=(4, 3), dpi=100), sliders, grid=grid, **options)

    return make


def baked(panel):
    return json.loads(gzip.decompress(panel.frames["zipped"]))


def frames(panel, state=0):
    """Return the frames of a state by the words that the sliders say, in the order in which the last slider runs first."""
    content = baked(panel)
    said = list(product(*(slider["words"] for slider in panel.sliders.values())))
    assert len(said) == len(content["states"][state])
    drawn = [
        Frame("".join(content["pieces"][k] for k in svg), dict(numbers), alt)
        for svg, numbers, alt in content["states"][state]
    ]
    return dict(zip(said, drawn))


def test_each_frame_is_what_draw_gives_for_what_the_sliders_say(panel):
    made = panel()
    expected = {(f"{a:g}", f"{b:g}"): draw(a, b) for a, b in product(STOPS["a"], STOPS["b"])}
    assert frames(made) == expected and len(expected) == 16
    assert len(baked(made)["pieces"]) < 20  # what frames share is stored once


def test_the_sliders_count_their_stops_and_start_where_they_stood(panel):
    made = panel()
    assert made.sliders["b"] == {
        "label": "the second",
        "min": 0,
        "max": 3,
        "step": 1,
        "value": 2,
        "words": ("-1", "0", "0.5", "1"),
    }
    assert made.values == {"a": 2, "b": 2}
    assert Frame(made.svg, dict(made.numbers), made.alt) == draw(3, 0.5)


def test_without_a_grid_a_slider_stops_at_each_of_its_steps(panel):
    made = panel(grid={"a": ()})
    assert made.sliders["a"]["words"] == ("3",)
    assert made.sliders["b"]["words"] == tuple(f"{k / 10:g}" for k in range(-10, 11)) and made.values["b"] == 15


def test_words_stay_words(panel):
    words = ("none", "round", "dark")
    made = panel(
        lambda glasses: Frame("", {}, words[int(glasses)]),
        {"glasses": Slider("glasses", 0, 2, 1, 1, words)},
        grid={"glasses": (2,)},
    )
    assert made.sliders["glasses"]["words"] == ("round", "dark")
    assert frames(made) == {(word,): Frame("", {}, word) for word in words[1:]}


def test_a_value_of_the_grid_beyond_the_slider_fails_the_cell(panel):
    with pytest.raises(ValueError, match=r"the grid of b must lie within -1 … 1, got \[1.5\]"):
        panel(grid={"b": (0, 1.5)})


def test_a_grid_of_too_many_frames_leaves_the_panel_as_in_a_lesson(panel, monkeypatch):
    made = panel(sliders={"a": SLIDERS["a"], "b": Slider("", -1, 1, 0.001, 0.5)}, grid={})
    assert made.frames == {} and made.values == {"a": 3, "b": 0.5} and made.sliders["a"]["max"] == 10


def test_in_a_lesson_nothing_is_baked(panel, monkeypatch):
    monkeypatch.delenv("BAKE_FRAMES")
    calls = []
    made = panel(
        lambda a, b: calls.append((a, b)) or draw(a, b), presses=["never"], buttons={"never": lambda values: 1 / 0}
    )
    assert calls == [(3, 0.5)] and made.frames == {} and made.sliders["b"]["max"] == 1
    made.values = {"a": 5, "b": 0.5}
    assert made.alt == draw(5, 0.5).alt


def test_a_page_that_draws_by_itself_needs_no_frames(panel):
    assert latent_explorer(page_decoder(VAE(25, 2))).frames == {}


def test_the_same_panel_is_baked_to_the_same_bytes(panel):
    assert panel().frames == panel().frames


def test_a_button_moves_a_slider_to_a_stop_and_passes_none_over(panel):
    buttons = {
        "up": lambda values: {"a": min(values["a"] + 1, 10)},
        "down": lambda values: {"a": values["a"] - 1},
        "both": lambda values: {"a": 2, "b": -1},
        "ask": lambda values: "No." if values["a"] == 3 else {},
    }
    jumps = baked(panel(buttons=buttons))["jumps"]
    by_a = {label: answers[::4] for label, answers in jumps.items()}  # b = -1
    assert by_a["up"] == [{"a": 1}, {"a": 2}, {"a": 3}, {"a": 3}]
    assert by_a["down"] == [{"a": 0}, {"a": 0}, {"a": 1}, {"a": 2}]
    assert by_a["both"] == [{"a": 1}, {}, {"a": 1}, {"a": 1}] and jumps["both"][-1] == {"a": 1, "b": 0}
    assert by_a["ask"] == [{}, {}, "No.", {}]


def test_a_value_of_the_grid_that_a_button_sets_is_met_exactly(panel):
    odd = 0.1 + 0.2 + 1e-13
    made = panel(grid={"b": (-1, odd, 1)}, buttons={"odd": lambda values: {"b": odd}})
    content = baked(made)
    assert {answer.get("b", made.values["b"]) for answer in content["jumps"]["odd"]} <= {1, 2}
    assert all(answer == ({} if k % 4 == 1 else {"b": 1}) for k, answer in enumerate(content["jumps"]["odd"]))


SQUARE = {"a": [0, 3], "b": [-1, 0.5]}  # four stops


def held(panel, presses=(), moves=()):
    """Press buttons and move sliders as drivers.js does, each move a word of a slider; return the last frame, or the first press that is not held."""
    content, sliders, state = baked(panel), panel.sliders, 0
    values = {name: slider["value"] for name, slider in sliders.items()}

    def number():
        return int(np.ravel_multi_index([*values.values()], [slider["max"] + 1 for slider in sliders.values()]))

    def at(leads):
        return leads[number()] if isinstance(leads, list) else leads.get(str(number()))

    for press in presses:
        if isinstance(press, dict):
            values |= {name: sliders[name]["words"].index(word) for name, word in press.items()}
            continue
        lead = content["leads"][state].get(press)
        lead = (
            at(content["jumps"].get(press, {}) if lead is None else lead) if not isinstance(lead, list | str) else lead
        )
        if lead is None:
            return press
        if isinstance(lead, list):
            state, lead = lead
        values |= lead if isinstance(lead, dict) else {}
        assert at(content["states"][state]), "a press leads to a frame that is not held"
    svg, numbers, alt = at(content["states"][state])
    return Frame("".join(content["pieces"][k] for k in svg), dict(numbers), alt)


def test_each_three_presses_are_held_and_show_what_the_kernel_would(panel):
    """Also from where one slider has been moved; where sliders move too, and where what is fixed looks as before."""
    buttons = {
        "write": lambda values: {"kind": values["kind"] + f"{values['a']:g}", "a": 0},
        "back": lambda values: {"kind": values["kind"][:-1], "presses": values["presses"] + 1},
        "up": lambda values: {"a": 9},
    }
    made = panel(
        lambda a, b, kind, presses: draw(a, b, kind), buttons=buttons, fixed={"kind": "x", "presses": 0}, grid={"a": (0, 3, 9), "b": (-1,)}
    )  # fmt: skip
    for b, ways in product((0.5, -1), product(buttons, repeat=3)):
        values = {"a": 3, "b": b, "kind": "x", "presses": 0}
        for way in ways:
            values |= buttons[way](values)
        values.pop("presses")
        assert held(made, [{"b": f"{b:g}"}, *ways]) == draw(**values), ways


def test_presses_lead_further_and_what_leads_back_always_does(panel):
    """Also where it remembers something that nobody sees."""
    buttons = {
        "more": lambda values: {"kind": values["kind"] + "!"},
        "forget": lambda values: {"kind": "round", "a": 3, "last": len(values["kind"])},
    }
    made = panel(
        lambda a, b, kind, last: draw(a, b, kind), buttons=buttons, fixed={"kind": "round", "last": 0}, presses=["more"] * 6, grid=SQUARE
    )  # fmt: skip
    assert {len(state) for state in baked(made)["states"]} == {4}
    for n in range(7):
        assert held(made, ["more"] * n + [{"a": "0", "b": "-1"}]) == draw(0, -1, "round" + "!" * n)
        assert held(made, ["more"] * n + [{"a": "0"}, "forget"]) == draw(3, 0.5)
    assert held(made, ["more"] * 7) == "more"


def test_what_a_press_leads_to_depends_on_where_the_sliders_are(panel):
    """From 3 to 4: on to the stop at 9; from 0 to 1: on to 2."""
    buttons = {"guess": lambda values: {"kind": values["kind"] + "!", "a": min(values["a"] + 1, 10)}}
    made = panel(buttons=buttons, fixed={"kind": "round"})
    assert held(made, ["guess"]) == draw(9, 0.5, "round!") and held(made, [{"a": "0"}, "guess"]) == draw(
        2, 0.5, "round!"
    )


def test_too_many_frames_are_held_only_where_presses_lead(panel, monkeypatch):
    monkeypatch.setattr("course_utils.widgets.deck.MOST", 16 + 10)
    buttons = {
        "guess": lambda values: {"kind": values["kind"] + f"{values['a']:g}", "a": 9},
        "forget": lambda values: {"kind": "round"},
    }
    made = panel(buttons=buttons, fixed={"kind": "round"})
    content = baked(made)
    assert len(content["states"][0]) == 16 and all(len(state) < 16 for state in content["states"][1:])
    assert held(made, [{"a": "2"}, "guess", "guess", "guess"]) == draw(9, 0.5, "round299")
    assert held(made, [{"a": "2"}, "guess", "guess", "guess", "forget"]) == draw(9, 0.5)
    assert held(made, [{"a": "2", "b": "0"}, "guess"]) == "guess"  # two sliders were moved


def test_a_click_leads_to_the_nearest_stops(panel):
    made = panel(click=lambda px, py: {"a": px / 40, "b": 1 - py / 150} if px < 200 else {})
    content = baked(made)
    for px, py in np.random.default_rng(0).uniform((0, 0), (400, 300), size=(200, 2)):
        answer = content["clicks"][int(py // content["cell"]) * content["columns"] + int(px // content["cell"])]
        if px < 192:
            nearest = [abs(np.array(STOPS[name]) - to) for name, to in (("a", px / 40), ("b", 1 - py / 150))]
            for name, distances, pixel in zip("ab", nearest, (1 / 40, 1 / 150)):  # up to half a cell away
                assert distances[answer[name]] <= distances.min() + 8 * pixel
        if px >= 200:
            assert answer == {}
    assert len(content["clicks"]) == 50 * 38


def test_a_press_that_only_says_something_leads_nowhere(panel):
    """The second guess is refused, in a deck too."""
    buttons = {"guess": lambda values: {"kind": "square"} if values["kind"] == "round" else "You have guessed."}
    made = panel(buttons=buttons, fixed={"kind": "round"}, presses=["guess", "guess", "guess"])
    assert len(baked(made)["states"]) == 2
    assert baked(made)["leads"] == [{"guess": [1, {}]}, {"guess": "You have guessed."}]

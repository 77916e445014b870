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
        "kind": lambda values: {"kind": "other", "a": 0},
    }  # fmt: skip
    jumps = baked(panel(buttons=buttons, fixed={"kind": "round"}))["jumps"]
    by_a = {label: answers[::4] for label, answers in jumps.items()}  # b = -1
    assert by_a["up"] == [{"a": 1}, {"a": 2}, {"a": 3}, {"a": 3}]
    assert by_a["down"] == [{"a": 0}, {"a": 0}, {"a": 1}, {"a": 2}]
    assert by_a["both"] == [{"a": 1}, {}, {"a": 1}, {"a": 1}] and jumps["both"][-1] == {"a": 1, "b": 0}
    assert by_a["ask"] == [{}, {}, "No.", {}]
    assert by_a["kind"] == [None] * 4  # this needs a kernel


def test_a_value_of_the_grid_that_a_button_sets_is_met_exactly(panel):
    odd = 0.1 + 0.2 + 1e-13
    made = panel(grid={"b": (-1, odd, 1)}, buttons={"odd": lambda values: {"b": odd}})
    content = baked(made)
    assert {answer.get("b", made.values["b"]) for answer in content["jumps"]["odd"]} <= {1, 2}
    assert all(answer == ({} if k % 4 == 1 else {"b": 1}) for k, answer in enumerate(content["jumps"]["odd"]))


def test_presses_lead_from_state_to_state_and_back(panel):
    """Also where a button remembers what it did: each state is drawn before the next press. What forgets always forgets."""
    kinds, seen = ["flat", "round"], []

    def turn(values):
        return {"kind": kinds[kinds.index(values["kind"]) - 1]}

    def remember(values):
        seen.append(values["kind"])
        return {"kind": "seen " + ", ".join(seen)}

    def forget(values):
        seen.clear()
        return {"kind": "round"}

    made = panel(
        buttons={"turn": turn, "remember": remember, "forget": forget}, fixed={"kind": "round"},
        presses=["turn", "turn", "remember", "forget", "turn", "remember", "forget"],
    )  # fmt: skip
    content = baked(made)
    leads = [{label: to for label, (to, moved) in lead.items() if moved == {}} for lead in content["leads"]]
    assert leads == [
        {"turn": 1, "remember": 2, "forget": 0}, {"turn": 0, "remember": 3, "forget": 0}, {"forget": 0}, {"forget": 0}
    ]  # fmt: skip
    for state, kind in enumerate(["round", "flat", "seen round", "seen flat"]):
        assert frames(made, state) == {(f"{a:g}", f"{b:g}"): draw(a, b, kind) for a, b in product(*STOPS.values())}
    assert content["jumps"] == {}


def test_a_press_that_moves_a_slider_leads_to_its_stop_too(panel):
    """And the place of a slider makes no state of its own."""
    buttons = {
        "guess": lambda values: {"kind": values["kind"] + "!", "a": values["a"] + 1},
        "forget": lambda values: {"kind": "round", "a": 3, "b": 0.2},
    }
    made = panel(buttons=buttons, fixed={"kind": "round"}, presses=["guess", "guess", "forget"])
    content = baked(made)
    assert content["leads"] == [
        {"guess": [1, {"a": 3}]},  # from 3 to 4: on to the stop at 9
        {"guess": [2, {"a": 3}]},
        {"forget": [0, {"a": 2, "b": 1}]},  # back to 3; from 0.5 to 0.2: down to the stop at 0
    ]
    for state, kind in enumerate(["round", "round!", "round!!"]):
        assert frames(made, state) == {(f"{a:g}", f"{b:g}"): draw(a, b, kind) for a, b in product(*STOPS.values())}


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
    """The second guess is refused: there are two states, and nothing is held for "guess" in the second."""
    buttons = {"guess": lambda values: {"kind": "square"} if values["kind"] == "round" else "You have guessed."}
    made = panel(buttons=buttons, fixed={"kind": "round"}, presses=["guess", "guess", "guess"])
    assert len(baked(made)["states"]) == 2
    assert [set(lead) for lead in baked(made)["leads"]] == [{"guess"}, set()]

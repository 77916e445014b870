"""The widgets as a student meets them: the lesson runs in JupyterLab, a slider is dragged, and the picture follows.

What the browser then shows is compared with what the widget's own `draw` gives for the same values, in the kernel of
the lesson; that `draw` is right is for other tests to say.
"""

import ast
import json
import re
from statistics import median
from time import monotonic, sleep

import numpy as np
import pytest
from in_page import READ_BY_BROWSER, START_CLOCK

from course_utils import widgets
from course_utils.datasets import load_world_land

# One line a widget and lesson, with a slider to drag and one to move by arrow keys.
WIDGETS = [
    ("imagined_digit", "00_start_here", "courage", "digit"),
    ("bayes_explorer", "01_generative_and_discriminative", "noisy", "picture"),
    ("box_explorer", "02_a_box_on_the_world_map", "north", "west"),
    ("likelihood_landscape", "03_maximum_likelihood", "east", "north"),
    ("pseudo_count", "04_wrodl_counting_and_smoothing", "log_alpha", "log_alpha"),
    ("style_designer", "04_wrodl_counting_and_smoothing", "hairColor", "topType"),
    ("style_designer", "05_naive_bayes_on_wrodl", "clothingColor", "topType"),
    ("hidden_pixels", "06_naive_bayes_on_planet_pixel", "radius", "column"),
    ("latent_explorer", "13_vae", "z1", "z2"),
    ("latent_explorer", "14_gan", "z1", "z2"),
    ("latent_explorer", "07_representation_learning", "z1", "z2"),
    ("mixture_sliders", "08_gaussian_mixtures", "mu1", "sigma1"),
    ("em_stepper", "08_gaussian_mixtures", "step", "step"),
    ("elbo_explorer", "09_the_elbo", "mean", "width"),
    ("guessing_game", "10_from_tables_to_autoregression", "told", "picture"),
    ("completion", "12_pixelrnn", "setting", "face"),
    ("pixel_sampler", "11_nade", "step", "step"),
    ("adversarial_game", "14_gan", "angle", "angle"),
]
LESSONS = {name: lesson for name, lesson, *_ in WIDGETS}
EACH = pytest.mark.parametrize(
    "name, lesson, dragged, pressed", WIDGETS, ids=[f"{name} {lesson[:2]}" for name, lesson, *_ in WIDGETS]
)

# Run the cell that shows a widget and return its execution count.
RUN_CELL = """async name => {
  const notebook = window.jupyterapp.shell.currentWidget.content;
  const shows = cell => cell.model.type === "code" && cell.model.sharedModel.getSource().split("\\n").some(line => line.startsWith(`${name}(`));
  notebook.activeCellIndex = notebook.widgets.findIndex(shows);
  await window.jupyterapp.commands.execute("notebook:run-cell");
  return notebook.activeCell.model.executionCount;
}"""
# The value of a Python expression in the lesson's kernel, as text.
EVALUATE = """async expression => {
  const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
  const reply = await kernel.requestExecute({ code: "", store_history: false, user_expressions: { value: expression } }).done;
  const { status, data, ename, evalue } = reply.content.user_expressions.value;
  if (status !== "ok") throw new Error(`${ename}: ${evalue}`);
  return data["text/plain"];
}"""

# What a panel shows. The overlay is compared as the browser reads it, so `draw`'s text takes the same way.
SHOWN = """panel => ({
  values: Object.fromEntries([...panel.querySelectorAll("input")].map(input => [input.name, input.value])),
  written: Object.fromEntries([...panel.querySelectorAll("input")].map(input => [input.name, input.previousElementSibling.textContent])),
  spoken: Object.fromEntries([...panel.querySelectorAll("input")].map(input => [input.name, input.getAttribute("aria-valuetext")])),
  svg: panel.querySelector("canvas") ? "" : panel.querySelector("svg").innerHTML,
  numbers: [...panel.querySelectorAll(".panel-numbers tr")].map(row => [...row.children].map(cell => cell.textContent)),
  alt: panel.querySelector("[role=img]").getAttribute("aria-label"),
  message: panel.querySelector(".panel-message").textContent,
})"""
# The colours that a decoder in the page shows.
PAGE_PICTURE = """panel => {
  const canvas = panel.querySelector("canvas");
  return [...canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data].filter((_, k) => k % 4 < 3);
}"""

COUNT_ANSWERS = """panel => {
  window.answers = 0;
  new MutationObserver(() => { window.answers += 1; }).observe(panel.querySelector("svg"), { childList: true });
}"""


class Opened:
    """A widget in the browser, and the same one in the kernel, to compare with."""

    def __init__(self, page, name):
        count = page.evaluate(RUN_CELL, name)
        self.page, self.in_kernel = page, f"Out[{count}]"
        self.values, self.sliders, self.in_page = (
            self.ask("values"),
            self.ask("sliders"),
            bool(self.ask("page.get('side')")),
        )
        self.element = page.locator(".jp-CodeCell").filter(has_text=re.compile(rf"\[{count}\]:")).locator(".panel")
        self.element.wait_for()
        self.element.scroll_into_view_if_needed()
        self.element.evaluate(COUNT_ANSWERS)

    def ask(self, attribute):
        """Return an attribute of the kernel's widget, or what a method gives."""
        return json.loads(
            ast.literal_eval(self.page.evaluate(EVALUATE, f"__import__('json').dumps({self.in_kernel}.{attribute})"))
        )

    def slider(self, name):
        """Return a slider of the page, scrolled into view."""
        slider = self.element.locator(f"input[name={name}]")
        slider.scroll_into_view_if_needed()
        return slider

    def picture(self):
        """Return a screenshot of the picture."""
        return self.element.locator(".panel-picture").screenshot()

    def on_slider(self, name):
        """Return a value as the browser's slider has it: on one of its steps."""
        slider = self.sliders[name]
        steps = round((self.values[name] - slider["min"]) / slider["step"])
        return f"{slider['min'] + slider['step'] * steps:.6g}"

    def expect(self, message="", **values):
        """Wait until the panel shows what `draw` gives for these values; fail with the difference if it never does."""
        self.values |= values
        svg, numbers, alt = self.ask(f"_draw(**{self.values!r})")
        on_sliders = {name: self.on_slider(name) for name in self.sliders}
        written = {
            name: words[int(on_sliders[name])] if (words := slider["words"]) else on_sliders[name]
            for name, slider in self.sliders.items()
        }
        expected = {
            "values": on_sliders, "written": written, "spoken": written,
            "svg": "" if self.in_page else self.element.evaluate(READ_BY_BROWSER, svg),
            "numbers": [list(row) for row in numbers.items()], "alt": alt, "message": message,
        }  # fmt: skip
        deadline = monotonic() + 10
        while (shown := self.element.evaluate(SHOWN)) != expected and monotonic() < deadline:
            sleep(0.05)
        assert shown == expected
        if self.in_page:  # to one grey level, and, where two colours are as likely, either of them
            z = [self.values[f"z{k + 1}"] for k in range(len(self.values))]
            picture = np.ravel(self.ask(f"_draw.keywords['decode']({z}).tolist()"))
            shown = np.reshape(self.element.evaluate(PAGE_PICTURE), (-1, 3))
            difference = np.abs(shown - np.reshape(picture, (len(shown), -1))).max(axis=1)
            assert (difference > 1).sum() <= 2

    def latency(self, name, limit):
        """Return the median milliseconds of 21 key presses; if a busy machine takes it to the limit, the best of five."""
        slider = self.slider(name)
        slider.focus()
        self.element.evaluate(START_CLOCK)
        medians = []
        while len(medians) < 5 and min(medians, default=limit) >= limit:
            for number in range(1, 22):
                slider.press("ArrowRight" if number % 2 else "ArrowLeft")
                self.page.wait_for_function("n => window.latencies.length === n", arg=21 * len(medians) + number)
            medians.append(median(self.page.evaluate("window.latencies")[-21:]))
        return min(medians)

    def place(self, axes, x, y):
        """Return where (x, y) of the picture's axes is on the page, in whole pixels, and what that place is in the axes."""
        left, bottom, width, height = self.ask(f"_draw.keywords['axes'][{axes}].get_position().bounds")
        (x0, x1), (y0, y1) = (self.ask(f"_draw.keywords['axes'][{axes}].get_{a}lim()") for a in "xy")
        box = self.element.locator(".panel-picture").bounding_box()
        px = round(box["x"] + box["width"] * (left + width * (x - x0) / (x1 - x0)))
        py = round(box["y"] + box["height"] * (1 - bottom - height * (y - y0) / (y1 - y0)))
        x = x0 + (x1 - x0) * ((px - box["x"]) / box["width"] - left) / width
        y = y0 + (y1 - y0) * (1 - (py - box["y"]) / box["height"] - bottom) / height
        return (px, py), (x, y)

    def click(self, place):
        """Click a place of the page and wait for the kernel's answer."""
        answers = self.page.evaluate("window.answers")
        self.page.mouse.click(*place)
        self.page.wait_for_function("n => window.answers > n", arg=answers)


@pytest.fixture(scope="module")
def open_widget(open_lesson):
    """Return a function that shows a widget as it is at first; each lesson is opened and run once."""
    pages = {}

    def open_widget(name, lesson=None):
        lesson = lesson or LESSONS[name]
        if lesson not in pages:
            pages[lesson] = open_lesson(lesson)
        pages[lesson].bring_to_front()
        return Opened(pages[lesson], name)

    return open_widget


def test_every_widget_is_tried_in_the_browser():
    assert set(LESSONS) == set(widgets.__all__) - {"page_decoder"}  # no widget: a part of one


@EACH
def test_the_picture_and_the_numbers_follow_the_sliders(name, lesson, dragged, pressed, open_widget):
    widget = open_widget(name, lesson)
    widget.expect()
    assert widget.element.evaluate("panel => panel.querySelector('img').naturalWidth") == 2 * widget.ask(
        "width"
    )  # the background
    at_first = widget.picture()

    slider = widget.slider(dragged)
    box, thumb = slider.bounding_box(), 16  # pixels: the handle, which stays within the track
    low, high, step = (widget.sliders[dragged][key] for key in ("min", "max", "step"))
    at = float(widget.on_slider(dragged))
    far = max((high - low) / 10, step) * (1 if high - at > at - low else -1)  # towards the end that is farther away
    per_unit = (box["width"] - thumb) / (high - low)
    x = box["x"] + thumb / 2 + per_unit * (at - low)
    y = box["y"] + box["height"] / 2
    widget.page.mouse.move(x, y)
    widget.page.mouse.down()
    widget.page.mouse.move(x + per_unit * far, y, steps=4)
    widget.page.mouse.up()
    value = float(slider.input_value())
    assert value != at and abs(value - at - far) <= max(step, 2 / per_unit)
    widget.expect(**{dragged: value})
    after_drag = widget.picture()
    assert after_drag != at_first

    slider = widget.slider(pressed)
    slider.focus()
    step = widget.sliders[pressed]["step"]
    for key, change in {"ArrowRight": step, "ArrowUp": step, "ArrowLeft": -step, "ArrowDown": -step}.items():
        value = float(widget.on_slider(pressed)) + change
        slider.press(key)
        widget.expect(**{pressed: round(value, 6)})
    for key, end in {"Home": "min", "End": "max"}.items():
        slider.press(key)
        widget.expect(**{pressed: widget.sliders[pressed][end]})
    assert widget.picture() != after_drag


# The control that has the focus, null outside the widget, and how wide its outline is.
FOCUS = """panel => {
  const focus = document.activeElement, { outlineStyle, outlineWidth } = getComputedStyle(focus);
  return [panel.contains(focus) ? focus.name || focus.textContent : null, outlineStyle === "none" ? 0 : parseFloat(outlineWidth)];
}"""


@pytest.mark.parametrize("name", ["box_explorer", "hidden_pixels", "latent_explorer"])
def test_a_widget_is_used_without_a_mouse_and_without_eyes(name, open_widget, axe):
    """Tab alone reaches every control, and one sees where it is; keys use them; the picture is told; axe finds nothing."""
    widget = open_widget(name)
    controls = widget.element.evaluate(
        "panel => [...panel.querySelectorAll('input, button')].map(control => control.name || control.textContent)"
    )
    widget.element.evaluate(
        "panel => panel.addEventListener('click', event => { window.clicked = event.target.textContent; })"
    )
    reached, keys = [], iter(["Enter", "Space"] * 3)
    for _ in range(40):
        widget.page.keyboard.press("Tab")
        control, outline = widget.element.evaluate(FOCUS)
        if control is None and not reached:
            continue  # still on the way
        if control is None:
            break
        reached.append(control)
        assert outline >= 2, control
        if control in widget.sliders:
            before = widget.element.locator(f"input[name={control}]").input_value()
            widget.page.keyboard.press("ArrowRight")
            assert widget.element.locator(f"input[name={control}]").input_value() != before
        else:
            widget.page.keyboard.press(next(keys))
            assert widget.page.evaluate("window.clicked") == control
    assert reached == controls
    assert (
        not widget.ask("clickable") or widget.values.keys() == widget.sliders.keys()
    )  # what a click does, the sliders do
    widget.page.wait_for_function(
        "panel => panel.querySelector('.panel-spoken').textContent === panel.querySelector('[role=img]').ariaLabel",
        arg=widget.element.element_handle(),
    )
    assert axe(widget.page, widget.element.element_handle()) == []


@EACH
def test_the_picture_follows_without_delay(name, lesson, dragged, pressed, open_widget, capsys):
    widget = open_widget(name, lesson)
    limit = 100 if widget.in_page else 500
    latency = widget.latency(pressed, limit)
    with capsys.disabled():
        print(f" {name} {lesson[:2]}: {latency:.0f} ms from key press to changed picture (median of 21) ", end="")
    assert latency < limit


def test_the_mle_is_shown_after_the_readers_own_try(open_widget):
    widget = open_widget("box_explorer")
    button = widget.element.get_by_role("button", name="show me the MLE")
    button.click()
    widget.expect(message="Your own try first: move the sliders.")
    widget.slider("north").press("ArrowRight")
    widget.expect(north=40.1)
    button.click()
    x = load_world_land().sample(40, np.random.default_rng(2))  # X of lesson 02
    south, west, north, east = [*x.min(axis=0).tolist(), *x.max(axis=0).tolist()]
    widget.expect(south=south, west=west, north=north, east=east)


def test_the_other_corner_moves_after_a_button(open_widget):
    widget = open_widget("likelihood_landscape")
    widget.element.get_by_role("button", name="move the bottom left corner").click()
    widget.expect(corner="bottom left")


@pytest.mark.parametrize(
    "lesson, white, blue",
    [  # the white style is in the album twice, the blue one never; with α = 1 that is 3/4082 and 1/4082
        ("04_wrodl_counting_and_smoothing", {"p(x), counted": 0.04, "p(x), α = 1": 3 / 4082}, {"p(x), counted": 0, "p(x), α = 1": 1 / 4082}),
        ("05_naive_bayes_on_wrodl", {"p(x), table, α = 1": 3 / 4082, "p(x), Naive Bayes": 0.46 * 0.16 * 0.44 * 0.38 * 0.44},
         {"p(x), table, α = 1": 1 / 4082, "p(x), Naive Bayes": 0.46 * 0.16 * 0.44 * 0.38 * 0.08}),
    ],
    ids=["04", "05"],
)  # fmt: skip
def test_a_style_is_designed(lesson, white, blue, open_widget):
    widget = open_widget("style_designer", lesson)

    def design(seen, probabilities, **style):
        for feature, value in style.items():
            slider = widget.slider(feature)
            slider.press("Home")
            for _ in range(widget.sliders[feature]["words"].index(value)):
                slider.press("ArrowRight")
            widget.expect(**{feature: widget.sliders[feature]["words"].index(value)})
        shown = widget.element.evaluate(SHOWN)
        assert shown["written"] | style == shown["written"] == shown["spoken"]
        numbers = dict(shown["numbers"])
        assert numbers.pop("seen in the data") == f"{seen} of 50"
        assert {name: float(p) for name, p in numbers.items()} == pytest.approx(probabilities, abs=5e-6)

    rest = dict(accessoriesType="Round", clothingType="ShirtScoopNeck", hairColor="Red", topType="LongHairStraight")
    design(2, white, **rest, clothingColor="White")
    face = widget.picture()
    design(0, blue, clothingColor="Blue01")
    assert widget.picture() != face


def test_a_click_chooses_the_hidden_pixel(open_widget):
    widget = open_widget("hidden_pixels")
    for row, column in [(20, 9), (0, 31), (31, 0)]:
        place, _ = widget.place(0, column, 31 - row)
        widget.click(place)
        widget.expect(row=row, column=column)
    place, _ = widget.place(1, 0.5, 0.5)  # on the colours
    widget.click(place)
    widget.expect()


def test_a_click_or_a_drag_on_the_plane_moves_z(open_widget):
    widget = open_widget("latent_explorer")
    low, high = (widget.sliders["z1"][end] for end in ("min", "max"))
    x = [low + share * (high - low) for share in (0.25, 0.5, 0.75)]
    pictures = {widget.picture()}

    place, (z1, z2) = widget.place(1, x[0], x[2])
    widget.click(place)
    widget.expect(z1=z1, z2=z2)
    pictures.add(widget.picture())

    widget.page.mouse.move(*place)
    widget.page.mouse.down()
    place, (z1, z2) = widget.place(1, x[2], x[1])
    widget.page.mouse.move(*place, steps=10)
    widget.page.mouse.up()
    widget.expect(z1=z1, z2=z2)
    pictures.add(widget.picture())
    assert len(pictures) == 3

    for outside in [
        widget.place(0, 0.5, 0.5),
        widget.place(1, x[1], high + 0.02 * (high - low)),
    ]:  # the picture, and just above the plane
        widget.click(outside[0])
        widget.expect()

    widget.element.get_by_role("button", name="back to the start").click()
    widget.expect(**{name: slider["value"] for name, slider in widget.sliders.items()})


# A cell with an explorer of new models as large as the checkpoints of Planet Pixel.
FACES = """from course_utils.datasets import load_planet_pixel
from course_utils.models import GAN, VAE
from course_utils.widgets import page_decoder
def faces(model, palette=None):
    for p in model.parameters():
        p.data *= 1.6  # and the picture is no longer grey all over
    return latent_explorer(page_decoder(model, palette))
def faces_of_vae():
    return faces(VAE(1024, 12, "categorical", "convolutional", n_values=256), load_planet_pixel("train").palette)
def faces_of_gan():
    return faces(GAN(3072, 16, "convolutional"))
"""
ADD_CELL = """async source => {
  const notebook = window.jupyterapp.shell.currentWidget.content;
  notebook.activeCellIndex = notebook.widgets.length - 1;
  await window.jupyterapp.commands.execute("notebook:insert-cell-below");
  notebook.activeCell.model.sharedModel.setSource(source);
}"""


@pytest.mark.parametrize("name", ["faces_of_vae", "faces_of_gan"])
def test_a_decoder_in_the_page_draws_without_waiting_and_tells_the_kernel(name, open_widget, capsys):
    page = open_widget("latent_explorer").page
    page.evaluate(ADD_CELL, f"{FACES}\n{name}()")
    widget = Opened(page, name)
    d = len(widget.sliders)
    widget.expect()

    def kernel_has(values):
        deadline = monotonic() + 10
        while widget.ask("values") != values and monotonic() < deadline:
            sleep(0.05)
        assert widget.ask("values") == values

    widget.slider("z2").press("End")
    widget.expect(z2=3)
    widget.slider(f"z{d}").press("Home")
    widget.expect(**{f"z{d}": -3})
    kernel_has(widget.values)
    widget.element.get_by_role("button", name="random").click()
    sleep(0.5)
    drawn = widget.ask("values")
    assert len(set(drawn.values()) - {3, -3}) >= d - 1
    widget.expect(**drawn)
    assert len(set(widget.element.evaluate(PAGE_PICTURE))) > 20
    for sign in (1, -1):  # and what the kernel sets, the page shows
        values = {f"z{k + 1}": sign * k / 20 for k in range(d)}
        page.evaluate(EVALUATE, f"{widget.in_kernel}.set_trait('values', {values!r})")
        widget.expect(**values)
    widget.element.get_by_role("button", name="walk").click()
    widget.element.get_by_role("button", name="pause").wait_for()
    widget.element.get_by_role("button", name="walk").wait_for()
    sleep(0.5)
    assert (arrived := widget.ask("values")) != values
    widget.expect(**arrived)
    widget.element.get_by_role("button", name="back to the start").click()
    widget.expect(**dict.fromkeys(values, 0))
    latency = widget.latency("z1", 100)
    with capsys.disabled():
        print(f" {name}: {latency:.0f} ms from key press to changed picture (median of 21) ", end="")
    assert latency < 100


def test_em_goes_forward_and_back_by_half_steps(open_widget):
    widget = open_widget("em_stepper")
    done, pictures = ["the start", "E step 1", "M step 1", "E step 2"], []

    def press(label, step):
        answers = widget.page.evaluate("window.answers")
        widget.element.get_by_role("button", name=label).click()
        widget.page.wait_for_function("n => window.answers > n", arg=answers)
        widget.expect(step=step)

    press("back", 0)
    for step, words in enumerate(done):
        if step:
            press("forward", step)
        assert dict(widget.element.evaluate(SHOWN)["numbers"])["just done"] == words
        pictures.append(widget.picture())
    assert len(set(pictures)) == 4
    press("back", 2)
    assert widget.picture() == pictures[2]

    widget.slider("step").press("End")
    last = widget.sliders["step"]["max"]
    widget.expect(step=last)
    press("forward", last)
    press("back", last - 1)


def test_elbo_and_divergence_change_places_and_their_sum_stays(open_widget):
    widget = open_widget("elbo_explorer")
    seen = []
    for name, key in [("mean", "Home"), ("width", "End"), ("mean", "End"), ("width", "Home")]:
        widget.slider(name).press(key)
        widget.expect(**{name: widget.sliders[name]["min" if key == "Home" else "max"]})
        elbo, gap, together = [float(value.replace("−", "-")) for _, value in widget.element.evaluate(SHOWN)["numbers"]]
        assert abs(elbo + gap - together) < 0.0016
        seen.append((elbo, gap, together))
    elbos, gaps, sums = (set(column) for column in zip(*seen))
    assert len(elbos) == len(gaps) == 3 and len(sums) == 1  # a mean of −2.5 is as good as one of 2.5


def test_a_digit_is_guessed(open_widget):
    widget = open_widget("guessing_game")
    pictures, told, guesses = np.array(widget.ask("_draw.keywords['pictures'].tolist()")), 16, []
    widget.expect()
    for label in ["ink", "ink", "paper", "ink", "paper", "paper"]:
        guesses.append([0, told, int(label == "ink")])
        told += 1
        widget.element.get_by_role("button", name=label).click()
        widget.expect(told=told, guesses=guesses)
    right = sum(pictures[0, pixel] == guess for _, pixel, guess in guesses)
    assert dict(widget.element.evaluate(SHOWN)["numbers"])["right guesses, you"] == f"{right} of 6"
    widget.slider("told").press("End")
    widget.expect(told=64)
    widget.element.get_by_role("button", name="paper").click()
    widget.expect(message="This picture is complete. Choose another one.")
    widget.element.get_by_role("button", name="forget my guesses").click()
    widget.expect(guesses=[])


def test_generator_and_discriminator_take_turns(open_widget):
    widget = open_widget("adversarial_game")
    widget.expect()
    shown, pictures = widget.element.evaluate(SHOWN), [widget.picture()]
    for state, (label, d, g) in enumerate(
        [("step D", 50, 0), ("step G", 50, 50), ("play 50 rounds", 100, 100)], start=1
    ):
        widget.element.get_by_role("button", name=label).click()
        widget.page.wait_for_function("n => window.answers >= n", arg=state)
        widget.expect(state=state)
        numbers = dict(widget.element.evaluate(SHOWN)["numbers"])
        assert (numbers["moves of D"], numbers["moves of G"]) == (str(d), str(g))
        pictures.append(widget.picture())
    assert len(set(pictures)) == 4
    widget.element.get_by_role("button", name="start again").click()
    widget.expect(state=0)
    assert widget.element.evaluate(SHOWN) == shown


def test_a_picture_draws_itself_until_it_is_paused(open_widget):
    """By the keyboard and by the mouse; the kernel stays free meanwhile, and the reader's own steps go on from there."""
    widget = open_widget("pixel_sampler")
    slider = widget.element.locator("input[name=step]")
    play = widget.element.get_by_role("button", name="play")
    pause = widget.element.get_by_role("button", name="pause")

    def at():
        return int(slider.input_value())

    def wait_for(step):
        widget.page.wait_for_function(
            "([slider, step]) => Number(slider.value) >= step", arg=[slider.element_handle(), step]
        )

    play.focus()
    widget.page.keyboard.press("Enter")
    wait_for(20)
    assert widget.ask("sliders")["step"]["max"] == 784  # answered while it plays
    pause.focus()
    widget.page.keyboard.press("Space")
    play.wait_for()
    paused = at()
    widget.expect(step=paused)
    sleep(0.5)
    assert at() == paused < 784 and pause.count() == 0

    for label, change in [("step", 1), ("step", 1), ("back", -1)]:
        widget.element.get_by_role("button", name=label, exact=True).click()
        widget.expect(step=widget.values["step"] + change)
    play.click()
    wait_for(paused + 10)
    widget.element.get_by_role("button", name="restart").click()  # stops it, too
    widget.expect(step=0)
    sleep(0.5)
    assert at() == 0 and play.count() == 1

    widget.slider("step").press("End")
    widget.expect(step=784)
    play.click()  # once more from the beginning
    pause.wait_for()
    assert at() < 400
    widget.slider("step").press("End")  # and stops at the end by itself
    play.wait_for()
    widget.expect(step=784)

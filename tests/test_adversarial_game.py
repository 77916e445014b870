"""The game of lesson 15 without a browser: who moves, what is drawn where, and the same game again after a restart."""

import math

import numpy as np
import pytest
import torch
from matplotlib.colors import to_rgb
from overlays import elements, in_data, number, pixels, places, styled

from course_utils import style
from course_utils.models import GAN
from course_utils.widgets.adversarial_game import ANGLES, N_FAKES, SIDE, State, adversarial_game, draw

ANGLE = torch.arange(8) * math.pi / 4
CENTRES = torch.stack([ANGLE.cos(), ANGLE.sin()], dim=1)


def ring(n):
    g = torch.Generator().manual_seed(0)
    return CENTRES[torch.randint(8, (n,), generator=g)] + 0.05 * torch.randn(n, 2, generator=g)


def small(**more):
    return GAN(n_hidden=16, **more)


def make(*given, **more):
    return styled(adversarial_game, *(given or (small(), ring(300))), **{"batch_size": 20, "rounds": 3} | more)


def press(panel, *labels):
    for label in labels:
        panel.act({"press": label})


def shown(panel, name):
    return number(dict(panel.numbers)[name])


def dots(panel, colour):
    """Return the places (N, 2), in the plane, of the first path of dots in a colour."""
    return in_data(panel.draw.keywords["ax"], places(elements(panel, "path", stroke=colour)[0]))


def heat(panel):
    """Return the map as it is shown, (SIDE, SIDE, 3) in 0..255."""
    return pixels(*elements(panel, "image"))


def test_each_button_moves_only_its_players():
    panel = make(moves=4)
    assert panel.buttons == ["step D", "step G", "play 3 rounds", "start again"]
    at = {(0, 0): panel.svg}
    for label, moves in [("step D", (4, 0)), ("step D", (8, 0)), ("step G", (8, 4)), ("play 3 rounds", (11, 7))]:
        fakes, before = dots(panel, style.SAMPLE), heat(panel)
        press(panel, label)
        assert not panel.message and (shown(panel, "moves of D"), shown(panel, "moves of G")) == moves
        assert f"after {moves[0]} moves of D and {moves[1]} of G" in panel.alt
        if label == "step D":
            np.testing.assert_array_equal(dots(panel, style.SAMPLE), fakes)
            assert (heat(panel) != before).any()
        if label == "step G":
            np.testing.assert_array_equal(heat(panel), before)
            assert (dots(panel, style.SAMPLE) != fakes).any()
        at[moves] = panel.svg
    assert len(set(at.values())) == 5


def test_it_is_the_game_of_the_gan():
    """The same moves by hand: mini-batches and noise come from one generator of random numbers."""
    gan, x, g = small(), ring(300), torch.Generator().manual_seed(3)
    panel = make(gan, x, lr=1e-2, seed=3, moves=2)
    press(panel, "step D", "play 3 rounds")
    for of_g in (0, 0, 1, 1, 1):
        gan.step_discriminator(x[torch.randint(300, (20,), generator=g)], g, 1e-2)
        if of_g:
            gan.step_generator(20, g, 1e-2)
    fakes = gan.sample(N_FAKES, torch.Generator().manual_seed(3))
    np.testing.assert_allclose(dots(panel, style.SAMPLE), fakes, atol=0.01)
    with torch.no_grad():
        assert shown(panel, "D's loss in nats") == pytest.approx(gan.discriminator_loss(x, fakes).item(), abs=0.00501)
        assert shown(panel, "G's loss in nats") == pytest.approx(gan.generator_loss(fakes).item(), abs=0.00501)


def test_start_again_brings_the_same_game_back_and_leaves_the_gan_as_it_came():
    gan = small()
    gan.step_discriminator(ring(20), torch.Generator().manual_seed(0))  # its optimiser has a memory
    before = [p.clone() for p in gan.parameters()]
    panel = make(gan, ring(300))
    first, games = panel.svg, []
    for _ in range(2):
        press(panel, "step D", "step G", "play 3 rounds")
        games.append((panel.svg, panel.numbers))
        press(panel, "start again")
        assert panel.svg == first and shown(panel, "moves of D") == 0
    press(panel, "start again")
    assert games[0] == games[1] and panel.svg == first
    assert all(torch.equal(a, b) for a, b in zip(before, gan.parameters()))


def test_what_lesson_14_asks_for_can_be_done():
    """Rounds cover seven or eight modes, step G alone loses several of them, and rounds bring them back."""

    def modes(fakes):
        return sum((np.linalg.norm(fakes - centre, axis=1) < 0.15).mean() >= 0.02 for centre in CENTRES.numpy())

    def play(label, most, enough=9):
        """Press a button until enough modes are covered, at most so many times; return how many are."""
        covered = 0
        while most and covered < enough:
            press(panel, label)
            covered, most = shown(panel, "modes covered"), most - 1
        return covered

    u = 1 - np.random.default_rng(0).random((6400, 2))  # the lesson's own points
    step = 0.05 * np.sqrt(-2 * np.log(u[:, 0])) * np.exp(2j * math.pi * (8 * u[:, 1] % 1))
    x = CENTRES[(8 * u[:, 1]).astype(int) % 8] + torch.tensor(np.column_stack([step.real, step.imag]))
    panel = make(GAN(n_hidden=64), x.float(), modes, moves=30, rounds=50, batch_size=100, lr=7e-3)
    press(panel, *["step D"] * 5, *["step G"] * 5)
    assert play("play 50 rounds", 15, enough=7) >= 7
    assert play("step G", 10) <= 5
    assert play("play 50 rounds", 15, enough=7) >= 7


def tilted():
    """Return a GAN whose D rises to the north-east: log-odds x₁ + 3 x₂, and a 25th of it below 0."""
    gan = small()
    with torch.no_grad():
        for p in gan.discriminator.parameters():
            p.zero_()
        gan.discriminator[0].weight[0] = torch.tensor([1.0, 3.0])
        gan.discriminator[2].weight[0, 0] = gan.discriminator[4].weight[0, 0] = 1.0
    return gan


def test_the_map_is_d_seen_from_above_with_a_line_at_one_half():
    """White is ¼ or less, orange ¾ or more; north is up and east is right."""
    panel = make(tilted(), ring(300))
    ax = panel.draw.keywords["ax"]
    edges = np.linspace(*ax.get_xlim(), SIDE + 1)
    middles = (edges[1:] + edges[:-1]) / 2
    x1, x2 = np.meshgrid(middles, middles[::-1])
    log_odds = x1 + 3 * x2
    d = 1 / (1 + np.exp(-np.where(log_odds < 0, 0.04 * log_odds, log_odds)))
    strength = np.clip((d - 0.25) / 0.5, 0, 1)[..., None]
    expected = 255 * (1 + strength * (np.array(to_rgb(style.P_MODEL)) - 1) * 0.8)
    np.testing.assert_allclose(heat(panel), expected, atol=2)
    x1, x2 = in_data(ax, places(*elements(panel, "polyline", stroke=style.GREY))).T
    np.testing.assert_allclose(x1 + 3 * x2, 0, atol=0.2)  # a square of the map is 0.05 wide, and D bends there
    assert np.ptp(x1) > 0.9 * np.ptp(ax.get_xlim())


@pytest.mark.parametrize("angle", [0, 45, 270, 360])
def test_the_slider_follows_one_noise_on_the_circle(angle):
    gan = small()
    panel = make(gan, ring(300))
    panel.act({"move": {"angle": angle}})
    z = torch.tensor([[math.cos(math.radians(angle)), math.sin(math.radians(angle))]])
    (place,) = expected = gan.decode(z).detach().numpy()
    np.testing.assert_allclose(dots(panel, style.LATENT), expected, atol=0.02)
    assert f"the noise at {angle} degrees to ({place[0]:.1f}, {place[1]:.1f})".replace("-", "−") in panel.alt
    assert len(places(*elements(panel, "polyline", stroke=style.LATENT))) == len(ANGLES) == 73
    assert (ANGLES[0], ANGLES[-1]) == (panel.sliders["angle"]["min"], panel.sliders["angle"]["max"])


def test_modes_are_counted_by_the_function_that_came():
    panel = make(small(), ring(300), lambda fakes: len(fakes))
    assert dict(panel.numbers)["modes covered"] == str(N_FAKES) and f"cover {N_FAKES} modes" in panel.alt
    assert "modes covered" not in dict(make().numbers)


def test_what_lies_outside_is_drawn_on_the_edge():
    ax, x = make().draw.keywords["ax"], np.zeros((1, 2))
    far = np.array([[9.0, 0.0], [0.0, -9.0]])
    state = State(np.full((SIDE, SIDE), 0.5), far, np.tile(far[:1], (len(ANGLES), 1)), (1, 2), (1.0, -0.5))
    frame = draw(0, 0, ax=ax, x=x, states=[state])
    assert frame.numbers["G's loss in nats"] == "−0.50"
    for path in elements(frame, "path"):
        assert (np.abs(in_data(ax, places(path))) <= ax.get_xlim()[1] + 0.01).all()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"gan": GAN(3, 2)}, "n_features=2 and n_latent=2, got .*'n_features': 3"),
        ({"gan": GAN(2, 3)}, "n_latent=2"),
        ({"gan": "GAN"}, "got str"),
        ({"moves": 0}, "moves must be a whole number from 1 upwards, got 0"),
        ({"rounds": 1.5}, "rounds must be a whole number"),
        ({"x": torch.zeros(5, 3)}, r"x must be a tensor \(N, 2\), got \(5, 3\)"),
    ],
)
def test_a_senseless_setting_is_refused(given, message):
    with pytest.raises(ValueError, match=message):
        adversarial_game(**{"gan": small(), "x": ring(30)} | given)

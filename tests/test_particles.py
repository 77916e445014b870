"""The particles against torch's own gradients, against what they must reach, and the page's code against Python's."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch
from overlays import elements, in_picture, places, styled
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal

from course_utils.widgets.particles import ALPHAS, SIGMAS, STEPS, STOPS, denoised, particles, ways

WEIGHTS, VARIANCES, LABELS = [0.35, 0.15, 0.3, 0.2], [0.09, 0.06, 0.12, 0.04], [0, 0, 1, 1]
MEANS = [[-1.5, 0.9], [0.4, 0.1], [0.7, -1.1], [1.4, 1.1]]
SCRIPT = Path(__file__).parent.parent / "course_utils/widgets/particles.js"


def make():
    """Return it as lesson 18 has it."""
    return styled(particles, WEIGHTS, MEANS, VARIANCES, LABELS, ["red", "blonde"])


def score(x, alpha, sigma, chosen):
    """Return ∇ log p_t(x) of some of the Gaussians, by torch's gradient."""
    keep = torch.tensor(chosen)
    spread = (alpha**2 * torch.tensor(VARIANCES).double()[keep] + sigma**2).sqrt()[:, None].expand(-1, 2)
    parts = Independent(Normal(alpha * torch.tensor(MEANS).double()[keep], spread), 1)
    p = MixtureSameFamily(Categorical(torch.tensor(WEIGHTS).double()[keep]), parts)
    x = torch.tensor(x, requires_grad=True)
    return torch.autograd.grad(p.log_prob(x).sum(), x)[0].numpy()


@pytest.mark.parametrize("wish, guidance", [(0, 0), (1, 0), (2, 3.5)])
def test_what_is_denoised_follows_from_the_score(wish, guidance):
    villages, x = make().draw.keywords["villages"], np.random.default_rng(1).normal(size=(40, 2))
    for alpha, sigma in ((0.1, 0.995), (0.8, 0.6), (0.99, 0.141)):
        everyone = score(x, alpha, sigma, [0, 1, 2, 3])
        mine = score(x, alpha, sigma, [2 * wish - 2, 2 * wish - 1]) if wish else everyone
        led = mine + guidance * (mine - everyone)
        found = denoised(x, alpha, sigma, villages, wish, guidance)
        np.testing.assert_allclose(found, (x + sigma**2 * led) / alpha, rtol=1e-6, atol=1e-6)


def test_the_particles_arrive():
    """Without a wish in all villages, with one in those of its label, in their shares; few steps end elsewhere."""
    panel = make()
    for wish, expected in ((0, WEIGHTS), (1, [0.7, 0.3, 0, 0]), (2, [0, 0, 0.6, 0.4])):
        numbers = panel.draw(time=STOPS, guidance=0, wish=wish, steps=len(STEPS) - 1).numbers
        shares = [float(share) for name, share in numbers.items() if "village" in name]
        assert shares == pytest.approx(expected, abs=3 * (0.25 / 500) ** 0.5)
    led = panel.draw(time=STOPS, guidance=8, wish=1, steps=len(STEPS) - 1).numbers
    assert float(led["village 2, red"]) < 0.2, "guidance empties the village between the others"


def test_a_step_may_be_stopped_on_its_way():
    """One step of the ODE keeps x̂ and ε, whatever the time at which one looks."""
    villages, noise = make().draw.keywords["villages"], np.random.default_rng(2).normal(size=(9, 2))
    way = ways(noise, villages, 0, 0.0, 1)
    clean = denoised(noise, ALPHAS[0], SIGMAS[0], villages, 0, 0.0)
    for k in (0, 13, STOPS):
        eps = (way[k] - ALPHAS[k] * clean) / SIGMAS[k]
        np.testing.assert_allclose(eps, (noise - ALPHAS[0] * clean) / SIGMAS[0], rtol=1e-6, atol=1e-6)
    assert len(ways(noise, villages, 1, 2.0, 8)) == STOPS + 1


def test_the_dots_are_where_the_particles_are():
    panel = make()
    values = {"time": 25, "guidance": 2.0, "wish": 1, "steps": 3}
    frame, given = panel.draw(**values), panel.draw.keywords
    x = ways(given["noise"], given["villages"], 1, 2.0, STEPS[3])
    *_, dots = elements(frame)
    np.testing.assert_allclose(places(dots), in_picture(given["ax"], x[25]), atol=0.06)
    assert (
        len(x[25]) == 500
        and "time 0.37 of a way of 8 steps 500 particles, asked for red with guidance 2.0" in frame.alt
    )


FRAMES = """const { frame } = await import(process.argv[1]);
let text = "";
for await (const piece of process.stdin) text += piece;
const { page, values } = JSON.parse(text);
console.log(JSON.stringify(values.map((one) => frame(page, one))));"""


def test_the_page_draws_what_python_draws():
    node = shutil.which("node")
    if not node:
        pytest.fail("no node") if os.environ.get("CI") else pytest.skip("no node")
    panel = make()
    rng, values = np.random.default_rng(3), []
    for _ in range(30):
        values.append({name: float(rng.integers(0, (s["max"] - s["min"]) / s["step"] + 1) * s["step"]) for name, s in panel.sliders.items()})  # fmt: skip
    values += [{"time": end, "guidance": 8.0, "wish": wish, "steps": 0} for end in (0.0, 40.0) for wish in (0.0, 2.0)]
    sent = json.dumps({"page": dict(panel.page), "values": values})
    done = subprocess.run(
        [node, "--input-type=module", "-e", FRAMES, SCRIPT.as_uri()], input=sent, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    for one, shown in zip(values, json.loads(done.stdout), strict=True):
        frame = panel.draw(**one)
        assert (shown["svg"], shown["alt"]) == (frame.svg, frame.alt)
        assert dict(map(tuple, shown["numbers"])) == frame.numbers


@pytest.mark.parametrize(
    "change",
    [dict(means=MEANS[:3]), dict(variances=[1.0]), dict(labels=[0, 0, 1, 2]), dict(labels=[0, 0, 0, 0])],
    ids=str,
)
def test_what_does_not_fit_is_refused(change):
    given = dict(weights=WEIGHTS, means=MEANS, variances=VARIANCES, labels=LABELS, names=["red", "blonde"])
    with pytest.raises(ValueError, match="for 4 weights there must be means"):
        particles(**given | change)

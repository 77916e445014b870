"""The numbers of lesson 18, beside computations that use none of the course's models."""

from itertools import permutations

import numpy as np
import pytest
from oracle import header
from scipy.integrate import quad
from scipy.special import logsumexp
from scipy.stats import multivariate_normal, norm

WEIGHTS, VARIANCES = np.array([0.35, 0.15, 0.3, 0.2]), np.array([0.09, 0.06, 0.12, 0.04])
MEANS = np.array([[-1.5, 0.9], [0.4, 0.1], [0.7, -1.1], [1.4, 1.1]])
RED = np.array([1, 1, 0, 0])


def density(x, alpha=1.0, sigma=0.0, weights=WEIGHTS):
    """Return p_t(x), by scipy, for points (N, 2)."""
    parts = [
        multivariate_normal(alpha * m, (alpha**2 * v + sigma**2) * np.eye(2)).pdf(x) for m, v in zip(MEANS, VARIANCES)
    ]
    return weights @ np.atleast_2d(parts)


def angles(t):
    return np.cos(np.pi * t / 2), np.sin(np.pi * t / 2)


def test_18_many_small_steps_are_one(lesson):
    """cos 54° and sin² 54°, to four standard errors of 10,000 walkers."""
    alpha, sigma = angles(0.6)
    for name in ("small", "large"):
        x = lesson[f"{name}.numpy()"]
        np.testing.assert_allclose(x.mean(axis=0), alpha * np.array([2, -1]), atol=4 * sigma / 100)
        np.testing.assert_allclose(x.var(axis=0), sigma**2, rtol=4 * (2 / 10_000) ** 0.5)


def test_18_the_best_guess_is_the_mean_of_all_homes(lesson):
    """E[x₀|x_t] by averaging a grid of homes, weighed with p(x₀) q(x_t|x₀)."""
    grid = np.stack(np.meshgrid(*[np.linspace(-4, 4, 401)] * 2), axis=-1).reshape(-1, 2)
    prior, (alpha, sigma) = density(grid), angles(0.4)
    for place in ([0.3, 0.2], [-1.0, 0.5], [2.0, 2.0]):
        r = prior * np.exp(-0.5 * ((np.array(place) - alpha * grid) ** 2).sum(axis=1) / sigma**2)
        found = lesson[f"exact(torch.tensor([{place}]).double(), torch.tensor(0.4).double()).numpy()[0]"]
        np.testing.assert_allclose(found, r @ grid / r.sum(), atol=1e-3)


def test_18_what_an_error_of_one_form_is_in_the_others(lesson):
    """Late: by the angle of the time, from x_t = α x̂ + σ ε alone."""
    angle = np.pi / 2 * 0.95
    by_v = 0.1 * 2 / np.pi
    expected = [0.1 * np.tan(angle), 0.1, by_v * np.sin(angle), 0.1, 0.1 / np.tan(angle), by_v * np.cos(angle)]
    assert lesson["wrong"] == pytest.approx(expected, rel=1e-6)


def test_18_the_first_steps_may_not_be_left_out(solution):
    """The ODE's line for N(10, 1), by small steps of dx/dt = v; and one point forgives a wrong start: it is not asked for."""
    t = np.linspace(0.9, 0, 20_001)
    for spread, shift in ((1.0, -1.564), (0.0, 0.0)):
        x = np.random.default_rng(0).normal(size=2000)
        x -= x.mean()
        for now, then in zip(t, t[1:]):
            alpha, sigma = angles(now)
            home = 10 + alpha * spread / (alpha**2 * spread + sigma**2) * (x - alpha * 10)
            noise = (x - alpha * home) / sigma
            x = x + (then - now) * np.pi / 2 * (alpha * noise - sigma * home)
        assert x.mean() - 10 == pytest.approx(shift, abs=0.02)
    assert solution("18.5")["first ten"] == "no"


def test_18_a_step_s_kl(lesson):
    """x_s given x_t and a home, by adding precisions; its KL by an integral, against ½ (SNR_s − SNR_t) (x − x̂)²."""
    (a_t, s_t), (a_s, s_s) = angles(0.5), angles(0.45)
    r = a_t / a_s  # x_t = r x_s + noise of this variance
    v = s_t**2 - (r * s_s) ** 2
    width = (1 / s_s**2 + r**2 / v) ** -0.5
    x_t, x, guess = 0.4, 1.1, 0.3
    q, p = (norm(width**2 * (a_s * home / s_s**2 + r * x_t / v), width) for home in (x, guess))
    kl = quad(lambda z: q.pdf(z) * (q.logpdf(z) - p.logpdf(z)), q.mean() - 9 * width, q.mean() + 9 * width)[0]
    assert kl == pytest.approx(0.5 * ((a_s / s_s) ** 2 - (a_t / s_t) ** 2) * (x - guess) ** 2, rel=1e-4)
    found = lesson["back(*(torch.tensor(v).double() for v in (0.4, 1.1, 0.5, 0.45)))"]
    assert [part.item() for part in found] == pytest.approx([q.mean(), width], rel=1e-4)


def test_18_the_bound(lesson):
    """Above −log p(x) of the mixture, by scipy, and near it with many small steps only."""
    x = lesson["some.numpy()"]
    truth = -np.log(density(x)).mean()
    assert lesson["truth"] == pytest.approx(truth, abs=1e-6)
    sums = lesson["sums"]
    exact = [sums[n][0] for n in (10, 100, 1000)]
    assert exact == sorted(exact, reverse=True) and truth - 0.05 < exact[-1] < truth + 0.2 and exact[0] > truth + 10
    assert all(learnt > right for right, learnt in sums.values())


def test_18_one_loss_and_two_bounds(lesson):
    """What an error of 0.5 in both numbers of ε adds: 2 · 0.25 times the share of time, and ½ · 2 · 0.25 times what log SNR loses."""
    two = lesson["two"]
    for when, (low, high) in {"early": (0.01, 0.06), "in the middle": (0.5, 0.55)}.items():
        loss, nats = (two[when][i] - two["never"][i] for i in (0, 1))
        assert loss == pytest.approx(0.5 * 0.05 / 0.989, abs=0.012)
        lost = 2 * np.log(np.tan(np.pi * high / 2) / np.tan(np.pi * low / 2))
        assert nats == pytest.approx(0.25 * lost, rel=0.2)


def test_18_the_walks(lesson):
    """The energy distance of two mixtures is what is left of a wrong score; the exact one ends among p_data's own draws."""
    rng = np.random.default_rng(0)

    def draws(weights, n=3000):
        k = rng.choice(4, size=n, p=weights)
        return MEANS[k] + np.sqrt(VARIANCES[k])[:, None] * rng.normal(size=(n, 2))

    def apart(a, b):
        return np.mean([np.linalg.norm(row - b, axis=1).mean() for row in a])

    truth, alike, again = draws(WEIGHTS), draws(np.full(4, 0.25)), draws(WEIGHTS)
    left = 2 * apart(alike, truth) - apart(alike, draws(np.full(4, 0.25))) - apart(truth, again)
    reached = lesson["reached"]
    assert reached["all villages alike"][-1] == pytest.approx(left, abs=0.015) and left > 0.01
    for name in ("exact, ancestral", "exact, DDIM", "exact, straight"):
        assert reached[name][-1] < 0.003 < 0.1 < reached[name][0]
    assert lesson["between"] < 0.03


def test_18_guidance(lesson):
    """Without guidance the shares are p(x|red)'s; with it the village between the others empties."""
    costs = lesson["costs"]
    red, second, width = costs[0]
    assert second == pytest.approx(0.3, abs=4 * (0.21 / 1500) ** 0.5)
    assert width == pytest.approx(0.09, rel=0.15)
    assert [costs[w][1] for w in (0, 1, 2, 4)] == sorted((costs[w][1] for w in (0, 1, 2, 4)), reverse=True)
    assert costs[4][1] < 0.01 < 0.99 < costs[4][0] and costs[4][2] < 0.75 * width


def test_18_guidance_by_other_means(lesson):
    """Walks by the slope of (1 + w) log p(x|red) − w log p(x), by differences: where village 2 is, and where it is moved to."""
    noise = lesson["noise.numpy()"]

    def share(means, w, steps, second):
        def log_p(x, alpha, sigma, weights):
            parts = [
                np.log(weight) + multivariate_normal(alpha * m, (alpha**2 * v + sigma**2) * np.eye(2)).logpdf(x)
                for m, v, weight in zip(means, VARIANCES, weights)
                if weight
            ]
            return np.logaddexp.reduce(parts)

        x, h, red = noise[:500], 1e-4, WEIGHTS * RED / (WEIGHTS @ RED)
        times = np.linspace(0.99, 1e-3, steps + 1)
        for t, s in zip(times, times[1:]):
            (a_t, s_t), (a_s, s_s) = angles(t), angles(s)
            slope = np.zeros_like(x)
            for j in (0, 1):
                up, down = x + h * np.eye(2)[j], x - h * np.eye(2)[j]
                there, everywhere = (
                    (log_p(up, a_t, s_t, w_) - log_p(down, a_t, s_t, w_)) / (2 * h) for w_ in (red, WEIGHTS)
                )
                slope[:, j] = (1 + w) * there - w * everywhere
            eps = -s_t * slope
            x = a_s * (x - s_t * eps) / a_t + s_s * eps
        return second(x).mean()

    def near_second(x):
        return np.linalg.norm(x - MEANS[1], axis=1) < np.linalg.norm(x - MEANS[0], axis=1)

    for w in (0, 1):
        found = share(MEANS, w, 50, near_second)
        assert lesson[f"costs[{w}][1]"] == pytest.approx(found, abs=5 * (found * (1 - found) / 500) ** 0.5)
    moved = MEANS.copy()
    moved[1] = -1.5, -0.9
    found = share(moved, 4, 50, lambda x: x[:, 1] < 0)
    assert lesson["moved_away"] == pytest.approx(found, abs=0.06) and found > 0.08
    np.testing.assert_allclose(lesson["means.numpy()"], MEANS)  # and back


def test_18_all_times_are_all_orders(lesson):
    """E_t E_mask (1/t) Σ: drawn by lot, beside the mean over the orders, one by one."""
    price, rng = lesson["price"], np.random.default_rng(1)
    orders = [sum(price[k, tuple(sorted(order[:i]))] for i, k in enumerate(order)) for order in permutations(range(4))]
    assert len(orders) == 24 and lesson["by_orders"] == pytest.approx(np.mean(orders))
    drawn = []
    for t in 1 - rng.uniform(size=40_000):
        hidden = rng.uniform(size=4) < t
        seen = tuple(np.flatnonzero(~hidden).tolist())
        drawn.append(sum(price[k, seen] for k in np.flatnonzero(hidden).tolist()) / t)
    assert lesson["by_time"] == pytest.approx(np.mean(drawn), abs=5 * np.std(drawn) / 200)


def test_18_one_step_is_naive_bayes(counted, lesson):
    """The network that sees nothing, beside the counts of each pixel."""
    shares = counted / counted.sum(axis=1, keepdims=True)
    at_once = lesson["at_once"]
    assert 0.5 * np.abs(at_once - shares).sum(axis=1).mean() == pytest.approx(lesson["differ"], abs=0.01)
    assert lesson["differ"] < 0.15


def test_18_a_staircase_lies_above_its_curve(lesson):
    """Fewer steps cost more; the sum of the finest stairs is near the file's bound of single pixels, and above it."""
    cost, stairs, curve = lesson["cost"], lesson["stairs"], lesson["curve"]
    for n, heights in stairs.items():
        np.testing.assert_allclose(heights, curve[[64 * (k + 1) // n - 1 for k in range(n)]])
        assert cost[n] == pytest.approx(np.mean(heights))
    assert cost[1] > cost[4] > cost[16] > cost[64] > 0
    assert cost[1] == pytest.approx(curve[-1])
    faces, rng = lesson["faces.numpy()"], np.random.default_rng(0)
    found = []  # at t = 1/4, with masks of our own
    for _ in range(4):
        hidden = np.stack([rng.permutation(1024) < 256 for _ in faces])
        logits = lesson[
            f"masked.logits(faces, torch.tensor({hidden.astype(int).tolist()}) == 1).detach().numpy()"
        ].astype(float)
        own = np.take_along_axis(logits, faces[:, None], axis=1)[:, 0]
        found.append(((logsumexp(logits, axis=1) - own) * hidden).sum(axis=1).mean() / 0.25)
    assert curve[15] == pytest.approx(np.mean(found), abs=5 * np.std(found))
    assert all(curve[8 * k : 8 * k + 8].mean() < curve[8 * k + 8 : 8 * k + 16].mean() for k in (3, 4, 5, 6))


def test_18_what_the_files_say(lesson):
    assert lesson["score"] == header("masked_diffusion")[0]["score"]


def test_18_red_hair(planet, lesson):
    """The red faces and their share of p_data, from the file; what n draws of them would show."""
    red = (planet["styles"][:, 3] == "Red") & (planet["styles"][:, 4] != "NoHair")
    p_red = planet["p"] * red / planet["p"][red].sum()
    np.testing.assert_allclose(lesson["p_red"], p_red, atol=1e-9)
    n = len(lesson["pictures"][None])
    assert lesson["by_chance"] == pytest.approx(sum(p_red * (1 - (1 - p_red) ** n)))
    exact = {face.tobytes(): i for i, face in enumerate(planet["pixels"])}
    for w, pictures in lesson["pictures"].items():
        found = lesson[f"score_planet_pixel(pictures[{w}], train).faces"]  # −1 where it is no face
        for picture, face in zip(pictures, found):
            assert exact.get(picture.astype(np.uint8).tobytes(), face) == face
        count, share, rule1, _ = lesson["seen"][w]
        assert count == pytest.approx(sum(red[i] for i in found if i >= 0) / n)
        assert share == pytest.approx(sum(p_red[i] for i in {*found.tolist()} if i >= 0))
        assert rule1 == pytest.approx(np.mean([i >= 0 for i in found]))

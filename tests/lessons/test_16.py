"""The numbers of lesson 16, beside computations that use none of the course's models."""

import numpy as np
import pytest
from oracle import header
from scipy.integrate import dblquad, quad
from scipy.optimize import brentq
from scipy.special import logsumexp
from scipy.stats import entropy, multivariate_normal, norm


def test_16_a_stretched_histogram(lesson):
    """The density by the slope of the distribution function, whose inverse is searched."""

    def cumulative(x):
        return norm.cdf(brentq(lambda z: z + 0.45 * np.sin(2 * z) - x, -9, 9))

    for i in (300, 1000, 1150, 1400, 1800):
        x = lesson["x_line"][i]
        assert lesson["density"][i] == pytest.approx((cumulative(x + 1e-5) - cumulative(x - 1e-5)) / 2e-5, rel=1e-3)
    assert lesson["with_slope"] == pytest.approx(1, abs=1e-3)
    without = quad(lambda z: norm.pdf(z) * (1 + 0.9 * np.cos(2 * z)), -9, 9)[0]  # by the substitution x = g(z)
    assert lesson["without"] == pytest.approx(without, abs=1e-3)
    heights, edges = np.histogram(lesson["moved"], bins=40, range=(-3, 3), density=True)
    assert heights.argmax() in (np.digitize([-np.pi / 2, np.pi / 2], edges) - 1)


def test_16_another_unit(digits, lesson, solution):
    """In another unit each of 64 numbers costs log 16, by a Gaussian of scipy."""
    x = np.concatenate([digits[0], digits[2]])
    means = [
        multivariate_normal(u * x.mean(axis=0), u**2 * (np.cov(x.T, ddof=0) + 0.02 * np.eye(64))).logpdf(u * x).mean()
        for u in (1, 16)
    ]
    assert lesson["means"] == pytest.approx(means, abs=0.01)
    assert solution("16.1") == pytest.approx(2100 - sum(np.log(255) for _ in range(1024)))


def test_16_areas(lesson, solution):
    """The determinant as an area: of a moved square cut into triangles, and with differences for slopes."""

    def bend(a, b):
        return np.array([a * np.exp(b / 2), b + np.sin(a)])

    h = 1e-5
    J = np.column_stack(
        [(bend(-1 + h, 0.5) - bend(-1 - h, 0.5)) / (2 * h), (bend(-1, 0.5 + h) - bend(-1, 0.5 - h)) / (2 * h)]
    )
    assert lesson["by_hand.item()"] == pytest.approx(abs(J[0, 0] * J[1, 1] - J[0, 1] * J[1, 0]), rel=1e-6)
    assert lesson["measured.item()"] == pytest.approx(lesson["by_hand.item()"], rel=2e-3)
    log_det, log_p = solution("16.2")
    A = np.array([[1, 2], [3, -4]])
    assert log_det == pytest.approx(np.log(np.sqrt(np.linalg.det(A @ A.T))))
    inverse = np.linalg.inv(A)  # x = A⁻¹ z is a Gaussian
    assert log_p == pytest.approx(multivariate_normal([0, 0], inverse @ inverse.T).logpdf([0, 0]))


def test_16_the_sum_of_all_s_is_the_log_determinant(lesson):
    """By differences in place of derivatives; and the middle of the three Jacobians is no triangle."""

    def chain(rows, n):
        return lesson[
            f"[part.detach().numpy() for part in chain(torch.tensor({rows.tolist()}, dtype=torch.float64), {n})]"
        ]

    x, h = lesson["chain(torch.randn(1, 8, generator=seed(1), dtype=torch.float64), 0)[0].numpy()"], 1e-5
    for n, J in lesson["{n: J.numpy() for n, J in jacobians.items()}"].items():
        pushed = np.concatenate([x + h * np.eye(8), x - h * np.eye(8)])
        z = chain(pushed, n)[0]
        by_differences = ((z[:8] - z[8:]) / (2 * h)).T
        assert chain(x, n)[1][0] == pytest.approx(np.linalg.slogdet(by_differences)[1], abs=1e-5)
        order = lesson["order"]
        assert (abs(np.triu(J[order][:, order], 1)).max() == 0) == (n == 1)


def test_16_two_moons(lesson):
    """The density is that of the moved noise: it integrates to one, and draws fall where it says."""
    assert lesson["whole"] == pytest.approx(1, abs=0.02) and lesson["moon_nats"] < 1.3
    p = lesson["moon_p.numpy()"]
    draws = lesson["moon_flow.sample(20_000, seed(9)).numpy()"]
    up, across = np.arange(-2.5, 3, 0.02), np.arange(-3, 4, 0.02)
    upper, left = up[: p.shape[0]] > 0.25, across[: p.shape[1]] < 0.5
    for rows, columns, inside in (
        (upper, left, (draws[:, 1] > 0.25) & (draws[:, 0] < 0.5)),
        (~upper, left, (draws[:, 1] <= 0.25) & (draws[:, 0] < 0.5)),
    ):
        share = p[rows][:, columns].sum() * 0.02**2
        assert inside.mean() == pytest.approx(share, abs=0.025)


def test_16_the_sea(lesson):
    """The truth by scipy; a mixture of two on validation data; training thins the filament, two humps have none."""
    sea = lesson["in_the_sea"]
    truth = norm.cdf(-1.5 / 0.5) - norm.cdf(-2.5 / 0.5)
    assert sea["the truth"] == pytest.approx(truth, abs=4 * np.sqrt(truth / 20_000))
    assert lesson["mixture.n_components"] == 2
    names = list(sea)
    assert sea[names[1]] < 0.005 and sea["flow"] > sea[names[3]] > 2 * truth
    assert sea["flow from two humps"] < sea["flow"] / 3
    for x in lesson["[part.numpy() for part in drawn.values()]"]:
        assert 0.3 < (x[:, 0] > 0.5).mean() < 0.7  # both islands are there
    density = 0.5 * norm.pdf(0, [-2, 2], 0.5).sum()  # of the truth in the middle, along x1
    assert lesson["np.exp(8) / 2"] == pytest.approx(norm.pdf(0) / density, rel=1e-6)
    way, line = lesson["way.numpy()"], lesson["(end - start).numpy()"]
    steepest = max(np.hypot(*(b - a)) for a, b in zip(way, way[1:])) / (np.hypot(*line) / 199)
    assert lesson["pace"] == pytest.approx(steepest, rel=1e-3) and steepest < 300  # far below what a right flow needs
    across = lesson["way[:, 0].numpy()"]  # the image of the line leads from one island over the sea to the other
    assert across.min() < -1.5 and across.max() > 1.5 and (abs(across) < 0.5).any()


def test_16_a_flow_of_bets(lesson):
    """The chain rule with scipy's Gaussians, number by number; with pass k number k is right."""
    A, B, C = lesson["[part.double().numpy() for part in (A, B, C)]"]
    x = lesson["x.double().numpy()"]
    total = np.zeros(len(x))
    for i in range(16):
        seen = np.where(np.arange(16) < i, x, 0)  # the numbers before
        h = np.tanh(seen @ A.T)
        total += norm.logpdf(x[:, i], (h @ B.T)[:, i], np.exp(h @ C.T)[:, i])
    np.testing.assert_allclose(lesson["log_p_x.double().numpy()"], total, atol=1e-3)
    assert lesson["to_score"] == 1 and lesson["asked"] <= 16
    right = lesson["right"]
    assert right[-1] == 16 and all(right[k] >= k + 1 for k in range(len(right)))


def test_16_needles(lesson, solution):
    """Exact probabilities and bounds of four levels, by quadrature."""
    p, found = np.array([0.1, 0.4, 0.3, 0.2]), lesson["found"]
    for width, (_, exact, bound) in found.items():
        q = lambda y: p @ norm.pdf(y, np.arange(4) + 0.5, width)  # noqa: E731
        P = [quad(q, k, k + 1, points=[k + 0.5])[0] for k in range(4)]
        assert exact == pytest.approx(-p @ np.log(P), abs=1e-4)
        jensen = [quad(lambda y: np.log(q(y)), k, k + 1, points=[k + 0.5])[0] for k in range(4)]
        assert bound == pytest.approx(-p @ jensen, rel=1e-3) and bound >= exact >= entropy(p) - 1e-9
    y = (np.arange(10_000) + 0.5) / 10_000
    q = np.where(y < 0.5, 0.9, 0.3)
    assert solution("16.5") == pytest.approx((-np.log(q.mean()), -np.log(q).mean()))


def test_16_two_pixels(planet, lesson):
    """The entropy of the pairs, counted from the file; a bound above the exact number above the entropy."""
    weights = {}
    for p, face in zip(planet["p"] / planet["p"].sum(), planet["pixels"]):
        pair = face[5 * 32 + 16], face[28 * 32 + 16]
        weights[pair] = weights.get(pair, 0) + p
    H = entropy(list(weights.values()))
    assert lesson["H_pair"] == pytest.approx(H, abs=1e-9)
    for bound, exact, table in lesson["two_pixels"].values():
        assert bound >= exact > H and table > H
    # the renumbered pairs, the last ones: the mean over all faces by p, of log q at 8 × 8 places in the cell, and of its mean
    bound, exact, _ = lesson["two_pixels['renumbered']"]
    p, log_q, pairs = planet["p"] / planet["p"].sum(), lesson["log_q"], lesson["renumbered[2]"]
    assert bound == pytest.approx(-p @ log_q.sum(axis=1) / 64, abs=1e-6)
    assert exact == pytest.approx(-p @ (logsumexp(log_q, axis=1) - np.log(64)), abs=1e-6)
    for i in (0, 1700, 3500):
        cell = [[pairs[i][0] + (a + 0.5) / 8, pairs[i][1] + (b + 0.5) / 8] for a in range(8) for b in range(8)]
        said = lesson[f"pixel_flow.log_prob(torch.tensor({np.array(cell).tolist()})).double().numpy()"]
        np.testing.assert_allclose(log_q[i], said, atol=1e-3)
    train, every = (planet["pixels"][rows][:, [5 * 32 + 16, 28 * 32 + 16]] for rows in (planet["train"], slice(None)))
    counts = {}
    for pair in map(tuple, train):
        counts[pair] = counts.get(pair, 0) + 1
    prices = [
        -planet["p"] @ [np.log((counts.get(tuple(pair), 0) + a) / (2000 + a * 256**2)) for pair in every]
        for a in (1e-4, 1e-3, 1e-2, 0.1, 1)
    ]
    assert min(abs(np.array(prices) - lesson["two_pixels['palette numbers'][2]"])) < 1e-3


def test_16_the_flow_as_p_of_z(planet, lesson):
    """KL(q(z)‖p(z)) with q(z) summed face by face, and the flow's density by the determinant of differences."""
    p = planet["p"] / planet["p"].sum()
    z, mu, log_var = (lesson[f"{name}.double().numpy()"] for name in ("z", "mu", "log_var"))
    some = np.arange(0, len(p), 120)
    log_q = np.array([logsumexp(norm.logpdf(z[i], mu, np.exp(log_var / 2)).sum(axis=1), b=p) for i in some])
    np.testing.assert_allclose(lesson["log_q_z"][some], log_q, atol=2e-3)
    priors, rows = lesson["log_prior"], lesson["rows"]
    np.testing.assert_allclose(priors["N(0, I)"][some], norm.logpdf(z[some]).sum(axis=1), atol=1e-3)

    def f(rows):
        return lesson[
            f"by_flow.double().transform(torch.tensor({rows.tolist()}, dtype=torch.float64))[0].detach().numpy()"
        ]

    h = 1e-6
    for i in some[:3]:
        moved = f(np.concatenate([z[i] + h * np.eye(12), z[i] - h * np.eye(12), z[[i]]]))
        J = (moved[:12] - moved[12:24]) / (2 * h)
        log_p = norm.logpdf(moved[24]).sum() + np.linalg.slogdet(J)[1]
        assert priors["flow"][i] == pytest.approx(log_p, abs=0.02)
    met = np.isin(np.arange(len(p)), planet["train"])
    says = header("vae")[0]["score"]
    for name, (apart, bound, training, others, _) in rows.items():
        assert apart == pytest.approx(p @ (lesson["log_q_z"] - priors[name]), abs=1e-6)
        gain = priors["mixture"] - priors[name]
        assert bound == pytest.approx(says["bound"] + p @ gain, abs=1e-6)
        assert training == pytest.approx(says["training faces"] + p[met] @ gain[met] / p[met].sum(), abs=1e-6)
        assert others == pytest.approx(says["other faces"] + p[~met] @ gain[~met] / p[~met].sum(), abs=1e-6)
    assert rows["flow"][0] < rows["N(0, I)"][0] - 2


def test_16_what_is_drawn_and_from_where(planet, lesson):
    """Faces to the pixel by their bytes; the codes at sea by q(z), summed face by face."""
    faces = {face.tobytes(): i for i, face in enumerate(planet["pixels"])}
    train, p = set(planet["train"].tolist()), planet["p"] / planet["p"].sum()
    mu, log_var = (lesson[f"{name}.double().numpy()"] for name in ("mu", "log_var"))
    sigma = np.exp(log_var / 2)

    def log_q(z):
        return np.array([logsumexp(norm.logpdf(row, mu, sigma).sum(axis=1), b=p) for row in z])

    z = lesson["z.double().numpy()"][lesson["chosen_on"]]
    floor = np.sort(log_q(z))[int(0.02 * (len(z) - 1))]
    assert lesson["floor"] == pytest.approx(floor, abs=0.5)
    for name, prior in {"N(0, I)": "None", "mixture": "by_mixture", "flow": "by_flow.float()"}.items():
        found = [faces.get(picture.tobytes(), -1) for picture in lesson[f"painted['{name}']"]]
        exact, new = np.array(found) >= 0, np.array([i >= 0 and i not in train for i in found])
        rule1, to_the_pixel, rule2 = lesson[f"[getattr(rules['{name}'], part) for part in ('rule1', 'exact', 'rule2')]"]
        assert rule1 >= to_the_pixel == pytest.approx(exact.mean()) and rule2 >= new.mean()
        valid = lesson[f"rules['{name}'].valid"]
        assert rule1 == pytest.approx(valid.mean()) and valid[exact].all()
        codes = lesson[
            f"(setattr(face_vae, 'prior', {prior}), face_vae.sample_prior(150, seed(2)).double().numpy())[1]"
        ]
        lost = log_q(codes) < lesson["floor"]
        assert lesson["at_sea"][name] == pytest.approx(lost.mean(), abs=0.01)
        assert lesson["valid_at"][name] == pytest.approx((valid[lost].mean(), valid[~lost].mean()), abs=0.02)


def test_16_the_whole_bound_moves_as_its_one_logarithm(lesson):
    """With the decoder, of forty validation faces and the same noise: what another p(z) saves is its log-density."""
    elbo = lesson[
        """[
        (setattr(face_vae, "prior", prior), face_vae.elbo(to_x(validation.pixels[:40]), seed(3)).double().numpy())[1]
        for prior in (None, by_flow.float())]"""
    ]
    log_p = lesson[
        """[part.double().numpy() for part in (lambda z: (
        -0.5 * (z**2 + np.log(2 * np.pi)).sum(dim=1), by_flow.float().log_prob(z)))(
        torch.cat([face_vae.reparameterise(*[part[i : i + 8] for part in face_vae.encode(to_x(validation.pixels[:40]))], g)
        for g in [seed(3)] for i in range(0, 40, 8)]))]"""
    ]
    closed = (elbo[1] - elbo[0]).mean()  # N(0, I) has its KL in closed form, so only the mean agrees, roughly
    assert closed == pytest.approx((log_p[1] - log_p[0]).mean(), abs=1.5) and closed > 1


def test_16_the_integral_of_a_bent_gaussian():
    """The change of variables, by two integrals: where the course's formula is right, the density of bend's x is one."""

    def density(b, a):
        z = a * np.exp(b / 2), b
        return norm.pdf(z[0]) * norm.pdf(z[1]) * np.exp(b / 2)

    assert dblquad(density, -6, 6, lambda a: -6, lambda a: 6, epsabs=1e-3)[0] == pytest.approx(1, abs=0.02)

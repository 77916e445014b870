"""The numbers of lesson 08, beside computations that use none of the course's models."""

import warnings

import numpy as np
import pytest
from oracle import by_lot, price
from pytest import approx
from scipy.optimize import approx_fprime
from scipy.special import logsumexp
from scipy.stats import entropy, multivariate_normal, norm
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

from course_utils.exercises.lesson_08 import EXERCISES

TRUTH = np.array([[0.4, 0.6], [7.3, 9.5], [0.3, 0.8]])


@pytest.fixture(scope="module")
def times(lesson):
    """When the customers of the bakery came, in hours, (300,)."""
    return lesson["times"]


@pytest.fixture(scope="module")
def points(lesson):
    """The points of section 4, (300, 2)."""
    return lesson["points"]


def by_sklearn(x, weights, means, covariances, reg=0.0, max_iter=500, tol=1e-9) -> GaussianMixture:
    """Return scikit-learn's mixture of Gaussians after EM from a start."""
    return GaussianMixture(
        len(weights), reg_covar=reg, max_iter=max_iter, tol=tol,
        weights_init=weights, means_init=means, precisions_init=np.linalg.inv(covariances),
    ).fit(x)  # fmt: skip


def two_humps(x, pi, mu, sigma) -> float:
    """Return the log-likelihood of a mixture in one dimension, by scipy."""
    return logsumexp(np.log(pi) + norm.logpdf(x[:, None], mu, sigma), axis=1).sum()


def test_whose_customer(lesson):
    joint = TRUTH[0] * norm.pdf(8 + 10 / 60, *TRUTH[1:])
    assert lesson["joint / joint.sum()"] == approx(joint / joint.sum())


def test_em_finds_the_two_humps(lesson, times):
    model = by_sklearn(times[:, None], [0.5, 0.5], [[8.0], [9.0]], np.ones((2, 1, 1)))
    found = [model.weights_, model.means_[:, 0], np.sqrt(model.covariances_[:, 0, 0])]
    theta, one, by_em, true_score = lesson["(theta, one, history[-1], true_score)"]
    np.testing.assert_allclose(theta, found, atol=0.005)
    assert one == approx(norm.logpdf(times, times.mean(), times.std()).sum())
    assert by_em == approx(model.score(times[:, None]) * 300, abs=0.05)
    assert true_score == approx(two_humps(times, *TRUTH))
    assert two_humps(times, *np.round(found, 1)) > -420  # coarser than the steps of the sliders


@pytest.mark.parametrize("K", [1, 2, 3, 4])
def test_a_step_of_em(lesson, times, solution, K):
    rng = np.random.default_rng(K)
    theta = np.array([rng.dirichlet(np.full(K, 5)), rng.choice(times, K, replace=False), rng.uniform(0.5, 2, K)])
    joint = theta[0] * norm.pdf(times[:, None], *theta[1:])
    r = joint / joint.sum(axis=1, keepdims=True)
    means = [np.average(times, weights=column) for column in r.T]
    after = [r.mean(axis=0), means, [np.sqrt(np.cov(times, aweights=column, ddof=0)) for column in r.T]]
    *ours, log_likelihood = lesson[f"em_step(times, *np.array({theta.tolist()}))"]
    np.testing.assert_allclose(ours, after)
    assert log_likelihood == approx(np.log(joint.sum(axis=1)).sum())
    np.testing.assert_allclose(solution("08.1")(times, *theta), r)
    np.testing.assert_allclose(solution("08.2")(times, r), after)


def test_the_derivative_is_zero_after_em(lesson, times):
    start, after = lesson["(slope(*first), slope(*theta))"]
    assert start == approx(approx_fprime([8.0], lambda mu: two_humps(times, 0.5, [mu[0], 9.0], 1.0), 1e-6)[0], abs=0.05)
    assert after == approx(0, abs=0.05)


def test_the_steps_of_em(lesson, points):
    """What each of the stepper's M steps gains, by scikit-learn after so many steps from the same start."""
    corner = lesson["corner"]
    scores = [
        logsumexp([multivariate_normal(mean, np.eye(2)).logpdf(points) for mean in corner], axis=0).mean() - np.log(3)
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        for n in range(1, 26):
            scores.append(by_sklearn(points, np.ones(3) / 3, corner, [np.eye(2)] * 3, max_iter=n, tol=0).score(points))
    np.testing.assert_allclose(lesson["gains"], 300 * np.diff(scores), atol=0.01)


def test_a_symmetric_start(lesson, points):
    """Two equal clusters stay equal, and the mixture is one Gaussian; a little apart at first, they part."""
    two, apart = lesson["(twins.means, apart)"]
    assert apart == approx(0, abs=1e-9)
    np.testing.assert_allclose(two, [points.mean(axis=0)] * 2, atol=1e-6)
    start = [[-1.0, 3.0], [-0.9, 3.0]]
    assert np.ptp(by_sklearn(points, [0.5, 0.5], start, [np.eye(2)] * 2).means_, axis=0).max() > 1


def test_how_many_components(lesson, points):
    on_data, on_new, best, pi, mu, sigma = lesson["(on_data, on_new, best, true_pi, true_mu, true_sigma)"]
    rng = np.random.default_rng(0)
    new = np.concatenate([rng.multivariate_normal(m, c, size=round(100_000 * p)) for p, m, c in zip(pi, mu, sigma)])
    three = by_sklearn(points, pi, mu, sigma)  # the lesson's EM stops sooner
    single = multivariate_normal(points.mean(axis=0), np.cov(points.T, ddof=0))
    for k, log_prob in {1: single.logpdf, 3: three.score_samples}.items():
        assert on_data[k] == approx(-log_prob(points).mean(), abs=0.002)
        assert on_new[k] == approx(-log_prob(new).mean(), abs=4 * log_prob(new).std() / np.sqrt(5000))
    many = [GaussianMixture(10, random_state=seed, tol=1e-3).fit(points) for seed in range(5)]
    assert on_data[10] == approx(-np.mean([ten.score(points) for ten in many]), abs=0.1)
    validation, on_validation = lesson["(validation, on_validation)"]
    for k in range(1, 11):  # other starts, by some hundredths of a nat another end
        model = GaussianMixture(k, random_state=0, n_init=3).fit(points)
        assert on_data[k] == approx(-model.score(points), abs=0.06)
        assert on_validation[k] == approx(-model.score(validation), abs=0.12)
    assert min(on_validation, key=on_validation.get) == 3 and max(on_validation, key=on_validation.get) == 1
    assert best == 3 and on_new[1] > on_new[10] > on_new[3]
    assert single.logpdf(new).mean() < many[0].score(new) < three.score(new)


@pytest.mark.parametrize("width", [0.1, 1e-4, 1e-16, 1e-64])
def test_the_needle(lesson, times, width):
    score = two_humps(times, np.array([1, 299]) / 300, [times[0], times.mean()], [width, times.std()])
    assert lesson[f"by_width[{width}]"] == approx(score)


@pytest.mark.parametrize("reg", [1e-6, 0.01])
def test_the_remedy(lesson, times, reg):
    start = ([1 / 300, 299 / 300], [[times[0]], [times.mean()]], [[[1e-4]], [[times.var()]]])
    model = by_sklearn(times[:, None], *start, reg=reg)
    assert lesson[f"widths[{reg}]"] == approx(np.sqrt(model.covariances_[:, 0, 0]), abs=0.001)


def test_what_reg_costs(lesson, times):
    """One step from the two humps, with 0.01 added to each variance, by scikit-learn."""
    pi, mu, sigma = lesson["theta"]
    with pytest.warns(ConvergenceWarning):
        model = by_sklearn(times[:, None], pi, mu[:, None], sigma[:, None, None] ** 2, reg=0.01, max_iter=1)
    expected = [two_humps(times, pi, mu, sigma), 300 * model.score(times[:, None])]
    assert lesson["(before, after)"] == approx(expected, abs=0.01) and expected[1] < expected[0] - 0.1


def test_the_parameters_are_tied(lesson, times):
    moved = approx_fprime([8.0], lambda mu: two_humps(times, 0.5, [mu[0], 10.0], 1.0), 1e-6)[0]
    assert lesson["tied"] == approx(moved, abs=0.05)


def test_the_number_of_parameters(digits):
    model = GaussianMixture(10, reg_covar=0.01, max_iter=1, init_params="random_from_data", random_state=0)
    with pytest.warns(ConvergenceWarning):
        EXERCISES["08.3"].grade(model.fit(digits[0])._n_parameters())  # raises what is wrong


def test_ten_components(lesson, digits):
    x_train, y_train, _, _ = digits
    ten = GaussianMixture(10, reg_covar=0.01, random_state=0).fit(x_train)
    held = np.array([np.bincount(y_train[ten.predict(x_train) == k], minlength=10) for k in range(10)])
    counts, purity = lesson["(counts, purity)"]
    assert counts.sum() == 1300 and (counts.sum(axis=0) == np.bincount(y_train)).all()
    mainly = [y for row in counts for y, n in enumerate(row) if 2 * n > row.sum()]
    over_15 = [sum(row[y] > 15 for row in counts) for y in range(10)]
    assert lesson["(most, (counts[:, scattered] > 15).sum())"] == (len(mainly), max(over_15))
    assert purity == approx(
        np.mean([y == counts[k].argmax() for k in range(10) for y in range(10) for _ in range(counts[k, y])])
    )
    assert purity == approx(held.max(axis=1).sum() / 1300, abs=0.1)
    for table in (counts, held):  # in both directions no match of components and digits
        assert ((table > 15).sum(axis=1) > 1).sum() > 1 and ((table > 15).sum(axis=0) > 1).sum() > 1


def test_where_the_tins_live(lesson):
    """Against scikit-learn's mixtures on the same codes, drawn with its own numbers."""
    z, needed, proper = lesson["(codes.z, needed, proper)"]
    for K in needed:
        model = GaussianMixture(K, random_state=0, n_init=3).fit(z[:800])
        assert needed[K] == approx(-model.score(z[800:]), abs=0.001 if K == 1 else 0.06)
        if K not in proper:
            continue
        holes = lesson[f"is_hole(np.array({model.sample(4000)[0].round(4).tolist()}))"].mean()
        K = K if K == 1 else max(proper)
        assert 1 - proper[K] == approx(holes, abs=1.2 * by_lot(max(holes, 0.002), 4000))
    single = multivariate_normal(z[:800].mean(axis=0), np.cov(z[:800].T, ddof=0))
    assert needed[1] == approx(-single.logpdf(z[800:]).mean(), abs=1e-3)
    assert min(needed, key=needed.get) == max(proper) > 1 and proper[max(proper)] > proper[1] + 0.01


def test_back_to_planet_pixel(lesson, planet, counted):
    """The mixture's number beside that of sixty groups by k-means, counted with the same pseudo-count."""
    naive, mixture = lesson["[*nats.values()]"]
    independent = price(planet, counted, 0.001)
    assert naive == approx(independent) and round(mixture) == 286  # what later lessons quote
    pixels = planet["pixels"][planet["train"]]
    colours = planet["palette"][pixels[:, ::8]].reshape(2000, -1).astype(np.float32)
    groups = KMeans(60, n_init=1, max_iter=10, random_state=0).fit_predict(colours)
    place = planet["pixels"] + 256 * np.arange(1024)  # of a pixel and its colour in a table
    log_joint = np.empty((60, 3552))
    for k in range(60):
        mine = pixels[groups == k]
        counts = np.bincount((mine + 256 * np.arange(1024)).ravel(), minlength=256 * 1024)
        table = np.log((counts + 0.001) / (len(mine) + 0.256))
        log_joint[k] = np.log(len(mine) / 2000) + table[place].sum(axis=1)
    sixty = -planet["p"] @ logsumexp(log_joint, axis=0)
    assert mixture < sixty < mixture + 80  # EM climbs higher than groups that were only counted
    assert independent - sixty == approx(600, abs=60)
    assert lesson["datasets.planet_pixel_entropy()"] == approx(entropy(planet["p"]))
    faces = lesson["mixture.sample(1000, np.random.default_rng(2)).astype(np.uint8)"]  # Rule 1: none is a possible face
    assert not {face.tobytes() for face in faces} & {face.tobytes() for face in planet["pixels"]}


@pytest.mark.parametrize("stay", [0.5, 0.95])
def test_a_hidden_state_with_a_memory(lesson, stay):
    z, change = lesson[f"sample_states(10_000, {stay}, np.random.default_rng(3))"], 1 - stay
    assert 10_000 / np.count_nonzero(np.diff(z)) == approx(1 / change, abs=by_lot(change, 10_000) / change**2)


@pytest.mark.parametrize("stay", [0.5, 0.8, 0.95])
def test_the_forward_algorithm(lesson, stay):
    """Beside a joint distribution of all stories of seven days, one array with an axis a day."""
    x = lesson["bread[500:507]"]
    density = norm.pdf(x[:, None], [120, 100], 15)  # (7, 2)
    story = np.full((2,) * 7, 0.5)
    for day in range(7):
        story = story * density[day].reshape([2 if axis == day else 1 for axis in range(7)])
        if day:
            step = np.array([[stay, 1 - stay], [1 - stay, stay]])
            story = story * step.reshape([2 if axis in (day - 1, day) else 1 for axis in range(7)])
    filtered, log_prob = lesson[f"forward(bread[500:507], {stay})"]
    assert log_prob == approx(np.log(story.sum()))
    assert filtered[-1] == approx(story.sum(axis=tuple(range(6))) / story.sum())


def test_what_the_memory_is_worth(lesson):
    """The mixture by scipy; for both a second piece of the same story, drawn with other numbers."""
    right, nats, z, x = lesson["(right, nats_a_day, weather, bread)"]
    density = norm.pdf(x[:, None], [120, 100], 15)
    assert nats["mixture"] == approx(-np.log(density.mean(axis=1)).mean())
    assert right["mixture"] == approx(np.mean((x < 110) == z))
    assert right["mixture"] == approx(norm.cdf(10 / 15), abs=by_lot(0.75, 10_000))
    again = "sample_states(10_000, stay, np.random.default_rng(8))"
    more = f"(lambda z: (z, *forward(np.random.default_rng(9).normal(level[z], spread), stay)))({again})"
    states, beliefs, log_prob = lesson[more]
    assert right["hidden Markov model"] == approx(np.mean(beliefs.argmax(axis=1) == states), abs=0.02)
    assert nats["hidden Markov model"] == approx(-log_prob / 10_000, abs=0.04)
    assert nats["hidden Markov model"] < nats["mixture"] - 0.05


def test_no_network_is_loaded(lesson):
    assert lesson["'torch' in __import__('sys').modules"] is False

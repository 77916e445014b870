"""The numbers of lesson 08, beside computations that use none of the course's models."""

import warnings

import numpy as np
import pytest
from oracle import agree, by_lot, price, read, rows, text
from scipy.optimize import approx_fprime
from scipy.special import logsumexp
from scipy.stats import entropy, multivariate_normal, norm
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

from course_utils.exercises.lesson_08 import EXERCISES


def by_sklearn(x, weights, means, covariances, reg=0.0, max_iter=500, tol=1e-9) -> GaussianMixture:
    """Return scikit-learn's mixture of Gaussians after EM from a start."""
    return GaussianMixture(
        len(weights), reg_covar=reg, max_iter=max_iter, tol=tol,
        weights_init=weights, means_init=means, precisions_init=np.linalg.inv(covariances),
    ).fit(x)  # fmt: skip


def two_humps(x, pi, mu, sigma) -> float:
    """Return the log-likelihood of a mixture in one dimension, by scipy."""
    return logsumexp(np.log(pi) + norm.logpdf(x[:, None], mu, sigma), axis=1).sum()


def test_08_whose_customer():
    joint = np.array([0.4, 0.6]) * norm.pdf(8 + 10 / 60, [7.3, 9.5], [0.3, 0.8])
    for number, value in zip(read("08", "at 8:10: early bird #, late riser #"), joint / joint.sum()):
        agree(number, value)


def test_08_em_finds_the_two_humps(times):
    model = by_sklearn(times[:, None], [0.5, 0.5], [[8.0], [9.0]], np.ones((2, 1, 1)))
    found = [*model.weights_, *model.means_[:, 0], *np.sqrt(model.covariances_[:, 0, 0])]
    for number, value in zip(read("08", "found [# #] [# #] [# #]"), found, strict=True):
        agree(number, value)
    truth = [0.4, 0.6, 7.3, 9.5, 0.3, 0.8]
    assert [float(number) for number in read("08", "truth [# #] [# #] [# #]")] == truth
    scores = {
        "one Gaussian": norm.logpdf(times, times.mean(), times.std()).sum(),
        "two by EM": model.score(times[:, None]) * 300,
        "the true mixture": two_humps(times, *np.reshape(truth, (3, 2))),
    }
    for name, score in scores.items():
        agree(read("08", f"{name} log-likelihood # nats")[0], score)
    agree(read("08", "the two humps found by EM: log-likelihood # nats")[0], scores["two by EM"])
    assert scores["two by EM"] > scores["the true mixture"] and "even a little above that of the truth" in text(
        "08", "written"
    )
    agree(read("08", "about # is the top", "written")[0], scores["two by EM"])
    by_hand = np.round([[found[0], 1 - found[0]], found[2:4], found[4:]], 1)  # coarser than the steps of the sliders
    assert two_humps(times, *by_hand) > -420 and "Can you pass −420?" in text("08", "written")


def test_08_the_derivative_is_zero_after_em(times):
    start, after = read("08", "slope in μ₁: # at the start, # after EM")
    agree(start, approx_fprime([8.0], lambda mu: two_humps(times, 0.5, [mu[0], 9.0], [1.0, 1.0]), 1e-6)[0])
    assert after == "0.0"


def test_08_the_steps_of_em(plane):
    """What the prose says about the stepper, by scikit-learn after so many steps from the same start."""
    corner, steps = [[-1.0, 3.0], [0.0, 3.5], [1.0, 3.0]], range(1, 26)
    assert f"corner = np.array({corner})" in text("08", "code")
    first = logsumexp(
        [multivariate_normal(mean, np.eye(2)).logpdf(plane["points"]) for mean in corner], axis=0
    ) - np.log(3)
    scores = [first.sum()]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        for n in steps:
            model = by_sklearn(plane["points"], np.ones(3) / 3, corner, [np.eye(2)] * 3, max_iter=n, tol=0)
            scores.append(300 * model.score(plane["points"]))
    gains = np.diff(scores)
    assert gains[0] > 1000 and "The first M step gains more than 1,000 nats" in text("08", "written")
    assert np.median(gains[3:10]) == pytest.approx(6, abs=0.7) and "some six nats a step" in text("08", "written")
    assert gains[19:].max() < 0.25 and "from step 20 on hardly anything moves" in text("08", "written")


def test_08_more_components(plane):
    points, pi, mu, sigma = (plane[name] for name in ("points", "true_pi", "true_mu", "true_sigma"))
    rng = np.random.default_rng(0)
    new = np.concatenate([rng.multivariate_normal(m, c, size=round(100_000 * p)) for p, m, c in zip(pi, mu, sigma)])
    one, three, ten = (read("08", f" {k} components # #"[k == 10 :]) for k in (1, 3, 10))
    single = multivariate_normal(points.mean(axis=0), np.cov(points.T, ddof=0))
    agree(one[0], single.logpdf(points).mean())
    agree(one[1], single.logpdf(new).mean(), error=4 * single.logpdf(new).std() / np.sqrt(5000))
    model = by_sklearn(points, pi, mu, sigma)
    agree(three[0], model.score(points), error=0.002)  # the lesson's EM stops sooner
    agree(three[1], model.score(new), error=4 * model.score_samples(new).std() / np.sqrt(5000))
    many = [GaussianMixture(10, random_state=seed, tol=1e-3).fit(points).score(points) for seed in range(5)]
    assert float(ten[0]) == pytest.approx(np.mean(many), abs=0.1)
    on_data, on_new = np.array([one, three, ten], dtype=float).T  # what the prose says
    assert on_data[2] > on_data[1] > on_data[0] and on_new[1] > on_new[2] > on_new[0]


@pytest.mark.parametrize("width", ["0.1", "0.0001", "1e-16", "1e-64"])
def test_08_the_needle(times, width):
    score = two_humps(times, np.array([1, 299]) / 300, [times[0], times.mean()], [float(width), times.std()])
    agree(read("08", f"needle with σ = {width}: log-likelihood # nats")[0], score)


@pytest.mark.parametrize("reg", ["1e-06", "0.01"])
def test_08_the_remedy(times, reg):
    start = ([1 / 300, 299 / 300], [[times[0]], [times.mean()]], [[[1e-4]], [[times.var()]]])
    model = by_sklearn(times[:, None], *start, reg=float(reg))
    for number, value in zip(
        read("08", f"reg = {reg}: EM from the needle ends with σ = # and #"), np.sqrt(model.covariances_[:, 0, 0])
    ):
        agree(number, value)


def test_08_the_number_of_parameters(digits):
    model = GaussianMixture(10, reg_covar=0.01, max_iter=1, init_params="random_from_data", random_state=0)
    with pytest.warns(ConvergenceWarning):
        said = EXERCISES["08.3"].grade(model.fit(digits[0])._n_parameters())
    assert "21,449 numbers, from 1,300 pictures" in said and len(digits[0]) == 1300


def test_08_ten_components(digits):
    x_train, y_train, x_test, _ = digits
    ten = GaussianMixture(10, reg_covar=0.01, random_state=0).fit(x_train)
    held = np.array([np.bincount(y_train[ten.predict(x_train) == k], minlength=10) for k in range(10)])
    low, high = read("08", "digit of their component: between #% and #%")
    assert int(low) < 100 * held.max(axis=1).sum() / 1300 < int(high)
    assert f"assert {int(low) / 100} < purity < {int(high) / 100}\n" in text("08", "code")
    assert (
        "Some components hold two digits or more" in text("08", "written") and ((held > 15).sum(axis=1) > 1).sum() > 1
    )
    assert (
        "some digits are spread over several components" in text("08", "written")
        and ((held > 15).sum(axis=0) > 1).sum() > 1
    )
    single = (
        multivariate_normal(x_train.mean(axis=0), np.cov(x_train.T, ddof=0) + 0.01 * np.eye(64)).logpdf(x_test).mean()
    )
    (bound,) = read("08", "ten Gaussians are more than # nats a picture better than one")
    assert ten.score(x_test) - single > int(bound) and f"assert gain > {bound}\n" in text("08", "code")
    power, factor = read("08", "# nats are a factor of $e^{10} \\approx #{,}000$ for each picture", "written")
    assert power == bound and round(np.exp(10) / 1000) == int(factor)
    assert 784 * 785 // 2 == 307_720 and "784 · 785/2 = 307,720 numbers" in text("08", "written")  # with MNIST


def test_08_back_to_planet_pixel(planet, counted):
    """The mixture's number beside that of sixty groups by k-means, counted with the same pseudo-count."""
    H, independent = entropy(planet["p"]), price(planet, counted, 0.001)
    nats, *rules = read("08", "Naive Bayes # # #")
    agree(nats, independent)
    assert rules == ["0.00", "0.00"]
    mixture, *rules = read("08", "mixture of 60 # # #")
    assert rules == ["0.00", "0.00"] and float(mixture) < 320 and "assert nats < 320 " in text("08", "code")
    again, *rules = read("12", "mixture of 60 # # # #")
    assert rules == ["0.00"] * 3 and rows("density  200 faces     ±  all faces")["mixture of 60"][2] == float(again)
    assert (
        [str(round(float(again)))]
        == [mixture]
        == read("11", "mixture of 60 (08) #")
        == read("11", "a mixture of sixty #", "written")
    )
    pixels = planet["pixels"][planet["train"]]
    groups = KMeans(60, n_init=1, max_iter=10, random_state=0).fit_predict(
        planet["palette"][pixels].reshape(2000, -1).astype(np.float32)
    )
    log_joint = np.empty((60, 3552))
    for k in range(60):
        mine = pixels[groups == k]
        counts = np.bincount((mine + 256 * np.arange(1024)).ravel(), minlength=256 * 1024).reshape(1024, 256)
        table = np.log((counts + 0.001) / (len(mine) + 0.256))
        log_joint[k] = np.log(len(mine) / 2000) + table[np.arange(1024), planet["pixels"]].sum(axis=1)
    sixty = -planet["p"] @ logsumexp(log_joint, axis=0)
    assert float(mixture) < sixty < float(mixture) + 80  # EM climbs higher than groups that were only counted
    assert independent - sixty == pytest.approx(600, abs=60) and "worth some six hundred nats" in text("08", "written")
    agree(read("08", "still far from the truth, which has #", "written")[0], H)
    assert "Planet Pixel has 3,552" in text("08", "written") and len(planet["p"]) == 3552


@pytest.mark.parametrize("name, stay", [("mixture", 0.5), ("hidden Markov model", 0.95)])
def test_08_a_hidden_state_with_a_memory(name, stay):
    change = 1 - stay
    (steps,) = read("08", f"{name} the hidden state lasts # steps on average")
    agree(steps, 1 / change, error=by_lot(change, 10_000) / change**2)

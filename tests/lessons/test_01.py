"""The numbers of lesson 01, beside computations that use none of the course's models."""

from copy import copy
from fractions import Fraction
from functools import partial
from math import comb

import numpy as np
import pytest
from oracle import joint
from scipy.spatial.distance import cdist
from scipy.special import expit, logsumexp
from scipy.stats import multivariate_normal
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.naive_bayes import GaussianNB

NOISE = np.random.default_rng(0).uniform(size=(300, 64))


def turned(digits):
    """Return the test pictures after a quarter turn to the left."""
    return np.array([picture.reshape(8, 8).T[::-1].ravel() for picture in digits[2]])


def of_others(digits, pictures):
    """Return log p(x) (N,) of other pictures, by scipy."""
    return logsumexp(joint((*digits[:2], pictures, None)), axis=1)


def test_the_generative_classifier(lesson, digits):
    assert lesson["(x_train.shape, x_test.shape)"] == ((1300, 64), (497, 64))
    np.testing.assert_allclose(lesson["log_joint"], joint(digits))
    assert lesson["accuracy"] == (joint(digits).argmax(axis=1) == digits[3]).mean()


def test_the_bayes_table_is_what_counting_says(lesson, digits):
    x, y = digits[:2]
    shares = [[np.mean(x[y == c][:, k] > 0.5) for k in range(64)] for c in (3, 8)]
    k = max(range(64), key=lambda k: abs(shares[0][k] - shares[1][k]))
    counts = [sum(label == c for label in y) for c in (3, 8)]
    ink = [sum(picture[k] > 0.5 for picture, label in zip(x, y) if label == c) for c in (3, 8)]
    assert (list(lesson["counts"]), list(lesson["ink"]), lesson["pixel"]) == (counts, ink, k)
    assert lesson["by_table"] == pytest.approx([ink[0] / sum(ink), ink[1] / sum(ink)])
    three, eight = (Fraction(prior) * int(n) / int(of) for prior, n, of in zip(("0.97", "0.03"), ink, counts))
    assert lesson["by_rare"] == pytest.approx([float(three / (three + eight)), float(eight / (three + eight))])


def test_what_noise_and_the_prior_are_worth(lesson, digits):
    grey, place = np.random.default_rng(0).uniform(size=(2, 64))
    noisy = digits[2].copy()
    for k in sorted(range(64), key=lambda k: place[k])[:24]:
        noisy[:, k] = grey[k]
    before, after = joint(digits), joint((*digits[:2], noisy, None))
    assert lesson["fall"] == pytest.approx(np.median(logsumexp(before, axis=1) - logsumexp(after, axis=1)))
    assert lesson["same"] == (before.argmax(axis=1) == after.argmax(axis=1)).mean()
    priors = np.bincount(digits[1], minlength=10) + 1
    like = before - np.log(priors / priors.sum())
    turns = read_as_3 = 0
    for row, label in zip(like, digits[3]):
        if label == 3 and row.argmax() == 3:
            read_as_3 += 1
            p = np.exp(row - row.max()) * np.where(np.arange(10) == 8, 0.99, 0.01 / 9)
            turns += p[8] > p[3]
    assert lesson["((read_3 < worth).sum(), len(read_3))"] == (turns, read_as_3)


def test_the_density_and_its_unit(lesson, digits):
    np.testing.assert_allclose(lesson["log_evidence"], logsumexp(joint(digits), axis=1))
    np.testing.assert_allclose(lesson["in_16"], logsumexp(joint(digits, 16), axis=1))
    for name, pictures in {"upright": digits[2], "sideways": turned(digits), "pure noise": NOISE}.items():
        np.testing.assert_allclose(lesson[f"log_p['{name}']"], of_others(digits, pictures))


# --- the race: each model anew, by scikit-learn and scipy


def moments(x, y, floor, own, together):
    """Return means, covariances and log priors, as the lesson's prose says them."""
    means = [(x[y == c].sum(axis=0) + x.mean(axis=0)) / (np.sum(y == c) + 1) for c in range(10)]
    rest = [[picture - means[c] for picture, label in zip(x, y) if label == c or not own] for c in range(10)]
    if not own:
        rest = [[picture - means[label] for picture, label in zip(x, y)]] * 10
    covs = [np.einsum("ni,nj->ij", r, r) / len(r) if len(r) else np.zeros((64, 64)) for r in map(np.array, rest)]
    covs = [(cov if together else cov * np.eye(64)) + floor * np.eye(64) for cov in covs]
    return means, covs, np.log([(np.sum(y == c) + 1) / (len(y) + 10) for c in range(10)])


def log_joint_of(model, new):
    means, covs, log_prior = model
    return np.column_stack([multivariate_normal(m, c).logpdf(new) for m, c in zip(means, covs)]) + log_prior


def gaussian_reader(own, together):
    """Return what learns a reader for each floor: the floor is added to the eigenvalues of the covariances."""

    def learn(x, y):
        means, covs, log_prior = moments(x, y, 0, own, together)
        if together:
            apart = [np.linalg.eigh(cov) for cov in (covs if own else covs[:1])] * (1 if own else 10)
            turned = [(m @ V, V, values) for m, (values, V) in zip(means, apart)]
            return lambda floor: partial(read, turned, log_prior, floor)
        other = GaussianNB(priors=np.exp(log_prior)).fit(np.zeros((10, 64)), np.arange(10))
        other.theta_, variances = np.array(means), np.array([cov.diagonal() for cov in covs])

        def with_floor(floor):
            found = copy(other)
            found.var_ = variances + floor
            return found.predict

        return with_floor

    def read(turned, log_prior, floor, new):
        parts = [
            ((new @ V - m) ** 2 @ (1 / (values + floor)) + np.log(values + floor).sum()) for m, V, values in turned
        ]
        return (log_prior - np.transpose(parts) / 2).argmax(axis=1)

    return learn


def logistic_reader(x, y):
    model = LogisticRegression(tol=1e-5, max_iter=5000, warm_start=True)  # from one C to the next
    return lambda C: copy(model.set_params(C=C).fit(x, y)).predict


def by_newton(x, y):
    return lambda C: LogisticRegression(C=C, solver="newton-cg", tol=1e-7).fit(x, y).predict


def readers(digits, learn, settings, n, draws=20):
    """Return for each setting the readers that learn from so many draws of n pictures."""
    x, y = digits[:2]
    some = [np.random.default_rng(i).choice(1000, size=n, replace=False) for i in range(draws)]
    learnt = [learn(x[rows], y[rows]) for rows in some]
    return {setting: [reader(setting) for reader in learnt] for setting in settings}


def accuracies(digits, readers):
    """Return those of the setting that reads most validation pictures, one for each draw."""
    x, y, new, right = digits
    found = {s: np.mean([(read(x[1000:]) == y[1000:]).mean() for read in row]) for s, row in readers.items()}
    return [(read(new) == right).mean() for read in readers[max(found, key=found.get)]]


def run(digits, learn, settings, n):
    return accuracies(digits, readers(digits, learn, settings, n))


FLOORS, C_VALUES = [0.003, 0.01, 0.03, 0.1, 0.3], [10.0**k for k in range(-1, 9)]


@pytest.mark.parametrize("k, n", [(0, 20), (3, 500)])
def test_both_kinds_of_gaussian_are_tuned_on_validation_pictures(lesson, digits, k, n):
    assert (lesson["FLOORS"], list(lesson["C_VALUES"]), lesson["sizes"][k]) == (FLOORS, C_VALUES, n)
    for name, together in {"Naive Bayes": False, "full covariance": True}.items():
        expected = run(digits, gaussian_reader(together, together), FLOORS, n)
        np.testing.assert_allclose(lesson[f"results['{name}'][{k}]"], expected, atol=0.0025)


def test_logistic_regression_is_tuned_in_the_same_way(lesson, digits):
    by_c = readers(digits, logistic_reader, C_VALUES, 20)
    expected = accuracies(digits, by_c)
    # with a large C, and classes that a plane parts, two solvers stop at different places on the way to infinity
    assert lesson["results['logistic regression'][0]"].mean() == pytest.approx(np.mean(expected), abs=0.006)
    untuned = accuracies(digits, {1: by_c[1]})
    naive = run(digits, gaussian_reader(False, False), FLOORS, 20)
    assert lesson["left_alone"] == pytest.approx(np.mean(naive) - np.mean(untuned), abs=0.003)
    learnt = logistic_reader(digits[0][:1000], digits[1][:1000])
    found = {C: (learnt(C)(digits[0][1000:1300]) == digits[1][1000:1300]).mean() for C in C_VALUES}
    assert lesson["C"] == max(found, key=found.get)


def test_a_lead_has_the_standard_error_of_its_twenty_draws(lesson):
    results = lesson["results"]
    for first, mean, error in (("Naive Bayes", "lead", "error"), ("full covariance", "full_lead", "full_error")):
        differences = results[first] - results["logistic regression"]
        assert lesson[mean] == pytest.approx([sum(row) / 20 for row in differences])
        squares = [sum((d - sum(row) / 20) ** 2 for d in row) for row in differences]
        assert lesson[error] == pytest.approx([(s / 19 / 20) ** 0.5 for s in squares])
    assert abs(lesson["lead"][0]) < 0.03 and lesson["lead"][-1] < -0.04 and (lesson["full_lead"] > 0.01).all()


def test_independence_is_what_costs(lesson, digits):
    table = lesson["table"]  # rows: independent, together; columns: one for all, one for each class
    assert table[0, 0] == pytest.approx(lesson["results"]["Naive Bayes"][-1].mean())
    assert table[1, 1] == pytest.approx(lesson["results"]["full covariance"][-1].mean())
    by_class = run(digits, gaussian_reader(own=True, together=False), FLOORS, 500)
    for_all = run(digits, gaussian_reader(own=False, together=True), FLOORS, 500)
    assert (table[0, 1], table[1, 0]) == pytest.approx((np.mean(by_class), np.mean(for_all)), abs=0.0025)
    # half of the twenty draws; between these settings lies the one that is best of all
    direct = accuracies(digits, readers(digits, by_newton, [1, 10, 100], 500, draws=10))
    assert lesson["gap"][:10].mean() == pytest.approx(np.mean(direct) - np.mean(for_all[:10]), abs=0.002)
    assert (table[1] - table[0]).min() > 2 * (table[:, 1] - table[:, 0]).max()


def test_the_full_covariance_with_all_labels(lesson, digits):
    x, y, new, right = digits
    model = moments(x, y, lesson["floor"], True, True)
    np.testing.assert_allclose(lesson["full_cov"], model[1], atol=1e-12)
    np.testing.assert_allclose(lesson["full_joint(x_test)"], log_joint_of(model, new))
    found = {f: (log_joint_of(moments(x[:1000], y[:1000], f, True, True), x[1000:]).argmax(axis=1) == y[1000:]).mean() for f in FLOORS}  # fmt: skip
    assert lesson["floor"] == max(found, key=found.get)
    by_full, by_direct = lesson["(by_full, by_direct)"]
    np.testing.assert_array_equal(by_full, log_joint_of(model, new).argmax(axis=1) == right)
    assert (by_direct == (logistic_reader(x, y)(lesson["C"])(new) == right)).mean() > 0.995
    first, second = (by_full & ~by_direct).sum(), (by_direct & ~by_full).sum()
    assert lesson["(eight, one)"] == (first, second)
    n, least = int(first + second), int(min(first, second))
    assert lesson["by_coin"] == pytest.approx(2 * sum(comb(n, k) for k in range(least + 1)) / 2**n)


def test_the_grey_smear(lesson, digits):
    x, y, new, _ = digits
    smear = np.array([[sum(column) / len(x) for column in x.T]])
    of_smear = of_others(digits, smear)[0]
    assert lesson["of_smear"] == pytest.approx(of_smear)
    assert lesson["above"] == (of_others(digits, new) > of_smear).sum()
    model = moments(x, y, lesson["floor"], True, True)
    nats = logsumexp(log_joint_of(model, np.vstack([smear, new])), axis=1)
    assert lesson["above_full"] == (nats[1:] > nats[0]).sum()


def test_how_sure_logistic_regression_is(lesson, digits):
    other = LogisticRegression(C=lesson["C"], tol=1e-6, max_iter=5000).fit(digits[0], digits[1])
    for name, pictures in {"upright": digits[2], "sideways": turned(digits), "pure noise": NOISE}.items():
        np.testing.assert_allclose(lesson[f"sure['{name}']"], other.predict_proba(pictures).max(axis=1), atol=0.01)


def test_what_confidence_and_density_tell_apart(lesson):
    for name in ("sideways", "pure noise"):
        for numbers in ("sure", "log_p"):
            usual, odd = lesson[numbers]["upright"], lesson[numbers][name]
            expected = roc_auc_score([1] * len(usual) + [0] * len(odd), np.concatenate([usual, odd]))
            assert lesson[f"told_apart({numbers}['upright'], {numbers}['{name}'])"] == pytest.approx(expected, abs=2e-3)


def test_the_border_and_the_density_of_the_fruit(lesson):
    fruit, places = lesson["fruit"], np.array([[18, 12], [3.5, 18], [17, 17.5], [7, 8.2]])
    (w,), (b,) = lesson["(fruit_border.coef_, fruit_border.intercept_)"]
    np.testing.assert_allclose(lesson["sure_pear"], expit(places @ w + b))
    slope = np.column_stack([fruit, np.ones(80)]).T @ (np.repeat([0, 1], 40) - expit(fruit @ w + b))
    np.testing.assert_allclose(slope, [*w, 0], atol=0.02)  # of the log-likelihood: what the penalty w takes back
    heaps = [multivariate_normal(f.mean(axis=0), np.cov(f.T)) for f in (fruit[:40], fruit[40:])]
    for name, points in {"nats": places, "seen": fruit}.items():
        expected = np.log(sum(0.5 * heap.pdf(points) for heap in heaps))
        np.testing.assert_allclose(lesson[name], expected)


def test_the_new_digits_differ_in_their_covariances_only(lesson, digits):
    chance, roots, covs = lesson["(chance, roots[:10], full_cov)"]
    np.testing.assert_allclose(np.einsum("yij,ykj->yik", roots, roots), covs, atol=1e-12)
    independent, together, means = lesson["(independent, together, mu)"]
    for n in range(0, 1000, 3):
        y = n % 10
        np.testing.assert_allclose(independent[n], np.clip(means[y] + covs[y].diagonal() ** 0.5 * chance[n], 0, 1))
        np.testing.assert_allclose(together[n], np.clip(means[y] + roots[y] @ chance[n], 0, 1))
    nearest = [np.median(cdist(pictures, digits[0]).min(axis=1)) for pictures in (independent, together, digits[2])]
    assert lesson["far"] == pytest.approx(nearest) and nearest[0] > nearest[1] > nearest[2]

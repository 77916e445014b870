"""The mixtures of lesson 08, against scikit-learn, scipy, closed forms, enumeration and finite differences."""

import itertools

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import approx_fprime
from scipy.special import logsumexp, softmax
from scipy.stats import chisquare, multivariate_normal
from sklearn.cluster import kmeans_plusplus
from sklearn.mixture import GaussianMixture as Reference
from threadpoolctl import threadpool_limits

from course_utils.datasets import load_digits
from course_utils.models import CategoricalMixture, GaussianMixture, NaiveBayes
from course_utils.models.categorical_mixture import _seeds

KINDS = {"full": "full", "diagonal": "diag", "spherical": "spherical"}  # our name and scikit-learn's
X = np.concatenate(  # three clusters of 60, 90 and 50 points
    [
        np.random.default_rng(i).normal(m, s, size=(n, 2))
        for i, (m, s, n) in enumerate([(0, 1, 60), (5, 1.5, 90), ((9, -4), 1, 50)])
    ]
)
DIGITS = load_digits().pixels
COLUMNS_WITHOUT_INK = [0, 32, 39]


def as_matrices(covariances, D):
    """Return covariances of any kind as (K, D, D)."""
    covariances = np.asarray(covariances)
    if covariances.ndim == 1:
        return covariances[:, None, None] * np.eye(D)
    return covariances if covariances.ndim == 3 else covariances[:, :, None] * np.eye(D)


def log_joint(model, x):
    """Return log p(x, z) (N, K) by scipy."""
    parts = zip(model.weights, model.means, as_matrices(model.covariances, x.shape[1]))
    return np.stack([np.log(w) + multivariate_normal(m, c).logpdf(x) for w, m, c in parts], axis=1)


def random_start(x, K, covariance, rng):
    """Return weights, means and covariances to begin with."""
    D = x.shape[1]
    roots = rng.normal(size=(K, D, D)) / np.sqrt(D)
    covariances = {
        "full": roots @ roots.swapaxes(1, 2) + np.eye(D),
        "diagonal": rng.uniform(0.5, 2, size=(K, D)),
        "spherical": rng.uniform(0.5, 2, size=K),
    }[covariance]
    return rng.dirichlet(np.full(K, 5.0)), x[rng.choice(len(x), K, replace=False)], covariances * x.var()


def reference(x, start, covariance, reg, max_iter):
    """Fit scikit-learn's mixture from this start."""
    weights, means, covariances = start
    precisions = np.linalg.inv(covariances) if covariance == "full" else 1 / covariances
    model = Reference(
        len(weights), covariance_type=KINDS[covariance], reg_covar=reg, tol=0, max_iter=max_iter,
        weights_init=weights, means_init=means, precisions_init=precisions,
    )  # fmt: skip
    return model.fit(x)


# Gaussian components


@pytest.mark.parametrize("covariance", KINDS)
def test_the_densities_are_scipys(covariance):
    model = GaussianMixture(3, covariance).set_parameters(*random_start(X, 3, covariance, np.random.default_rng(0)))
    expected = log_joint(model, X)
    responsibilities, log_prob = model.e_step(X)
    np.testing.assert_allclose(log_prob, logsumexp(expected, axis=1), rtol=1e-10)
    np.testing.assert_allclose(responsibilities, softmax(expected, axis=1), atol=1e-12)
    np.testing.assert_array_equal(model.log_prob(X), log_prob)
    np.testing.assert_array_equal(model.responsibilities(X), responsibilities)
    assert model.log_prob(X[:0]).shape == (0,) and model.responsibilities(X[:0]).shape == (0, 3)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("covariance", KINDS)
@pytest.mark.parametrize("reg", [0, 1e-6, 0.1])
@pytest.mark.parametrize("max_iter", [1, 2, 30])
def test_the_same_start_leads_where_scikit_learn_arrives(covariance, reg, max_iter):
    start = random_start(X, 3, covariance, np.random.default_rng(max_iter))
    expected = reference(X, start, covariance, reg, max_iter)
    model = GaussianMixture(3, covariance, reg, tol=0, max_iter=max_iter).fit(X, start=start)
    np.testing.assert_allclose(model.log_prob(X), expected.score_samples(X), atol=1e-9)
    np.testing.assert_allclose(model.responsibilities(X), expected.predict_proba(X), atol=1e-9)
    np.testing.assert_allclose(model.weights, expected.weights_, atol=1e-10)
    np.testing.assert_allclose(model.means, expected.means_, atol=1e-9)
    np.testing.assert_allclose(model.covariances, expected.covariances_, atol=1e-9)
    # scikit-learn notes each bound before the M step that follows it
    assert len(model.history) == max_iter + 1
    np.testing.assert_allclose(model.history[:-1], expected.lower_bounds_, atol=1e-10)
    assert model.history[-1] == pytest.approx(model.log_prob(X).mean(), abs=1e-12)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("covariance", KINDS)
def test_the_digits_with_their_constant_columns(covariance):
    assert (DIGITS[:, COLUMNS_WITHOUT_INK] == 0).all()
    rng = np.random.default_rng(1)
    start = random_start(DIGITS, 10, covariance, rng)
    expected = reference(DIGITS, start, covariance, 1e-6, 20)
    model = GaussianMixture(10, covariance, tol=0, max_iter=20).fit(DIGITS, start=start)
    assert model.log_prob(DIGITS).mean() == pytest.approx(expected.score(DIGITS), abs=1e-6)
    samples = model.sample(500, rng)
    assert abs(samples[:, COLUMNS_WITHOUT_INK]).max() < 5e-3 or covariance == "spherical"
    with pytest.raises(ValueError, match="component 0 is singular: column 0 has no variance.*constant.*Increase reg"):
        GaussianMixture(10, "full", reg=0).fit(DIGITS)


@settings(deadline=None, max_examples=150)
@given(
    seed=st.integers(0, 2**32 - 1), n=st.integers(4, 60), D=st.integers(1, 4), K=st.integers(1, 4),
    covariance=st.sampled_from(list(KINDS)), offset=st.sampled_from([0, 1e3, -1e6]), scale=st.sampled_from([1e-3, 1, 1e4]),
)  # fmt: skip
def test_the_log_likelihood_never_falls(seed, n, D, K, covariance, offset, scale):
    rng = np.random.default_rng(seed)
    x = offset + scale * rng.standard_t(3, size=(n, D))
    try:
        model = GaussianMixture(K, covariance, reg=0, tol=0, max_iter=40).fit(x, rng)
    except ValueError as error:
        assert "Increase reg" in str(error)
        assume(False)
    history = np.array(model.history)
    assert len(history) == 41
    assert (np.diff(history) > -1e-8 * (1 + abs(history[1:]))).all()


def test_half_steps_are_what_fit_does():
    start = random_start(X, 3, "full", np.random.default_rng(3))
    fitted = GaussianMixture(3, tol=0, max_iter=2).fit(X, start=start)
    model = GaussianMixture(3).set_parameters(*start)
    history = []
    for _ in range(2):
        responsibilities, log_prob = model.e_step(X)
        history.append(log_prob.mean())
        assert model.m_step(X, responsibilities) is model
    np.testing.assert_allclose(model.means, fitted.means)
    np.testing.assert_allclose(history, fitted.history[:2])
    begun = GaussianMixture(3, max_iter=0).fit(X, start=start)
    np.testing.assert_array_equal(begun.covariances, start[2])
    assert begun.history == [pytest.approx(history[0])]


@pytest.mark.parametrize("covariance", KINDS)
def test_samples_have_the_moments_of_the_mixture(covariance):
    weights, means, covariances = random_start(X, 3, covariance, np.random.default_rng(5))
    model = GaussianMixture(3, covariance).set_parameters(weights, means, covariances)
    n = 40_000
    z, x = model.sample_joint(n, np.random.default_rng(0))
    np.testing.assert_array_equal(model.sample(n, np.random.default_rng(0)), x)
    assert chisquare(np.bincount(z, minlength=3), n * weights).pvalue > 0.001
    for k, matrix in enumerate(as_matrices(covariances, 2)):
        standard = np.linalg.solve(np.linalg.cholesky(matrix), (x[z == k] - means[k]).T)
        error = 5 / np.sqrt((z == k).sum())
        np.testing.assert_allclose(standard.mean(axis=1), 0, atol=error)
        np.testing.assert_allclose(np.cov(standard), np.eye(2), atol=2 * error)
    assert model.sample(0, np.random.default_rng(0)).shape == (0, 2)


@pytest.mark.parametrize("covariance", KINDS)
def test_far_from_zero_nothing_is_lost(covariance):
    start = random_start(X, 3, covariance, np.random.default_rng(6))
    near = GaussianMixture(3, covariance, tol=0, max_iter=20).fit(X, start=start)
    far = GaussianMixture(3, covariance, tol=0, max_iter=20).fit(
        X + 2.0**23, start=(start[0], start[1] + 2.0**23, start[2])
    )
    np.testing.assert_allclose(far.history, near.history, atol=1e-6)


def test_the_same_generator_gives_the_same_fit_and_none_is_the_default():
    for make, x in (lambda: GaussianMixture(3, max_iter=1), X), (lambda: CategoricalMixture(3, N_VALUES), C):
        first, again, default, other = (make().fit(x, rng).weights for rng in [*map(np.random.default_rng, (0, 0)), None, np.random.default_rng(1)])  # fmt: skip
        np.testing.assert_array_equal(first, again)
        np.testing.assert_array_equal(first, default)
        assert not np.array_equal(first, other)


@pytest.mark.parametrize("covariance", KINDS)
def test_em_begins_with_observations_and_the_variance_around_them(covariance):
    x = X + 100
    model = GaussianMixture(4, covariance, reg=0.5, max_iter=0).fit(x, np.random.default_rng(0))
    distances = ((x[:, None] - model.means) ** 2).sum(axis=2)  # (200, 4)
    np.testing.assert_allclose(distances.min(axis=0), 0, atol=1e-20)
    assert len(np.unique(distances.argmin(axis=0))) == 4
    variance = distances.min(axis=1).mean() / 2 + 0.5
    np.testing.assert_allclose(as_matrices(model.covariances, 2), [variance * np.eye(2)] * 4)
    np.testing.assert_array_equal(model.weights, [0.25] * 4)


def test_em_stops_at_tol():
    history = GaussianMixture(3, tol=0.01).fit(X).history
    assert abs(history[-1] - history[-2]) < 0.01
    assert (abs(np.diff(history[:-1])) >= 0.01).all()
    assert len(history) < 101


def test_a_component_that_loses_its_observations_keeps_its_place():
    start = [0.5, 0.5], [[4.0, 1.0], [1e4, 1e4]], [np.eye(2), np.eye(2)]
    model = GaussianMixture(2, reg=0).fit(X, start=start)
    np.testing.assert_array_equal(model.weights, [1, 0])
    np.testing.assert_array_equal(model.means[1], [1e4, 1e4])
    np.testing.assert_array_equal(model.covariances[1], np.eye(2))
    np.testing.assert_allclose(model.means[0], X.mean(axis=0))
    assert (np.diff(model.history) >= -1e-12).all()
    assert model.sample_joint(100, np.random.default_rng(0))[0].max() == 0
    for next_to_none in (model, CategoricalMixture(2, N_VALUES, alpha=0)):
        x = X if next_to_none is model else C
        next_to_none.m_step(x, np.full((len(x), 2), [1, 1e-17]))
        np.testing.assert_array_equal(next_to_none.weights, [1, 0])


@pytest.mark.parametrize("covariance", KINDS)
def test_a_component_on_one_point_needs_reg(covariance):
    x = np.concatenate([X, [[100.1, 100.3]] * 2])
    start = (
        [0.5, 0.5],
        [[4.0, 1.0], [100.0, 100.0]],
        {"full": [np.eye(2)] * 2, "diagonal": np.ones((2, 2)), "spherical": [1, 1]},
    )
    start = *start[:2], start[2][covariance]
    with pytest.raises(ValueError, match="component 1 is singular.*too few different observations.*Increase reg"):
        GaussianMixture(2, covariance, reg=0).fit(x, start=start)
    labels = np.eye(2)[np.repeat([0, 1], [200, 7])]
    for seed in range(20):  # equal points, but for rounding
        point = np.random.default_rng(seed).uniform(-100, 100, size=(1, 2))
        equal = np.concatenate([X, np.repeat(point, 7, axis=0)])
        with pytest.raises(ValueError, match="component 1 is singular"):
            GaussianMixture(2, covariance, reg=0).m_step(equal, labels).log_prob(equal)
    model = GaussianMixture(2, covariance, reg=1e-4).fit(x, start=start)
    np.testing.assert_allclose(as_matrices(model.covariances, 2)[1], 1e-4 * np.eye(2), atol=1e-12)
    assert np.isfinite(model.history).all()


@pytest.mark.parametrize("covariance", KINDS)
def test_few_different_observations(covariance):
    equal = np.ones((6, 2))
    model = GaussianMixture(4, covariance).fit(equal)
    assert np.isfinite(model.log_prob(equal)).all()
    np.testing.assert_allclose(model.sample(10, np.random.default_rng(0)), 1, atol=0.01)
    with pytest.raises(ValueError, match="Increase reg"):
        GaussianMixture(4, covariance, reg=0).fit(equal)
    as_many = GaussianMixture(4, covariance).fit(np.arange(8.0).reshape(4, 2))
    assert np.isfinite(as_many.history).all()


def test_a_variance_that_is_next_to_nothing():
    x = np.stack([np.tile([-1.0, 1, 1, -1], 10), np.tile([-1.0, 1, -1, 1], 10)], axis=1)
    x[:4] = 0  # right at the mean, where rounding alone leaves no variance behind
    responsibilities = np.full((40, 2), [1, 1e-200])
    responsibilities[:4] = [0, 1]
    for covariance in KINDS:
        with pytest.raises(ValueError, match="component 1 is singular"):
            GaussianMixture(2, covariance, reg=0).m_step(x, responsibilities).log_prob(x)


EVEN, ZEROS, ONES = [0.5, 0.5], np.zeros((2, 2)), [np.eye(2), np.eye(2)]


def start(weights=EVEN, means=ZEROS, covariances=ONES):
    return lambda: GaussianMixture(2).fit(X, start=(weights, means, covariances))


def m_step(responsibilities):
    return lambda: GaussianMixture(2).m_step(X, responsibilities)


LINE = np.linspace(0, 1, 20)[:, None] * [1, 3]
SUM = "probabilities that sum to 1"


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: GaussianMixture(0), "n_components must be a whole number from 1 upwards, got 0"),
        (lambda: GaussianMixture(2.0), "n_components must be a whole number"),
        (lambda: GaussianMixture(2, max_iter=-1), "max_iter must be a whole number from 0 upwards, got -1"),
        (lambda: GaussianMixture(2, tol=-1), "tol, .* must be a number from 0 upwards, got -1"),
        (lambda: GaussianMixture(2, reg=float("nan")), "reg, .* must be a number from 0 upwards, got nan"),
        (lambda: GaussianMixture(2, "diag"), "covariance must be 'full', 'diagonal' or 'spherical', got 'diag'"),
        (lambda: CategoricalMixture(0, [2]), "n_components must be a whole number from 1 upwards, got 0"),
        (lambda: CategoricalMixture(2, []), "n_values must be"),
        (lambda: CategoricalMixture(2, [2], alpha=-1), "alpha"),
        (lambda: GaussianMixture(3).fit(X[:2]), "observation for each component, got 2 for 3: take fewer components"),
        (lambda: GaussianMixture(3).fit(X[:, 0]), r"\(N, D\) numbers.*got \(200,\): a single column is x\[:, None\]"),
        (lambda: GaussianMixture(3).fit(X[:, :0]), r"must be \(N, D\) numbers.*got \(200, 0\)"),
        (lambda: GaussianMixture(3).fit(np.where(X == X[7, 1], np.nan, X)), "finite, got nan in row 7, column 1: leave"),
        (lambda: GaussianMixture(1, reg=0).fit(LINE), "column 1 has no variance, given the columns before it"),
        (lambda: GaussianMixture(2).fit(X, start=(1, 2)), r"start must be \(weights, means, covariances\)"),
        (lambda: GaussianMixture(2).fit(X, start=X), r"start must be \(weights, means, covariances\), got ndarray"),
        (start(means=np.zeros((2, 3))), r"means of the start must be \(2, 2\), as x has 2 columns, got \(2, 3\)"),
        (start([1.0]), r"weights must be \(2,\) finite numbers for 2 components"),
        (start(covariances=np.ones((2, 2))), r"covariances must be \(2, 2, 2\) .* full covariance .*got \(2, 2\)"),
        (start([0.5, 0.6]), "weights must not be negative, and must sum to 1"),
        (start([1.5, -0.5]), "weights must not be negative"),
        (start(means=np.full((2, 2), np.nan)), "means must be .* with nan or inf"),
        (start(covariances=[np.eye(2), [[1, 0.5], [0, 1]]]), "must be a symmetric matrix"),
        (start(covariances=[np.eye(2), [[1, 2], [2, 1]]]), "component 1 is singular: column 1"),
        (m_step(np.ones(200)), r"must be \(200, 2\), one row an observation and one column a component, got \(200,\)"),
        (m_step(np.ones((200, 2))), f"{SUM}, got .* in row 0"),
        (m_step(np.full((200, 2), [1.5, -0.5])), SUM),
        (m_step(np.full((200, 2), [0.0, 1.0])), "component 0 no observation to begin with"),
        (lambda: CategoricalMixture(2, N_VALUES).fit(C[:1]), "observation for each component, got 1 for 2"),
        (lambda: CategoricalMixture(2, N_VALUES).fit(C * 1.0), r"x must be \(N, 3\) whole numbers"),
        (lambda: CategoricalMixture(2, N_VALUES).fit(C + 1), r"must lie in 0\.\."),
        (lambda: CategoricalMixture(2, N_VALUES).fit(C, start=np.ones((120, 3)) / 3), r"must be \(120, 2\)"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_model_without_data_and_data_of_another_kind():
    for model in (GaussianMixture(2), CategoricalMixture(2, [3, 3])):
        for method in model.log_prob, model.e_step, lambda x: model.sample(1, np.random.default_rng(0)):
            with pytest.raises(ValueError, match=r"call fit\(x\) first"):
                method(np.zeros((1, 2), dtype=int))
        with pytest.raises(ValueError, match="at least one observation, got none"):
            model.m_step(np.zeros((0, 2), dtype=int), np.ones((0, 2)))
    with pytest.raises(ValueError, match=r"x must be \(N, 2\) numbers, as those that the model knows, got \(5, 3\)"):
        GaussianMixture(2).fit(X).log_prob(np.zeros((5, 3)))


@pytest.mark.parametrize("covariance", KINDS)
def test_the_number_of_threads_changes_nothing(covariance):
    fits = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            fits.append(GaussianMixture(10, covariance, tol=0, max_iter=5).fit(DIGITS))
    np.testing.assert_allclose(fits[0].history, fits[1].history, rtol=1e-9)
    np.testing.assert_allclose(fits[0].means, fits[1].means, atol=1e-9)


# Categorical components

N_VALUES = [2, 3, 4]
STATES = np.array(list(itertools.product(*map(range, N_VALUES))))  # (24, 3)


def draw_categorical(n, seed):
    """Draw from a mixture of two: (n, 3), of which value 3 of the last feature never occurs."""
    rng = np.random.default_rng(seed)
    z = rng.random(n) < 0.4
    columns = [np.where(z, rng.choice(v, n, p=p), rng.choice(v, n, p=q)) for v, p, q in [
        (2, [0.9, 0.1], [0.2, 0.8]), (3, [0.8, 0.1, 0.1], [0.1, 0.1, 0.8]), (3, [0.1, 0.8, 0.1], [0.3, 0.1, 0.6])]]  # fmt: skip
    return np.stack(columns, axis=1)


C = draw_categorical(120, 0)


def tables(model):
    """Return each component's table of each feature, [k][f] (n_values[f],)."""
    splits = np.cumsum(model.n_values)[:-1]
    return [np.split(model.component(k).theta, splits) for k in range(model.n_components)]


def log_joint_categorical(weights, tables, x):
    """Return log p(x, z) (N, K), feature by feature."""
    with np.errstate(divide="ignore"):
        return np.stack(
            [
                np.log(w) + sum(np.log(table[x[:, f]]) for f, table in enumerate(part))
                for w, part in zip(weights, tables)
            ],
            axis=1,
        )


@pytest.mark.parametrize("alpha", [0, 0.001, 1])
@pytest.mark.parametrize("K", [1, 2, 5])
def test_the_probabilities_sum_to_one(K, alpha):
    model = CategoricalMixture(K, N_VALUES, alpha).fit(C)
    log_prob = model.log_prob(STATES)
    assert np.exp(log_prob).sum() == pytest.approx(1, abs=1e-12)
    expected = log_joint_categorical(model.weights, tables(model), STATES)
    np.testing.assert_allclose(log_prob, logsumexp(expected, axis=1), rtol=1e-10)
    possible = log_prob > -np.inf
    assert possible.all() == (alpha > 0)
    np.testing.assert_allclose(
        model.responsibilities(STATES)[possible], softmax(expected[possible], axis=1), atol=1e-12
    )
    assert np.isnan(model.responsibilities(STATES)[~possible]).all()
    for part in tables(model):
        np.testing.assert_allclose([table.sum() for table in part], 1)


@pytest.mark.parametrize("K", [1, 2, 7, 30])
def test_the_seeds_are_those_of_scikit_learn(K):
    data = CategoricalMixture(K, N_VALUES)._encode(C, new=True)
    for seed in range(10):
        _, expected = kmeans_plusplus(data, K, random_state=seed)
        assert _seeds(data, K, np.random.RandomState(seed)) == list(expected)


@pytest.mark.parametrize("alpha", [0, 0.5])
def test_one_component_is_naive_bayes(alpha):
    model, expected = CategoricalMixture(1, N_VALUES, alpha).fit(C), NaiveBayes(N_VALUES, alpha).fit(C)
    np.testing.assert_allclose(model.component(0).theta, expected.theta, rtol=1e-12)
    np.testing.assert_allclose(model.log_prob(STATES), expected.log_prob(STATES), rtol=1e-12)


def test_a_step_by_hand():
    responsibilities = np.random.default_rng(1).dirichlet([1, 1], size=len(C))
    model = CategoricalMixture(2, N_VALUES, alpha=0.3, max_iter=0).fit(C, start=responsibilities)
    np.testing.assert_allclose(model.weights, responsibilities.mean(axis=0))
    for k, part in enumerate(tables(model)):
        r = responsibilities[:, k]
        for f, table in enumerate(part):
            expected = [(r[C[:, f] == v].sum() + 0.3) / (r.sum() + 0.3 * N_VALUES[f]) for v in range(N_VALUES[f])]
            np.testing.assert_allclose(table, expected)
    again = CategoricalMixture(2, N_VALUES, alpha=0.3).m_step(C, responsibilities)
    np.testing.assert_array_equal(again.log_prob(C), model.log_prob(C))


def objective(weights, tables, alpha):
    """Return (log-likelihood + α Σ log θ)/N."""
    log_likelihood = logsumexp(log_joint_categorical(weights, tables, C), axis=1).mean()
    return log_likelihood + alpha * sum(np.log(table).sum() for part in tables for table in part) / len(C)


@pytest.mark.parametrize("alpha", [0.01, 1])
def test_the_gradient_is_zero_where_em_stops_on_tables(alpha):
    model = CategoricalMixture(2, N_VALUES, alpha, tol=0, max_iter=3000).fit(C)
    fitted = tables(model)
    assert objective(model.weights, fitted, alpha) == pytest.approx(model.history[-1], abs=1e-10)

    def moved(theta):
        weights = softmax(np.log(model.weights) + theta[:2])
        logits = iter(np.split(theta[2:], np.cumsum(N_VALUES * 2)[:-1]))
        return objective(weights, [[softmax(np.log(t) + next(logits)) for t in part] for part in fitted], alpha)

    assert abs(approx_fprime(np.zeros(2 + 2 * sum(N_VALUES)), moved, 1e-6)).max() < 1e-5


@settings(deadline=None, max_examples=150)
@given(
    seed=st.integers(0, 2**32 - 1), n=st.integers(5, 60), n_values=st.lists(st.integers(1, 6), min_size=1, max_size=5),
    K=st.integers(1, 5), alpha=st.sampled_from([0, 1e-3, 0.1, 2]),
)  # fmt: skip
def test_the_objective_never_falls(seed, n, n_values, K, alpha):
    rng = np.random.default_rng(seed)
    x = rng.integers(np.ceil(np.array(n_values) * rng.random()), size=(n, len(n_values)))
    model = CategoricalMixture(K, n_values, alpha, tol=0, max_iter=30).fit(x, rng)
    history = np.array(model.history)
    assert np.isfinite(history).all()
    assert (np.diff(history) > -1e-10 * (1 + abs(history[1:]))).all()
    if alpha == 0:
        assert history[-1] == pytest.approx(model.log_prob(x).mean())


def test_samples_have_the_probabilities_of_the_tables():
    model = CategoricalMixture(2, N_VALUES, alpha=0.5).fit(C)
    n = 40_000
    z, x = model.sample_joint(n, np.random.default_rng(0))
    assert x.shape == (n, 3) and x.dtype == np.uint8
    np.testing.assert_array_equal(model.sample(n, np.random.default_rng(0)), x)
    state = np.ravel_multi_index(x.T, N_VALUES)
    expected = np.exp(log_joint_categorical(model.weights, tables(model), STATES))  # (24, 2)
    assert chisquare(np.bincount(2 * state + z, minlength=48), n * expected.ravel()).pvalue > 0.001
    assert model.sample(0, np.random.default_rng(0)).shape == (0, 3)


def test_more_components_than_kinds_of_observations():
    x = np.repeat([[0, 0, 0], [1, 2, 3]], 5, axis=0)
    for alpha in (0, 0.1):
        model = CategoricalMixture(4, N_VALUES, alpha).fit(x)
        assert np.exp(model.log_prob(STATES)).sum() == pytest.approx(1)
        assert (model.weights > 0).sum() == 2


def test_a_second_fit_forgets_the_first():
    model = CategoricalMixture(2, N_VALUES, alpha=0.1)
    first = model.fit(C).log_prob(STATES)
    other = model.fit(STATES).log_prob(STATES)
    assert abs(first - other).max() > 0.1
    np.testing.assert_array_equal(model.fit(C).log_prob(STATES), first)
    with pytest.raises(ValueError, match="got 1 for 2: take fewer components"):
        model.fit(STATES[-1:])
    with pytest.raises(ValueError, match=r"call fit\(x\) first"):  # not the old tables for new values
        model.log_prob(C)

"""The numbers of lesson 14, beside computations that use none of the course's models."""

import numpy as np
import pytest
from oracle import header
from scipy.special import logsumexp
from scipy.stats import entropy, norm


def test_14_the_bound_is_a_sum_over_all_faces(planet, lesson):
    """p_data's mean of three logarithms, with scipy's densities; faces of the training set and others apart."""
    p, met = planet["p"], np.isin(np.arange(len(planet["p"])), planet["train"])
    z, mu, log_var = (lesson[f"{name}.double().numpy()"] for name in ("z", "mu", "log_var"))
    nats = norm.logpdf(z, mu, np.exp(log_var / 2)).sum(axis=1) - norm.logpdf(z).sum(axis=1) - lesson["fit"]
    first = lesson["first"]
    assert first.nats == pytest.approx(p @ nats, abs=1e-3)
    assert first.training == pytest.approx(p[met] @ nats[met] / p[met].sum(), abs=1e-3)
    assert first.others == pytest.approx(p[~met] @ nats[~met] / p[~met].sum(), abs=1e-3)
    assert first.nats == pytest.approx(header("vae")[0]["score"]["bound"], abs=0.2)  # other z, the same faces


def test_14_news_and_address(planet, lesson):
    """Both parts of the KL, with q(z) summed face by face; z tells no more than there is to know."""
    p = planet["p"] / planet["p"].sum()
    z, mu, log_var = (lesson[f"{name}.double().numpy()"] for name in ("z", "mu", "log_var"))
    some = np.arange(0, len(p), 50)
    log_q_z = np.array([logsumexp(norm.logpdf(z[i], mu, np.exp(log_var / 2)).sum(axis=1), b=p) for i in some])
    np.testing.assert_allclose(lesson["log_q_z"][some], log_q_z, atol=1e-3)
    exact = p @ (0.5 * (mu**2 + np.exp(log_var) - 1 - log_var)).sum(axis=1)
    assert lesson["kl_each.sum()"] == pytest.approx(exact, abs=1e-3)
    assert lesson["news + elsewhere"] == pytest.approx(exact, abs=0.3)
    assert 0 < lesson["news"] < entropy(p) + 0.1


def test_14_the_priors(planet, lesson):
    """Only log p(z) changes: what each prior saves is its mean log-density, and the number of components is validation's."""
    p, said, priors = planet["p"], lesson["said"], lesson["priors"]
    for name, log_p_z in priors.items():
        saved = p @ (log_p_z - priors["N(0, I)"])
        assert said["N(0, I)"].nats - said[name].nats == pytest.approx(saved, abs=1e-3)
    z, mu, log_var = (lesson[f"{name}.double().numpy()"] for name in ("z", "mu", "log_var"))
    codes = planet["train"]
    some = np.arange(0, len(p), 100)
    album = [logsumexp(norm.logpdf(z[i], mu[codes], np.exp(log_var[codes] / 2)).sum(axis=1)) for i in some]
    np.testing.assert_allclose(priors["album"][some], np.array(album) - np.log(len(codes)), atol=1e-3)
    assert lesson["best"] == min(lesson["on_validation"].items(), key=lambda pair: pair[1])[0]


def test_14_the_share(lesson):
    """A pixel that had probability p has (1 − ε) p + ε / 256."""
    each, share = lesson["each[:20]"], lesson["share"]
    mixed = np.log((1 - share) * np.exp(each) + share / 256).sum(axis=1)
    np.testing.assert_allclose(lesson["with_share(share)[:20]"], mixed, rtol=1e-6)


def test_14_two_kinds_of_noise(lesson):
    """A picture is exact only if it is a face: never more often than Rule 1 says."""
    for s in lesson["list(noise.values())"]:
        assert s.exact <= s.rule1


def test_14_the_scoreboard(lesson):
    files = {"NADE": "nade", "Row LSTM": "pixelrnn_row", "Diagonal": "pixelrnn_diagonal", "VAE": "vae"}
    assert lesson["scores"] == {name: header(file)[0]["score"] for name, file in files.items()}


def test_14_arithmetic(planet, lesson):
    """Asked of all different test faces that have the old value; of a bald one nobody sees the hair's colour."""
    met = planet["styles"][np.unique(planet["test"])]
    olds = ["Blank", "Brown", "Blonde", "NoHair", "NoHair"]
    for old, asked in zip(olds, lesson["[len(result[2]) for result in results.values()]"], strict=True):
        assert asked == sum(old in style for style in met)

"""The numbers of lesson 14, beside computations that use none of the course's models."""

import numpy as np
import pytest
from oracle import header
from safetensors import safe_open
from scipy.special import logsumexp
from scipy.stats import entropy, multivariate_normal, norm

from course_utils import files


def test_14_the_bound_is_a_sum_over_all_faces(planet, lesson):
    """p_data's mean of three logarithms, with scipy's densities; faces of the training set and others apart."""
    p, met = planet["p"], np.isin(np.arange(len(planet["p"])), planet["train"])
    z, mu, log_var = (lesson[f"{name}.double().numpy()"] for name in ("z", "mu", "log_var"))
    nats = norm.logpdf(z, mu, np.exp(log_var / 2)).sum(axis=1) - norm.logpdf(z).sum(axis=1) - lesson["fit"]
    first = lesson["first"]
    assert first.nats == pytest.approx(p @ nats, abs=1e-3)
    assert first.training == pytest.approx(p[met] @ nats[met] / p[met].sum(), abs=1e-3)
    assert first.others == pytest.approx(p[~met] @ nats[~met] / p[~met].sum(), abs=1e-3)


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
    knows_all = [logsumexp(norm.logpdf(z[i], mu, np.exp(log_var / 2)).sum(axis=1), b=p / p.sum()) for i in some]
    np.testing.assert_allclose(priors["q(z)"][some], knows_all, atol=1e-3)
    on_validation = lesson["on_validation"]
    assert lesson["best"] == min(on_validation, key=on_validation.get)
    fit, log_q = lesson["fit"], norm.logpdf(z, mu, np.exp(log_var / 2)).sum(axis=1)
    nats = (log_q - fit - priors["mixture"])[planet["validation"]].mean()
    assert on_validation[lesson["best"]] == pytest.approx(nats, abs=1e-3)


def test_14_the_share(lesson):
    """A pixel that had probability p has (1 − ε) p + ε / 256."""
    each, share = lesson["each[:20]"], lesson["share"]
    mixed = np.log((1 - share) * np.exp(each) + share / 256).sum(axis=1)
    np.testing.assert_allclose(lesson["with_share(share)[:20]"], mixed, rtol=1e-6)


def test_14_two_kinds_of_noise(planet, lesson):
    """A picture is exact if its bytes are a face's, and valid by the recogniser then too; the album shows none that is new."""
    faces = {face.tobytes() for face in planet["pixels"]}
    pictures, noise = lesson["at_random"], lesson["noise"]
    for way, pixels in pictures.items():
        exact = np.mean([picture.astype(np.uint8).tobytes() in faces for picture in pixels])
        assert noise["z ~ p(z)", way].exact == pytest.approx(exact)
        assert exact <= noise["z ~ p(z)", way].rule1
    drawn = lesson["drawn"]
    shown = drawn["album"].faces[drawn["album"].valid]
    assert drawn["album"].rule2 == pytest.approx(np.sum(~np.isin(shown, planet["train"])) / drawn["album"].n)


def test_14_the_file(planet, lesson):
    """With its own mixture and share, log p(z) by scipy, the bound is the one that the file says of itself."""
    p, met = planet["p"], np.isin(np.arange(len(planet["p"])), planet["train"])
    says = header("vae")[0]["score"]
    with safe_open(files.DATA / "checkpoints" / "vae_planet_pixel.safetensors", framework="numpy") as checkpoint:
        weights = {name: checkpoint.get_tensor(name) for name in checkpoint.keys() if "prior" in name}
    z, mu, log_var = (lesson[f"{name}.double().numpy()"] for name in ("z", "mu", "log_var"))
    roots, means = (weights[f"prior.{name}"].astype(float) for name in ("roots", "means"))
    some = np.arange(0, len(p), 150)
    log_n = [multivariate_normal(m, L @ L.T).logpdf(z[some]) for m, L in zip(means, roots)]
    log_p_z = logsumexp(np.array(log_n) + weights["prior.log_weights"].astype(float)[:, None], axis=0)
    np.testing.assert_allclose(lesson["by_file"][some], log_p_z, atol=2e-2)
    log_q = norm.logpdf(z, mu, np.exp(log_var / 2)).sum(axis=1)
    nats = log_q - lesson["by_file"] - lesson["with_share(stored_share)"]
    np.testing.assert_allclose(lesson["nats"], nats, atol=1e-3)
    for part, what in [(met | True, "bound"), (met, "training faces"), (~met, "other faces")]:
        assert p[part] @ nats[part] / p[part].sum() == pytest.approx(says[what], abs=0.5 if what == "bound" else 1)


def test_14_arithmetic(planet, lesson):
    """Asked of all different test faces that have the old value; of a bald one nobody sees the hair's colour."""
    met = planet["styles"][np.unique(planet["test"])]
    olds = ["Blank", "Brown", "Blonde", "NoHair", "NoHair"]
    for old, asked in zip(olds, lesson["[len(result[2]) for result in results.values()]"], strict=True):
        assert asked == sum(old in style for style in met)

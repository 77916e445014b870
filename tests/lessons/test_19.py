"""The numbers of lesson 19, beside computations that use none of the course's models."""

from math import prod

import numpy as np
import pytest
from oracle import by_lot, header, log_prob_of, price
from safetensors import safe_open
from scipy.special import logsumexp
from scipy.stats import entropy, norm, sem

from course_utils.files import CHECKPOINTS

FILES = {
    "NADE": "nade",
    "Row LSTM": "pixelrnn_row",
    "Diagonal": "pixelrnn_diagonal",
    "Transformer": "transformer",
    "Masked diffusion": "masked_diffusion",
    "VAE": "vae",
    "VAE, flow": "vae_flow",
    "Latent diffusion": "latent_diffusion",
    "GAN": "gan",
}


@pytest.fixture(scope="module")
def board(lesson):
    """The scoreboard, a table with a row for each painter."""
    return lesson["board"]


@pytest.fixture(scope="module")
def seen(planet):
    """Which of the 3,552 faces are in the training set."""
    return np.isin(np.arange(3552), planet["train"])


@pytest.fixture(scope="module")
def chain(planet):
    """log p(x) (3552,) of lesson 10's Markov chain, counted pair by pair."""
    alpha, train, faces = 0.0001, planet["pixels"][planet["train"]], planet["pixels"]
    log_p = np.zeros(3552)
    for i in range(1024):
        last_train = train[:, i - 1] if i else np.zeros(2000, dtype=int)
        last = faces[:, i - 1] if i else np.zeros(3552, dtype=int)
        values, inverse = np.unique(np.column_stack([last, faces[:, i]]), axis=0, return_inverse=True)
        bets = []
        for before, colour in values:
            same = last_train == before
            bets.append((np.sum(train[same, i] == colour) + alpha) / (same.sum() + 256 * alpha))
        log_p += np.log(bets)[inverse.reshape(-1)]
    return log_p


def test_19_the_nats(planet, counted, seen, chain, lesson):
    nats, p = lesson["nats"], planet["p"]
    both = {
        "Naive Bayes": log_prob_of(counted, 0.001, planet["pixels"]),
        "p_data": np.log(p),
        "Markov chain": chain,
    }
    for name, log_q in both.items():
        by_hand = -p @ log_q, -p[seen] @ log_q[seen] / p[seen].sum(), -p[~seen] @ log_q[~seen] / p[~seen].sum()
        np.testing.assert_allclose(nats.loc[name, ["nats", "training", "others"]].astype(float), by_hand, err_msg=name)
    np.testing.assert_allclose(nats.loc["Naive Bayes", "nats"], price(planet, counted, 0.001))
    copies = np.bincount(planet["train"], minlength=3552)[seen] / 2000
    assert nats.loc["photocopier", "training"] == pytest.approx(-p[seen] @ np.log(copies) / p[seen].sum())
    assert np.isinf(nats.loc["photocopier", ["nats", "others"]].astype(float)).all() and "GAN" not in nats.index
    assert lesson["share"] == pytest.approx(p[seen].sum())


@pytest.mark.parametrize("name", [name for name in FILES if name != "GAN"])
def test_19_the_split_gives_the_whole_that_the_checkpoint_names(planet, seen, lesson, name):
    nats, share, score = lesson["nats"].loc[name], planet["p"][seen].sum(), header(FILES[name])[0]["score"]
    assert lesson["board"].loc[name, "density"] == ("exact" if name in ("NADE", "Row LSTM", "Diagonal") else "bound")
    assert share * nats["training"] + (1 - share) * nats["others"] == pytest.approx(nats["nats"], abs=0.01)
    assert nats["nats"] == score.get("nats", score.get("bound"))


def test_19_the_rules(planet, seen, board, lesson):
    rules, p = board[["Rule 1", "exact", "Rule 2", "coverage"]], planet["p"]
    assert (rules.loc[["p_data", "photocopier"], ["Rule 1", "exact"]] == 1).all(axis=None)
    unseen = p[~seen].sum()
    assert rules.loc["photocopier", "Rule 2"] == 0
    assert rules.loc["p_data", "Rule 2"] == pytest.approx(unseen, abs=by_lot(unseen, 500))
    assert lesson["scores['p_data'].reference_coverage"] == pytest.approx((p * (1 - (1 - p) ** 500)).sum())
    assert (rules.loc[["Naive Bayes", "Markov chain", "mixture of 60"]] == 0).all(axis=None)


@pytest.mark.parametrize("name", FILES)
def test_19_the_rules_of_the_trained_are_their_headers(board, name):
    score = header(FILES[name])[0]["score"]
    said = [score["rule 1"], score["exact"], score["rule 2"], score["coverage"]]
    assert board.loc[name, ["Rule 1", "exact", "Rule 2", "coverage"]].tolist() == said


@pytest.mark.parametrize("name", ["NADE", "Row LSTM", "Transformer", "VAE, flow", "Latent diffusion", "GAN"])
def test_19_exact_faces_by_a_set_of_faces(planet, lesson, name):
    """A picture is exact if it is one of the 3,552; the GAN's colours are none of the palette, and taken for the nearest.

    Of the thirty that hang there as many as the header says, within four standard errors.
    """
    known = {face.tobytes() for face in planet["palette"][planet["pixels"]]}
    pictures, exact = lesson[f"pictures['{name}']"], lesson["board"].loc[name, "exact"]
    pictures = pictures.reshape(-1, 1024, 3)
    if name == "GAN":
        away = [((x[:, None].astype(int) - planet["palette"]) ** 2).sum(axis=2).argmin(axis=1) for x in pictures]
        assert not any(planet["palette"][rows].tobytes() in known for rows in away) and exact < 0.05
    else:
        share = np.mean([x.tobytes() in known for x in pictures])
        assert len(pictures) == 30 and share == pytest.approx(exact, abs=by_lot(exact, 30) + 0.05)


def size(file, begins, without=False):
    """Return how many numbers of a file have a name that begins so, or has not."""
    with safe_open(CHECKPOINTS / f"{file}_planet_pixel.safetensors", framework="numpy") as checkpoint:
        shapes = {name: checkpoint.get_slice(name).get_shape() for name in checkpoint.keys()}
    return sum(prod(shape) for name, shape in shapes.items() if name.startswith(begins) != without)


def test_19_how_many_numbers(lesson):
    pairs = 255 + 1023 * 256 * 255
    parameters = {"Naive Bayes": 1024 * 255, "Markov chain": pairs, "mixture of 60": 60 * 1024 * 255 + 59}
    parameters |= {name: header(file)[1] for name, file in FILES.items()}
    # what the files hold and nobody has fitted: which half a coupling keeps, mean and width that only standardise
    parameters["VAE, flow"] -= 8 * 12 + 2 * 12
    # the decoder's and the encoder's numbers are those of the VAE with the flow
    flow, diffusion = size("vae_flow", "prior."), size("latent_diffusion", ("mean", "std"), without=True)
    parameters["Latent diffusion"] = header("vae_flow")[1] - flow + diffusion
    # the file holds the zeros of its 200 triangular roots as well, and a weight that follows from the others
    parameters["VAE"] -= 200 * 12 * 11 // 2 + 1
    parameters["VAE, likeliest x"] = parameters["VAE"]
    assert lesson["{name: model.n_parameters for name, model in models.items()}"] == parameters


def test_19_what_a_divergence_is_made_of(planet, counted, chain, lesson):
    """By probabilities that sum to one: of Naive Bayes given that it paints a face, and of the Markov chain."""
    p = planet["p"]
    for name, log_q in [
        ("Naive Bayes", log_prob_of(counted, 0.001, planet["pixels"])),
        ("Markov chain", chain),
    ]:
        outside = -logsumexp(log_q)
        among = p @ (np.log(p) - log_q - outside)
        np.testing.assert_allclose(lesson["parts"].loc[name].astype(float), (outside + among, outside, among))


def test_19_heavy_tails(planet, chain, lesson):
    """With a normal tail both sides would fail equally often; by a chain counted anew, other draws and scipy's own standard error."""
    p, surprise = planet["p"], -chain
    samples = surprise[np.random.default_rng(7).choice(3552, (4000, 25), p=p)]
    error = 2 * sem(samples, axis=1, ddof=0)
    below = np.mean(samples.mean(axis=1) + error < p @ surprise)
    above = np.mean(samples.mean(axis=1) - error > p @ surprise)
    assert lesson["too_low"] == pytest.approx(below, abs=by_lot(below, 1000)) and below > 5 * above
    assert lesson["too_high"] == pytest.approx(above, abs=by_lot(above, 1000))


def test_19_a_painter_who_is_only_blind(planet, lesson):
    """Its bets at thirty pixels, by a table of the faces that look alike in the triangle: no random numbers."""
    p, faces = planet["p"], planet["pixels"]
    places = np.random.default_rng(0).choice(1024, 30, replace=False).tolist()
    asked = lesson[f"[(np.flatnonzero(sees[k]), mass(seen[:, k]), mass(seen[:, k] + own[:, k])) for k in {places}]"]
    for k, (sees, *masses) in zip(places, asked):
        i, j = divmod(k, 32)
        triangle = [32 * y + x for y in range(i + 1) for x in range(32)
                    if (x < j and x >= j - 6 if y == i else j - 6 - (i - y) <= x <= j + 2 + (i - y))]  # fmt: skip
        assert triangle == sees.tolist()
        visible = [face.tobytes() for face in np.ascontiguousarray(faces[:, triangle])]
        with_own = [past + bytes([colour]) for past, colour in zip(visible, faces[:, k].tolist())]
        for keys, mass in zip((visible, with_own), masses):
            table = dict.fromkeys(keys, 0.0)
            for key, weight in zip(keys, p):
                table[key] += weight
            np.testing.assert_allclose(mass, [table[key] for key in keys])
    outside = -logsumexp(lesson["log_ideal"])
    kl = -p @ lesson["log_ideal"] - entropy(p)
    np.testing.assert_allclose(lesson["parts"].loc["ideal Row LSTM"].astype(float), (kl, outside, kl - outside))
    assert 0 < outside < kl  # the floor


def test_19_copies_and_dice(planet, seen, lesson):
    """What a hundredth of p_data costs; the forger's nats by a sum over all faces, where its painter is a flat one."""
    p, copies = planet["p"], np.bincount(planet["train"], minlength=3552) / 2000
    exact, spoilt = lesson["(H, -p @ log_spoilt)"]
    assert exact == pytest.approx(entropy(p)) and exact < spoilt <= exact + np.log(100) + 1e-9
    for name in ("NADE", "Diagonal"):
        others = lesson["nats"].loc[name, "others"]
        flat = np.full(3552, np.exp(-others))  # what NADE says of a training face is left out: it can only help
        for new in (0.5, 0.1, 0.01):
            mix = (1 - new) * copies + np.where(seen, 0, new * flat)
            assert lesson[f"forger('{name}', {new})"] == pytest.approx(-p @ np.log(mix))


def test_19_wrong_pixels(planet, lesson):
    """By the smallest number of differing palette numbers, over all faces and with another order of loops."""
    number = {colour.tobytes(): i for i, colour in enumerate(planet["palette"])}
    for name in ("Markov chain", "mixture of 60"):
        pictures = lesson[f"pictures['{name}'][:10]"].reshape(10, 1024, 3)
        pixels = np.array([[number[colour.tobytes()] for colour in x] for x in pictures])
        least = np.full(10, 1024)
        for face in planet["pixels"]:
            least = np.minimum(least, (pixels != face).sum(axis=1))
        assert lesson[f"off['{name}']"] == pytest.approx(least.mean())


def test_19_exercises():
    a, b = 0.60, 0.50
    apart = (a - b) / np.sqrt(a * (1 - a) / 100 + b * (1 - b) / 100)
    assert round(apart, 1) == 1.4 and 2 * norm.sf(apart) == pytest.approx(1 / 6, abs=0.02)  # "one time in six"
    assert round(np.log(20)) == 3 and round(1 / np.exp(-2)) == 7  # "three nats", "one in seven"


def test_19_five_features_counted(planet, seen, lesson):
    """The nats of who counts each feature of the training faces, by dicts, and the colour of hair of those who have hair."""
    p, styles = planet["p"], lesson["p_data.styles"].astype(str)
    training = styles.iloc[planet["train"]]
    hairy = training[training["topType"] != "NoHair"]
    shares = {feature: training[feature].value_counts(normalize=True).to_dict() for feature in styles}
    shares["hairColor"] = hairy["hairColor"].value_counts(normalize=True).to_dict()
    log_q = np.zeros(3552)
    for i, face in enumerate(styles.to_dict("records")):
        for feature, value in face.items():
            if feature != "hairColor" or face["topType"] != "NoHair":
                log_q[i] += np.log(shares[feature][value])
    p_data, copier, five = lesson["entries"]
    assert np.exp(log_q).sum() == pytest.approx(1, abs=1e-6) and five.nats == pytest.approx(-p @ log_q)
    assert five.training == pytest.approx(-p[seen] @ log_q[seen] / p[seen].sum())
    assert p_data.nats == pytest.approx(entropy(p)) and np.isinf(copier.nats)
    found = [[words.partition(":")[0] for words in entry.remarks] for entry in (p_data, copier, five)]
    assert found == [["the truth, or a leak"], ["photocopier"], ["the truth, or a leak"]]


def test_19_how_much_of_p_data_is_enough(planet, lesson):
    """A mix of p_data with what never paints a face has the nats of the Transformer at this share."""
    nats = header("transformer")[0]["score"]["nats"]
    assert -planet["p"] @ np.log(lesson["enough"] * planet["p"]) == pytest.approx(nats)

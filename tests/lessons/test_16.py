"""The numbers of lesson 16, beside computations that use none of the course's models."""

import numpy as np
import pytest
from oracle import SIZES, by_lot, header, log_prob_of, price
from scipy.stats import entropy, norm, spearmanr
from sklearn.decomposition import PCA

FILES = {"NADE": "nade", "Row LSTM": "pixelrnn_row", "Diagonal": "pixelrnn_diagonal", "VAE": "vae", "GAN": "gan"}


@pytest.fixture(scope="module")
def board(lesson):
    """The scoreboard, a table with a row for each painter."""
    return lesson["board"]


@pytest.fixture(scope="module")
def seen(planet):
    """Which of the 3,552 faces are in the training set."""
    return np.isin(np.arange(3552), planet["train"])


def test_16_the_nats(planet, counted, seen, board, lesson):
    nats, p, faces = board[["200 faces", "±", "all faces"]], planet["p"], planet["test"][:200]
    kl = np.log(p[faces]) - log_prob_of(counted, 0.001, planet["pixels"][faces])
    by_hand = entropy(p) + kl.mean(), kl.std() / np.sqrt(200), price(planet, counted, 0.001)
    np.testing.assert_allclose(nats.loc["Naive Bayes"], by_hand)
    np.testing.assert_allclose(nats.loc["p_data"], (entropy(p), 0, entropy(p)))
    assert np.isinf(nats.loc["photocopier", ["200 faces", "all faces"]]).all() and nats.loc["GAN"].isna().all()
    for name, file in FILES.items():
        score, _ = header(file)
        if name != "GAN":
            exact = score["score"].get("nats", score["score"].get("bound"))
            assert nats.loc[name, "200 faces"] == pytest.approx(exact, abs=3 * nats.loc[name, "±"])
    assert nats.loc["NADE", "all faces"] == pytest.approx(header("nade")[0]["score"]["nats"], abs=0.1)
    assert lesson["missing"] == pytest.approx(p[~seen].sum())


def test_16_the_rules(planet, seen, board, lesson):
    rules, p = board[["Rule 1", "Rule 2", "coverage"]], planet["p"]
    assert (rules.loc[["p_data", "photocopier"], "Rule 1"] == 1).all() and rules.loc["photocopier", "Rule 2"] == 0
    unseen = p[~seen].sum()
    assert rules.loc["p_data", "Rule 2"] == pytest.approx(unseen, abs=by_lot(unseen, 100))
    assert lesson["scores['p_data'].reference_coverage"] == pytest.approx((p * (1 - (1 - p) ** 100)).sum())
    assert (rules.loc[["Naive Bayes", "mixture of 60"]] == 0).all(axis=None)


def test_16_how_many_numbers(lesson):
    parameters = {"Naive Bayes": 1024 * 255, "mixture of 60": 60 * 1024 * 255 + 59}
    assert lesson["parameters"] == parameters | {name: header(file)[1] for name, file in FILES.items()}


def test_16_copies_and_dice(planet, seen, lesson):
    """What a hundredth of NADE costs, and the forger's nats by NADE's means over known and unknown faces."""
    p, copies = planet["p"], np.bincount(planet["train"], minlength=3552) / 2000
    exact, spoilt, log_nade = lesson["(exact['NADE'], -p @ log_spoilt, everybody['NADE'])"]
    assert exact < spoilt <= exact + np.log(100) + 1e-9
    for new in (0.01, 1e-9):
        by_hand = -p[seen] @ np.log((1 - new) * copies[seen]) - p[~seen] @ (np.log(new) + log_nade[~seen])
        assert lesson[f"-p @ log_forger({new})"] == pytest.approx(by_hand, abs=0.05)  # NADE's share of known faces


def test_16_bits_a_pixel(planet, lesson):
    costs = lesson["costs"]
    assert costs["any colour anywhere"] == pytest.approx(1024 * 8 * np.log(2))
    assert costs["H(p_data)"] == pytest.approx(entropy(planet["p"]))


@pytest.fixture(scope="module")
def rgb(planet):
    """All faces as numbers in [0, 1], (3552, 3072)."""
    return planet["palette"][planet["pixels"]].reshape(3552, -1) / 255


@pytest.fixture(scope="module")
def components(planet, rgb):
    """The portraits' first twenty principal components, of all faces, (3552, 20), by another solver than the lesson's."""
    return PCA(20, svd_solver="arpack", random_state=0).fit(rgb[planet["train"]]).transform(rgb)


def test_16_nearest_neighbours(planet, rgb, board, lesson):
    album = rgb[np.unique(planet["train"])]
    twins = [(((album - rgb[face]) ** 2).sum(axis=1) < 1).any() for face in planet["test"][:500]]
    assert lesson["copies(test.images()[:500])"] == pytest.approx(np.mean(twins))
    photocopier, gan = lesson["[copies(pictures[name]) for name in ('photocopier', 'GAN')]"]
    assert photocopier == 1
    assert gan < board.loc["GAN", "Rule 1"] - board.loc["GAN", "Rule 2"]  # a face with a speck has no twin


def test_16_the_truth_is_far_from_itself_with_few_pictures(planet, components, lesson):
    rng, p = np.random.default_rng(1), planet["p"]
    album = components[planet["train"]]

    def distance(n: int) -> float:
        some = components[rng.choice(3552, n, p=p)]
        A, B = np.cov(some.T), np.cov(album.T)
        values, vectors = np.linalg.eigh(A)
        root = (vectors * np.sqrt(values.clip(0))) @ vectors.T  # tr (AB)^½ = tr (A^½ B A^½)^½
        middle = np.sqrt(np.linalg.eigvalsh(root @ B @ root).clip(0)).sum()
        return ((some.mean(axis=0) - album.mean(axis=0)) ** 2).sum() + np.trace(A) + np.trace(B) - 2 * middle

    own = lesson["dict(zip(sizes, own))"]
    for n in (50, 400, 3200):
        draws = [distance(n) for _ in range(20)]
        assert own[n] == pytest.approx(np.mean(draws), abs=4 * np.std(draws) * np.sqrt(2 / 20))


@pytest.mark.parametrize("proxy, rule", [("precision", "Rule 1"), ("recall", "coverage")])
def test_16_the_proxies(board, lesson, proxy, rule):
    assert lesson[f"rank.loc['{proxy}', '{rule}']"] == pytest.approx(spearmanr(board[proxy], board[rule]).statistic)


def test_16_the_alarm(planet, counted, lesson):
    p, faces, styles = planet["p"], planet["pixels"][planet["test"][:200]], planet["styles"]
    squares = faces[:40].reshape(-1, 32, 32)
    halves = squares.copy()
    halves[1:, :, 16:], halves[0, :, 16:] = squares[:-1, :, 16:], squares[-1, :, 16:]
    wanted = {"topType": "NoHair", "accessoriesType": "Blank", "clothingColor": "White"}
    monk = np.all([styles[:, list(SIZES).index(name)] == value for name, value in wanted.items()], axis=0)
    foreign = squares[:, ::-1], halves, np.full((1, 1024), faces[0, 0]), planet["pixels"][monk]

    def beaten(usual, strange) -> float:
        return np.mean([(usual < x).mean() + (usual == x).mean() / 2 for x in strange])

    def nats(some):
        return -log_prob_of(counted, 0.001, some.reshape(-1, 1024))

    found = lesson["found"]
    np.testing.assert_allclose(found.loc["Naive Bayes"], [beaten(nats(faces), nats(x)) for x in foreign], atol=0.005)
    truth = beaten(-np.log(p[planet["test"][:200]]), -np.log(p[monk]))
    np.testing.assert_allclose(found.loc["p_data"], (1, 1, 1, truth), atol=0.005)


def test_16_who_is_left_out(planet, lesson):
    black = planet["styles"][:, list(SIZES).index("clothingColor")] == "Black"
    share, in_the_album = lesson["(p[black].sum(), n_copies[black].sum())"]
    assert share == pytest.approx(planet["p"][black].sum()) and in_the_album == black[planet["train"]].sum()


def test_16_exercises():
    a, b = 0.60, 0.50
    apart = (a - b) / np.sqrt(a * (1 - a) / 100 + b * (1 - b) / 100)
    assert round(apart, 1) == 1.4 and 2 * norm.sf(apart) == pytest.approx(1 / 6, abs=0.02)  # "one time in six"
    assert round(3.00 * 3072 * np.log(2)) == 6388 and round(20 / (1024 * np.log(2)), 3) == 0.028

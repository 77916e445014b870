"""The numbers of lesson 20, beside computations that use none of the course's models."""

from math import comb

import numpy as np
import pytest
from oracle import SIZES, log_prob_of
from scipy.stats import entropy, poisson, spearmanr
from sklearn.decomposition import PCA


@pytest.fixture(scope="module")
def board(lesson):
    """The table of the rules and their proxies, with a row for each painter."""
    return lesson["board"]


def test_20_bits_a_pixel(planet, lesson):
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


def test_20_nearest_neighbours(planet, rgb, board, lesson):
    album, new = rgb[np.unique(planet["train"])], rgb[planet["test"][:500]]
    squared = (album**2).sum(axis=1) - 2 * new @ album.T + (new**2).sum(axis=1)[:, None]
    twins = (squared < 1).any(axis=1)
    assert lesson["copies(test.images()[:500])"] == pytest.approx(np.mean(twins))
    photocopier, gan = lesson["[copies(pictures[name]) for name in ('photocopier', 'GAN')]"]
    assert photocopier == 1
    assert gan < board.loc["GAN", "Rule 1"] / 2  # nearly all valid ones are met faces; one with a speck has no twin


def test_20_the_truth_is_far_from_itself_with_few_pictures(planet, components, lesson):
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
    assert lesson["spread"] == pytest.approx(np.std([distance(100) for _ in range(60)]), rel=0.6)  # chance, twice


@pytest.mark.parametrize("proxy, rule", [("precision", "Rule 1"), ("recall", "coverage")])
def test_20_the_proxies(board, lesson, proxy, rule):
    assert lesson[f"rank.loc['{proxy}', '{rule}']"] == pytest.approx(spearmanr(board[proxy], board[rule]).statistic)


def test_20_the_alarm(planet, counted, lesson):
    p, faces, styles = planet["p"], planet["pixels"][planet["test"][:150]], planet["styles"]
    squares = faces[:20].reshape(-1, 32, 32)
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
    truth = beaten(-np.log(p[planet["test"][:150]]), -np.log(p[monk]))
    np.testing.assert_allclose(found.loc["p_data"], (1, 1, 1, truth), atol=0.005)


def test_20_where_the_empty_page_is_noticed(lesson):
    by_pixel, beyond, total = lesson["(by_pixel, beyond, nats('Diagonal', foreign['empty page'])[0])"]
    assert by_pixel.shape == (32, 32) and by_pixel.min() >= 0 and by_pixel.sum() == pytest.approx(total, abs=0.01)
    assert by_pixel[:16].sum() > 0.9 * by_pixel.sum()  # where hair begins, if at all
    assert lesson["found"].loc["Diagonal", "empty page"] == pytest.approx(1 - beyond, abs=0.01)


def test_20_a_bus_of_monks(planet, lesson):
    """The truth's own bus, by the definition of a mean, and twelve groups of new faces."""
    p, styles = planet["p"], planet["styles"]
    wanted = {"topType": "NoHair", "accessoriesType": "Blank", "clothingColor": "White"}
    monk = np.all([styles[:, list(SIZES).index(name)] == value for name, value in wanted.items()], axis=0)
    assert lesson["bus"] == pytest.approx(np.average(-np.log(p[monk]), weights=p[monk]))
    others = -np.log(p)[planet["test"][:360]].reshape(12, 30).mean(axis=1)
    assert lesson["groups.min()"] == pytest.approx(others.min()) and lesson["bus"] < others.min()


def test_20_what_makes_monks_likely(planet, lesson):
    p, styles = planet["p"], planet["styles"]
    for name, column, value in [
        ("bald", "topType", "NoHair"),
        ("bare", "accessoriesType", "Blank"),
        ("white", "clothingColor", "White"),
    ]:
        who = styles[:, list(SIZES).index(column)] == value
        for some, expression in ((who, name), (~who, f"~{name}")):
            assert lesson[f"true_nats({expression})"] == pytest.approx(np.average(-np.log(p[some]), weights=p[some]))


def test_20_who_is_left_out(planet, lesson):
    black = planet["styles"][:, list(SIZES).index("clothingColor")] == "Black"
    share, in_the_album = lesson["(rare, in_training)"]
    assert share == pytest.approx(planet["p"][black].sum()) and in_the_album == black[planet["train"]].sum()
    n, none, chances, painted = lesson["(len(met), black[met].sum(), chances, painted)"]
    assert none == 0 and chances["GAN once more"] == pytest.approx(poisson.pmf(0, -n * np.log1p(-share)), rel=1e-6)
    for name, score in painted.items():
        some = score.faces[score.faces >= 0]
        k = black[some].sum()
        by_hand = sum(comb(len(some), i) * share**i * (1 - share) ** (len(some) - i) for i in range(k + 1))
        assert chances[name] == pytest.approx(by_hand)


def test_20_exercises():
    assert round(3.00 * 3072 * np.log(2)) == 6388 and round(20 / (1024 * np.log(2)), 3) == 0.028
    assert 0.001 < np.log(100) / (1024 * np.log(2)) < 0.009  # "a few thousandths of a bit"

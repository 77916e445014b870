"""The numbers of lesson 12, beside computations that use none of the course's models."""

from collections import Counter

import numpy as np
import pytest
import torch
from oracle import by_lot, header
from scipy.stats import entropy, norm


def bets_on(planet, x, k) -> dict:
    """Return {colour: p_data(x_k = colour | x_<k)}, face by face."""
    fitting = [(face[k], q) for face, q in zip(planet["pixels"], planet["p"]) if face[:k].tobytes() == x[:k].tobytes()]
    total = sum(q for _, q in fitting)
    return {
        colour: sum(q for other, q in fitting if other == colour) / total
        for colour in {int(colour) for colour, _ in fitting}
    }


def test_12_where_the_news_is(planet, lesson):
    somebody = lesson["somebody"]
    surprises = [-np.log(bets_on(planet, somebody, k)[int(somebody[k])]) for k in range(1024)]
    np.testing.assert_allclose(lesson["news"], surprises, atol=1e-9)
    (mine,) = planet["p"][(planet["pixels"] == somebody).all(axis=1)]
    assert lesson["news.sum()"] == pytest.approx(-np.log(mine))


def test_12_how_many_pixels_hold_news(planet, lesson):
    pixels, counts = planet["pixels"], []
    for x in pixels[planet["test"][:50]]:
        masses = [1.0]
        fits = np.ones(3552, dtype=bool)
        for k in range(1024):
            fits &= pixels[:, k] == x[k]
            masses.append(planet["p"][fits].sum())
        counts.append(np.sum(np.divide(masses[1:], masses[:-1]) < np.exp(-0.01)))
    assert lesson["counts"].tolist() == counts


def reach(n_layers, i, j) -> np.ndarray:
    """Return which pixels reach (i, j) through a Row LSTM's layers, going back from layer to layer, (32, 32) bool."""
    wanted = np.zeros((33, 34), dtype=bool)  # one row and two columns of margin
    wanted[i + 1, j + 1] = True
    for _ in range(n_layers):
        states = wanted.copy()
        for row in range(31, -1, -1):  # each state hears three in the row above
            below = states[row + 1, 1:33]
            states[row, 0:32] |= below
            states[row, 1:33] |= below
            states[row, 2:34] |= below
        states[0], states[:, [0, 33]] = False, False
        wanted |= states
        wanted[:, 1:32] |= states[:, 2:33]  # and the input on its left
    pixels = np.zeros((32, 32), dtype=bool)
    for row, column in np.argwhere(wanted[1:, 1:33]):
        pixels[max(row - 3, 0) : row, max(column - 3, 0) : column + 4] = True  # mask A, 7 × 7
        pixels[row, max(column - 3, 0) : column] = True
    return pixels


def test_12_what_reaches_a_pixel(lesson):
    fields = lesson["fields"]  # of the pixel (24, 20)
    np.testing.assert_array_equal(fields["row_lstm"], reach(3, 24, 20))
    np.testing.assert_array_equal(fields["diagonal_bilstm"].ravel(), np.arange(1024) < lesson["next_pixel"])
    assert not fields["row_lstm"][24, :14].any()  # where the left strap lies


def test_12_the_shift_hides_the_rest_of_the_row(lesson):
    with_shift, without = lesson[
        "[seen(lambda x: diagonal_by_definition(x, *weights_of(layer), down), torch.randn(14, 17, 32).double(), 10, 8)"
        ".numpy() for down in (1, 0)]"
    ]
    past = np.arange(14 * 17).reshape(14, 17) <= 10 * 17 + 8
    np.testing.assert_array_equal(with_shift, past)
    past[10] = True
    np.testing.assert_array_equal(without, past)


@pytest.mark.parametrize("n_layers", [3, 12])
def test_12_the_price_of_a_triangle(planet, lesson, n_layers):
    p, pixels = planet["p"], planet["pixels"]
    words = np.random.default_rng(1).integers(2**42, size=(1024, 256)).astype(float)[np.arange(1024), pixels]
    log_q = np.zeros(3552)
    told = np.flatnonzero((pixels != pixels[0]).any(axis=0))
    keys = words @ np.array([reach(n_layers, *divmod(k, 32)).ravel() for k in told]).T.astype(float)  # exact: below 2⁵³
    for k, key in zip(told, keys.T):
        for sign, heard in [(1, key + words[:, k]), (-1, key)]:
            _, group = np.unique(heard, return_inverse=True)
            log_q += sign * np.log(np.bincount(group, weights=p)[group])
    np.testing.assert_allclose(lesson[f"ideal['Row LSTM, layers: {n_layers}']"], log_q, atol=1e-6)


def test_12_the_diagonal_kind_pays_nothing(planet, lesson):
    np.testing.assert_allclose(lesson["ideal['Diagonal BiLSTM']"], np.log(planet["p"]), atol=1e-6)


def test_12_the_empty_column_shows_the_last_pixel_of_the_row_above(lesson):
    missing = lesson["fields['diagonal_bilstm']"] & ~lesson["without"]
    assert np.argwhere(missing).tolist() == [[23, 31]]


def test_12_the_scoreboard(planet, lesson):
    p, train = planet["p"], np.unique(planet["train"])
    known = np.isin(np.arange(len(p)), train)
    np.testing.assert_array_equal(lesson["known"], known)
    for name, file in [("NADE", "nade"), ("Row LSTM", "pixelrnn_row"), ("Diagonal", "pixelrnn_diagonal")]:
        score = header(file)[0]["score"]
        assert lesson[f"scores['{name}'].dropna().to_dict()"] == score
        if "training faces" in score:  # the two parts make the whole, and cannot beat p_data's
            whole = p[known].sum() * score["training faces"] + p[~known].sum() * score["other faces"]
            assert score["nats"] == pytest.approx(whole, abs=1e-3)
            assert score["nats"] - entropy(p) >= -np.log(score["p(faces)"])
            assert score["exact"] == pytest.approx(score["p(faces)"], abs=by_lot(score["p(faces)"], 500) + 1e-9)
    ours = lesson["scores['p_data'].to_dict()"]
    assert ours["training faces"] == pytest.approx(-np.average(np.log(p[known]), weights=p[known]))
    assert ours["other faces"] == pytest.approx(-np.average(np.log(p[~known]), weights=p[~known]))
    assert ours["coverage"] == pytest.approx((p * (1 - (1 - p) ** 500)).sum(), abs=1e-4)
    ideal = lesson["ideal['Row LSTM, layers: 3']"]
    row_lstm = header("pixelrnn_row")[0]["score"]
    assert row_lstm["nats"] > -p @ ideal and row_lstm["p(faces)"] < np.exp(ideal).sum()


def test_12_copies_among_the_validation_faces(planet, lesson):
    assert lesson["copies"] == np.isin(planet["validation"], planet["train"]).mean()


def test_12_one_number_or_three(planet, lesson):
    """Σ of a pixel's three parts is the whole, and the palette's price is far from both of its bounds."""
    price, by_channel = lesson["(price, by_channel.tolist())"]
    assert sum(by_channel) == pytest.approx(price["R, G, B"], rel=1e-3)
    assert entropy(planet["p"]) < price["palette"] < price["R, G, B"] / 2


def test_12_a_sample_of_a_heavy_tail(planet, lesson):
    """The 200 faces' nats agree with a second way: log_prob, whole pictures at a time."""
    nats = lesson["nats"]
    assert lesson["parts.sum()"] == pytest.approx(nats.sum())
    again = lesson["-models['Diagonal'].log_prob(to_map(test.pixels[:200])).numpy()"]
    np.testing.assert_allclose(nats, again, rtol=1e-3, atol=1e-3)
    assert lesson["dear"] == pytest.approx(sum(sorted(again)[-10:]) / sum(again), rel=1e-3)


def test_12_slips(planet, lesson):
    """Each first slip, found from the set of all beginnings of faces; the pictures that never slip are faces."""
    drawn, slips = lesson["(drawn, slips)"]
    faces = {face.tobytes() for face in planet["pixels"]}
    for kind, pictures in drawn.items():
        for x, k in zip(pictures[:40], slips[kind]):
            assert (k == 1024) == (x.tobytes() in faces)
            assert k == 0 or (planet["pixels"][:, :k] == x[:k]).all(axis=1).any()
            assert k == 1024 or not (planet["pixels"][:, : k + 1] == x[: k + 1]).all(axis=1).any()


def test_12_the_blind_places(planet, lesson):
    """Where the triangle's bets cost more than p_data's, which are here counted face by face for a few places."""
    blind, p = lesson["blind"], planet["p"]
    assert blind[24 * 32 + 20] and not blind[:32].any()
    for k in [24 * 32 + 20, 26 * 32 + 6]:
        wide, narrow = np.ones(1024, dtype=bool), reach(3, *divmod(k, 32)).ravel()
        wide[k:] = False
        cost = []
        for sees in (wide, narrow):
            groups = {}
            for face, q in zip(planet["pixels"], p):
                bets = groups.setdefault(face[sees].tobytes(), Counter())
                bets[int(face[k])] += q
            cost.append(sum(sum(b.values()) * entropy(list(b.values())) for b in groups.values()))
        assert blind[k] == (cost[1] - cost[0] > 0.1)


def test_12_the_planted_slip(planet, lesson):
    wearers, slip = lesson["(wearers, slip)"]
    differ = wearers != slip
    assert differ.sum() == len(wearers) == 80 and differ[:, lesson["next_pixel"]].all()
    assert lesson["goes_well['wrong']"] < lesson["goes_well['right']"]


def test_12_several_humps(planet, lesson):
    x, k, cost = lesson["(test.pixels[4], 24 * 32 + 9, cost)"]
    bets = Counter()
    for colour, q in bets_on(planet, x, k).items():
        bets[int(planet["palette"][colour, 0])] += q
    reds, q = np.array(list(bets)), np.array(list(bets.values()))
    mean = q @ reds
    bell = norm.pdf(np.arange(256), mean, np.sqrt(q @ (reds - mean) ** 2))
    assert cost["p_data"] == pytest.approx(entropy(q))
    assert cost["regression"] == pytest.approx(-q @ np.log(bell[reds] / bell.sum()))


def test_12_half_a_face(planet, lesson):
    somebody, fits = lesson["(somebody, fits)"]
    np.testing.assert_array_equal(fits, [face[:512].tobytes() == somebody[:512].tobytes() for face in planet["pixels"]])
    assert fits.sum() == 4 * 8  # kinds and colours of clothes
    np.testing.assert_allclose(lesson["posterior"], planet["p"][fits] / planet["p"][fits].sum())
    assert all(np.exp(log_q).sum() < 1 for log_q in lesson["answers"].values())


@pytest.mark.parametrize("own_mean", [False, True])
def test_12_a_mean_over_the_picture_leaks(own_mean):
    """Exercise 12.5: with the second line each pixel depends on pixels that come later."""
    v = torch.randn(1, 2, 6, 6, generator=torch.Generator().manual_seed(0), requires_grad=True)
    y = v - v.mean(dim=(2, 3), keepdim=True) if own_mean else v
    y[0, :, 2, 2].sum().backward()
    assert bool((v.grad[0, :, 3:] != 0).all()) == own_mean

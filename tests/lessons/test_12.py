"""The numbers of lesson 12, beside computations that use none of the course's models."""

import json
import re
from collections import Counter

import numpy as np
import pytest
import safetensors
import torch
from oracle import NUMBER, SIZES, agree, price, read, text
from scipy.stats import entropy, norm

from course_utils import files


@pytest.fixture(scope="module")
def somebody(planet):
    """The face of lesson 12, as palette numbers (1024,)."""
    (k,) = read("12", "somebody = test.pixels[#]", "code")
    return planet["pixels"][planet["test"][int(k)]]


def bets_on(planet, x, k) -> dict:
    """Return {colour: p_data(x_k = colour | x_<k)}, face by face."""
    fitting = [(face[k], q) for face, q in zip(planet["pixels"], planet["p"]) if face[:k].tobytes() == x[:k].tobytes()]
    total = sum(q for _, q in fitting)
    return {
        colour: sum(q for other, q in fitting if other == colour) / total
        for colour in {int(colour) for colour, _ in fitting}
    }


def test_12_where_the_news_is(planet, somebody):
    told = {
        32 * int(i) + int(j): nats
        for i, j, nats in re.findall(rf"row +(\d+), column +(\d+): {NUMBER} nats", text("12", "printed"))
    }
    surprises = np.array([-np.log(bets_on(planet, somebody, k)[int(somebody[k])]) for k in range(1024)])
    assert set(told) == set(np.flatnonzero(surprises > 0.01))
    for k, nats in told.items():
        agree(nats, surprises[k])
    together, strap = read("12", "together # nats; at the right strap #")
    (mine,) = planet["p"][(planet["pixels"] == somebody).all(axis=1)]
    agree(together, -np.log(mine))
    assert surprises.sum() == pytest.approx(-np.log(mine))
    agree(strap, surprises[24 * 32 + 20])
    assert len(told) in range(9, 16)  # "a dozen"


def test_12_how_many_pixels_hold_news(planet):
    pixels, counts = planet["pixels"], []
    for x in pixels[planet["test"][:100]]:
        masses = [1.0]
        fits = np.ones(3552, dtype=bool)
        for k in range(1024):
            fits &= pixels[:, k] == x[k]
            masses.append(planet["p"][fits].sum())
        counts.append(np.sum(np.divide(masses[1:], masses[:-1]) < np.exp(-0.01)))
    mean, most = read("12", "pixels with news: # on average, never more than #")
    agree(mean, np.mean(counts))
    assert int(most) == max(counts)


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


def test_12_what_reaches_a_pixel():
    every = int(read("12", "next_pixel = # * 32 + #", "code")[0]) * 32 + 20
    assert reach(3, 24, 20).sum() == 647 and every == 788  # the figure's title says so
    assert not reach(3, 24, 20)[24, :14].any() and reach(3, 24, 20)[24, 14:20].all()
    for name, count in [("with the shift", 0), ("without: a leak", 17 - 9)]:
        upto, of, leaked = read("12", f"{name} sees # of # pixels up to itself, and # of the future")
        assert (int(upto), int(of), int(leaked)) == (179, 10 * 17 + 9, count)
    for kind in ("row_lstm", "diagonal_bilstm"):
        assert read("12", f"{kind} sees # pixels of the future") == ["0"]
    assert "(24, 20), on diagonal 44, hears (23, 31), on diagonal 54: True" in text("12", "printed") and (
        24 + 20,
        23 + 31,
    ) == (44, 54)


@pytest.mark.parametrize("n_layers", [1, 3, 12])
def test_12_the_price_of_a_triangle(planet, n_layers):
    p, pixels = planet["p"], planet["pixels"]
    words = np.random.default_rng(1).integers(2**63, size=(1024, 256), dtype=np.uint64)[
        np.arange(1024), pixels
    ]  # (3552, 1024)
    log_q = np.zeros(3552)
    for k in np.flatnonzero((pixels != pixels[0]).any(axis=0)):
        keys = words[:, reach(n_layers, *divmod(k, 32)).ravel()].sum(axis=1, dtype=np.uint64)
        for sign, key in [(1, keys + words[:, k]), (-1, keys)]:
            _, group = np.unique(key, return_inverse=True)
            log_q += sign * np.log(np.bincount(group, weights=p)[group])
    nats, faces = read("12", f"Row LSTM, layers: {n_layers} # #")
    agree(nats, -p @ log_q)
    agree(faces, np.exp(log_q).sum())
    if n_layers == 3:
        agree(read("12", "With three layers the blind spot costs # nats", "written")[0], -p @ log_q - entropy(p))
        assert "Only one picture in twenty" in text("12", "written") and np.exp(log_q).sum() == pytest.approx(
            1 / 20, abs=0.005
        )


def test_12_the_diagonal_kind_pays_nothing(planet):
    for name in ("Diagonal BiLSTM", "p_data itself"):
        nats, faces = read("12", f"{name} # #")
        agree(nats, entropy(planet["p"]))
        assert faces == "1.00"


def test_12_what_was_trained_is_printed_as_a_bound_that_was_asserted():
    code = text("12", "code")
    (bound,) = re.findall(r"weights, below ([\d.]+) nats a test picture", text("12", "printed"))
    assert bound == "17.0" and "assert nats < 17\n" in code
    assert read("11", "NADE: below # nats a test picture") == ["17.2"]
    assert read(
        "12", "FVSBN stayed below # nats a test picture, and NADE with a hundred hidden units below #.", "written"
    ) == ["18.5", "17.2"]
    assert 'assert cost["PixelRNN"] < cost["p_data"] + 0.5\n' in code


def test_12_the_scoreboard(planet, counted):
    assert read("12", "Naive Bayes # # # #")[1:] == ["0.00"] * 3
    agree(read("12", "Naive Bayes # # # #")[0], price(planet, counted, 0.001))
    for name, file in [("NADE", "nade"), ("Row LSTM", "pixelrnn_row"), ("Diagonal", "pixelrnn_diagonal")]:
        with safetensors.safe_open(
            files.DATA / "checkpoints" / f"{file}_planet_pixel.safetensors", framework="numpy"
        ) as checkpoint:
            score = json.loads(checkpoint.metadata()["score"])
        for number, key in zip(read("12", f"{name} # # # #"), ("nats", "rule 1", "rule 2", "coverage"), strict=True):
            agree(number, score[key])
        if name != "NADE":
            sampled, error, exact, met, others, new = read(
                "12", f"{name} # ± # nats, exact #; faces of the album: #, the other #: #"
            )
            album, hundred = planet["train"].tolist(), planet["test"][:100].tolist()
            assert int(others) == sum(face not in album for face in hundred)
            assert round(float(met)) in (12, 13) and float(new) > 50  # "some 12 nats", "more than 50"
            agree(exact, score["nats"])
            agree(sampled, score["nats"], error=4 * float(error))
    agree(read("12", "p_data # # #")[0], entropy(planet["p"]))
    nats, rule1, rule2, _ = map(float, read("12", "NADE # # # #"))
    assert "nine in ten of its faces are copies" in text("12", "written") and (rule1 - rule2) / rule1 == pytest.approx(
        0.9, abs=0.02
    )
    assert "only one of its pictures in nine is valid" in text("12", "written") and float(
        read("12", "Diagonal # # # #")[1]
    ) == pytest.approx(1 / 9, abs=0.005)
    assert float(read("12", "Row LSTM # # # #")[1]) < float(read("12", "Row LSTM, layers: 3 # #")[1])
    p = planet["p"]
    agree(read("12", "p_data # # #")[2], (p * (1 - (1 - p) ** 500)).sum())


def test_12_several_humps(planet):
    face, row, column = read("12", "face, k = test.pixels[#], # * 32 + #", "code")
    x, k = planet["pixels"][planet["test"][int(face)]], 32 * int(row) + int(column)
    bets = Counter()
    for colour, q in bets_on(planet, x, k).items():
        bets[int(planet["palette"][colour, 0])] += q
    reds, q = np.array(list(bets)), np.array(list(bets.values()))
    mean = q @ reds
    bell = norm.pdf(np.arange(256), mean, np.sqrt(q @ (reds - mean) ** 2))
    best, regression = read("12", "p_data # nats, regression # nats, PixelRNN")
    agree(best, entropy(q))
    agree(regression, -q @ np.log(bell[reds] / bell.sum()))
    assert bets[round(mean)] == 0  # nothing at the mean


def test_12_half_a_face(planet, somebody):
    fits = np.array(
        [face.reshape(32, 32)[:16].tobytes() == somebody.reshape(32, 32)[:16].tobytes() for face in planet["pixels"]]
    )
    assert (
        read("12", "# faces fit. The probability that a completion is one of them:")
        == [str(fits.sum())]
        == [str(4 * 8)]
    )
    for name in ("Row LSTM", "Diagonal"):
        together, nats = map(float, read("12", f"{name} #, and KL(p_data‖p_θ) is # nats"))
        assert together < 1 and nats >= -np.log(together) - 0.1  # Gibbs' inequality, with room for the rounding
    black = np.sum(planet["styles"][planet["train"], list(SIZES).index("clothingColor")] == "Black")
    assert "A black shirt was in the training set some thirty times." in text("12", "written") and abs(black - 30) < 5


def test_12_when_something_opens(planet, somebody):
    """The lecturer's note on the widget: how many faces fit when so many rows are hidden."""
    open_faces = {
        hidden: (planet["pixels"][:, : 32 * (32 - hidden)] == somebody[: 32 * (32 - hidden)]).all(axis=1).sum()
        for hidden in (6, 10, 16, 22, 30)
    }
    assert "With 6 rows hidden everything is decided" in text("12", "written") and open_faces[6] == 1
    assert read("12", "At # rows # faces are possible", "written") == ["10", str(open_faces[10])]
    assert open_faces[10] == open_faces[16] < open_faces[22] < open_faces[30]


@pytest.mark.parametrize("own_mean", [False, True])
def test_12_a_mean_over_the_picture_leaks(own_mean):
    """Exercise 12.5: with the second line each pixel depends on pixels that come later."""
    v = torch.randn(1, 2, 6, 6, generator=torch.Generator().manual_seed(0), requires_grad=True)
    y = v - v.mean(dim=(2, 3), keepdim=True) if own_mean else v
    y[0, :, 2, 2].sum().backward()
    assert bool((v.grad[0, :, 3:] != 0).all()) == own_mean

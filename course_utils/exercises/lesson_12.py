"""Exercises of lesson 12: PixelRNN."""

from collections.abc import Callable
from functools import partial

import numpy as np

from .engine import Exercise
from .matchers import agrees, choose_line, close_each

N = 64  # the pictures of 12.3 have N × N pixels in three colours
STEPS = {"row": N, "diagonal": 2 * N - 1, "sampling": N * N * 3}


def mask(kind: str, n_out: int, n_in: int) -> np.ndarray:
    out, into = np.arange(n_out)[:, None] * 3 // n_out, np.arange(n_in) * 3 // n_in
    return (into < out if kind == "A" else into <= out).astype(float)


def interleaved_mask(kind: str, n_out: int, n_in: int) -> np.ndarray:
    """Return the mask of features that belong to R, G, B, R, G, B, …: a typical mistake."""
    out, into = np.arange(n_out)[:, None] % 3, np.arange(n_in) % 3
    return (into < out if kind == "A" else into <= out).astype(float)


def grouped_by_three(kind: str, n_out: int, n_in: int) -> np.ndarray:
    out, into = np.arange(n_out)[:, None] // 3, np.arange(n_in) // 3
    return (into < out if kind == "A" else into <= out).astype(float)


def sigma(a: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-a))


def lstm_step(x, h, c, W, U, b, order="ifog", gate=sigma, thought=np.tanh, told=np.tanh, into=None, hears="h"):
    """Return the new h and c, (2, N, n); the settings after b are typical mistakes.

    order: of the four sums. into: which state goes through the forget gate instead of c; hears: which one U does.
    """
    sums = x @ W + {"h": h, "c": c, "": 0 * h}[hears] @ U + b
    parts = dict(zip(order, np.split(sums, 4, axis=1)))
    i, f, o = (gate(parts[name]) for name in "ifo")
    c_new = f * (c if into is None else h) + i * thought(parts["g"])
    return np.stack([o * told(c_new), c_new])


def mistaken(**settings) -> Callable:
    return partial(lstm_step, **settings)


def of_the_last_cell(x, h, c, W, U, b):
    o = sigma(np.split(x @ W + h @ U + b, 4, axis=1)[2])
    return np.stack([o * np.tanh(c), lstm_step(x, h, c, W, U, b)[1]])


def without_output_gate(x, h, c, W, U, b):
    c_new = lstm_step(x, h, c, W, U, b)[1]
    return np.stack([np.tanh(c_new), c_new])


def every_fourth(x, h, c, W, U, b):
    columns = np.arange(len(b)).reshape(-1, 4).T.ravel()
    return lstm_step(x, h, c, W[:, columns], U[:, columns], b[columns])


def one_minus(x, h, c, W, U, b):
    i, _, o, g = np.split(x @ W + h @ U + b, 4, axis=1)
    c_new = (1 - sigma(i)) * c + sigma(i) * np.tanh(g)
    return np.stack([sigma(o) * np.tanh(c_new), c_new])


def cases_of_lstm() -> list[tuple]:
    rng = np.random.default_rng(5)
    shapes = [(3, 2, 4), (2, 3, 3), (4, 4, 2)]  # N, d, n
    sizes = [((N, d), (N, n), (N, n), (d, 4 * n), (n, 4 * n), (4 * n,)) for N, d, n in shapes]
    return [tuple(rng.normal(size=size) for size in each) for each in sizes]


def bets(x: np.ndarray, p_r: np.ndarray, p_g: np.ndarray, p_b: np.ndarray) -> np.ndarray:
    """Return the probabilities of R, G and B, (3, N)."""
    r, g, b = np.asarray(x).T
    return np.stack([p_r[r], p_g[r, g], p_b[r, g, b]])


def log_prob(x: np.ndarray, p_r: np.ndarray, p_g: np.ndarray, p_b: np.ndarray) -> np.ndarray:
    return np.log(bets(x, p_r, p_g, p_b)).sum(axis=0)


def averaged(x: np.ndarray, p_r: np.ndarray, p_g: np.ndarray, p_b: np.ndarray) -> np.ndarray:
    r, g, b = x.T
    return np.log(p_r[r] * p_g.mean(axis=0)[g] * p_b.mean(axis=(0, 1))[b])


def cases_of_colour() -> list[tuple]:
    rng = np.random.default_rng(2)
    cases = []
    for K, N in ((4, 5), (3, 7), (2, 8)):
        tables = [rng.dirichlet(np.ones(K), size=(K,) * i) for i in range(3)]
        cases.append((rng.integers(K, size=(N, 3)), *tables))
    return cases


EXERCISES = {
    "12.1": Exercise(
        judge=partial(agrees, reference=mask, cases=[("B", 6, 6), ("A", 6, 6), ("A", 6, 3), ("B", 3, 9)]),
        praise="One such table in each layer, at the place itself, and R → G → B holds through the whole network.",
        mistakes=[
            (lambda k, o, i: mask(k, i, o).T, "Rows and columns are exchanged, or < and >: the first index is the output feature, and the output B may see R, not R the input B."),
            (lambda k, o, i: mask("B", o, i), "Mask A must be stricter than this: a feature may not see its own group."),
            (lambda k, o, i: mask("A", o, i), "With mask B, unlike this, a feature may see its own group as well."),
            (lambda k, o, i: np.tri(o, i, -1 if k == "A" else 0), "You compare the features one by one. Compare the groups that they belong to."),
            (grouped_by_three, "You begin a new group after three features. The groups are thirds: n_out / 3 outputs each, and n_in / 3 inputs."),
            (lambda k, o, i: 1 - mask(k, o, i), "Zeros and ones are exchanged: 1 is where the output may see."),
            (interleaved_mask, "The groups are thirds: the first third belongs to R, the second to G. You took them in turn."),
        ],
        hints=(
            "First find the group of each feature: 0 for R, 1 for G, 2 for B.",
            "`np.arange(n_out) * 3 // n_out` gives the groups of the outputs. Compare them, as a column, with those of the inputs, as a row.",
        ),
        solution="""
            import numpy as np

            def channel_mask(kind, n_out, n_in):
                out = np.arange(n_out)[:, None] * 3 // n_out  # groups 0, 1, 2, as a column
                into = np.arange(n_in) * 3 // n_in
                allowed = into < out if kind == "A" else into <= out
                return allowed.astype(int)

            answer = channel_mask
        """,
    ),
    "12.2": Exercise(
        judge=partial(agrees, reference=lstm_step, cases=cases_of_lstm()),
        praise="That is the whole memory. Row LSTM and Diagonal BiLSTM take this step at each pixel; only who is heard as h differs.",
        mistakes=[
            (mistaken(order="ifgo"), "The last two sums are exchanged: their order is i, f, o, g here. (torch has i, f, g, o.)"),
            (mistaken(order="fiog"), "The gates i and f are exchanged: f goes with the old c, i with the new thought."),
            (mistaken(order="oifg"), "Take the sums in the order i, f, o, g: yours are shifted by one gate."),
            (mistaken(order="iofg"), "The gates f and o are exchanged: f goes with the old c, o with tanh(c)."),
            (mistaken(thought=lambda a: a), "The tanh of g is missing: the new thought is tanh(g)."),
            (mistaken(thought=sigma), "g is no gate: it goes through tanh, so that it can be negative."),
            (mistaken(told=lambda a: a), "The tanh in the second formula is missing: h = σ(o) ⊙ tanh(c)."),
            (mistaken(thought=lambda a: a, told=lambda a: a), "Both tanh are missing: around g, and around the new c."),
            (mistaken(gate=lambda a: a), "The gates are not between 0 and 1: i, f and o go through σ."),
            (mistaken(into="h"), "You send the old h through the forget gate. It is the cell that stays: σ(f) ⊙ c."),
            (mistaken(hears="c"), "U is multiplied by the old h, the state that is told to others, not by c."),
            (mistaken(hears=""), "The old h is not heard: add h @ U to the sums."),
            (lambda x, h, c, W, U, b: lstm_step(x, h, c, W, U, 0 * b), "The sums lack b."),
            (of_the_last_cell, "h is made of the **new** c; you took the old one."),
            (without_output_gate, "The output gate is missing: h = σ(o) ⊙ tanh(c)."),
            (mistaken(told=sigma), "The new c goes through tanh, not through σ: h = σ(o) ⊙ tanh(c)."),
            (every_fourth, "Each sum has n columns side by side: the first n belong to i. You took every fourth column."),
            (one_minus, "The forget gate is one of its own, σ(f), not 1 − σ(i)."),
            (lambda *args: lstm_step(*args)[::-1], "Both are right, but the other way round: return h first, then c."),
            (lambda *args: lstm_step(*args)[[0, 0]], "The second value you return is h once more: return the new c."),
            (lambda x, h, c, *args: np.stack([lstm_step(x, h, c, *args)[0], c]), "The second value is the old c: return the new one."),
        ],
        hints=(
            "One line gives all four sums, (N, 4n): `sums = x @ W + h @ U + b`. `np.split(sums, 4, axis=1)` takes them apart.",
            "First the new c from the old one, f, i and g. Then h from o and the **new** c.",
        ),
        solution="""
            import numpy as np

            def sigma(a):
                return 1 / (1 + np.exp(-a))

            def lstm_step(x, h, c, W, U, b):
                i, f, o, g = np.split(x @ W + h @ U + b, 4, axis=1)
                c = sigma(f) * c + sigma(i) * np.tanh(g)
                h = sigma(o) * np.tanh(c)
                return h, c

            answer = lstm_step
        """,
    ),
    "12.3": Exercise(
        judge=partial(close_each, expected=STEPS, tolerance=1e-9),
        praise=f"{STEPS['row']} and {STEPS['diagonal']} steps for a pass, and {STEPS['sampling']:,} draws that wait for each other: training is quick, sampling is not.",
        mistakes={
            "row": [
                (N * N, "all pixels of a row are updated at once, so there is one step for each row."),
                (2 * N - 1, "those are the steps of the diagonal kind."),
                (N - 1, "the first row is a step as well."),
                (3 * N, "the three colours of a row are updated in the same step."),
            ],
            "diagonal": [
                (2 * N, "the diagonals through a picture of n × n pixels are 2n − 1: the corners have one each, and the longest is counted once."),
                (N, "count the diagonals of the picture: there are more of them than rows."),
                (2 * (2 * N - 1), "the two directions do not wait for each other: they can run side by side."),
                (N * N, "all pixels of a diagonal are updated at once."),
                (3 * (2 * N - 1), "the three colours of a diagonal are updated in the same step."),
            ],
            "sampling": [
                (N * N, "the three colour channels of a pixel are drawn one after the other as well."),
                (N, "to sample, each pixel waits for the one on its left, too, and within it G waits for R."),
                (3 * N, "to sample, each pixel waits for the one on its left, too."),
                (2 * N - 1, "to sample, each pixel waits for all before it in raster order, whatever the kind."),
                (N * N * 3 * 256, "the 256 bets on a number come out at once: only the numbers wait."),
            ],
        },
        hints=(
            "What is updated at once in each kind: a row, or a diagonal? Count those.",
            "In a sample each number waits for the last one: pixels times channels.",
        ),
        solution='answer = {"row": 64, "diagonal": 2 * 64 - 1, "sampling": 64 * 64 * 3}',
    ),
    "12.4": Exercise(
        judge=partial(agrees, reference=log_prob, cases=cases_of_colour()),
        praise="Three look-ups and a sum. PixelRNN's loss is this, with tables that a network fills anew at each pixel.",
        mistakes=[
            (lambda x, p, q, s: np.exp(log_prob(x, p, q, s)), "That is p(x). Take the logarithm."),
            (lambda x, p, q, s: log_prob(x, p, q, s).sum(), "That is the sum over all pixels. Return one number for each of them."),
            (lambda x, p, q, s: -log_prob(x, p, q, s), "The sign is wrong: a log-probability is never positive."),
            (lambda x, p, q, s: log_prob(x, p, q.T, s), "In `p_g` the first index is r, what is known already: `p_g[r, g]`."),
            (lambda x, p, q, s: log_prob(x, p, q, s.swapaxes(0, 1)), "In `p_b` the indices come in the order r, g, b."),
            (lambda x, p, q, s: log_prob(x[:, ::-1], p, q, s), "You take the values in the order b, g, r: the columns of x are r, g, b."),
            (lambda x, p, q, s: log_prob(x, p, q, s)[::-1], "The pixels come out in reversed order."),
            (averaged, "G is given R here, and B both. Look the right row of the table up instead of averaging."),
            (lambda x, p, q, s: np.log(bets(x, p, q, s).sum(axis=0)), "By the chain rule the three probabilities are multiplied: add their logarithms."),
            (lambda x, p, q, s: np.log(bets(x, p, q, s)[2]), "That is only p(B | R, G). Add the logarithms of p(R) and p(G | R)."),
        ],
        hints=(
            "`r, g, b = x.T` takes the three columns apart.",
            "Index the tables with whole arrays: `p_g[r, g]` has shape (N,).",
        ),
        solution="""
            import numpy as np

            def log_prob(x, p_r, p_g, p_b):
                r, g, b = x.T
                return np.log(p_r[r]) + np.log(p_g[r, g]) + np.log(p_b[r, g, b])

            answer = log_prob
        """,
    ),
    "12.5": Exercise(
        judge=partial(choose_line, expected=2),
        praise="The mean is taken over the whole picture, the future too. Each pixel hears what all the others sum up to, and the masks come too late.",
        mistakes=[
            (1, "This line is right: each value becomes a vector of its own, whatever the others are."),
            (3, "This line is right: mask A comes first, and the layer hides the future itself."),
            (4, "This line is right: the features hide their pixel already, so mask B is the one for here."),
        ],
        hints=(
            "Which line lets a pixel hear something of pixels that come later?",
            "A mean over the dimensions 2 and 3 is a mean over which pixels?",
        ),
        solution="answer = 2  # the mean is taken over the whole picture, the future too",
    ),
}  # fmt: skip

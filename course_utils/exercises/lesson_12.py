"""Exercises of lesson 12: PixelRNN."""

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


def skewed(H: int, W: int) -> np.ndarray:
    y = np.full((H, H + W - 1), -1)
    for i in range(H):
        y[i, i : i + W] = np.arange(i * W, (i + 1) * W)
    return y


def take(y: np.ndarray, n: int) -> np.ndarray:
    """Return n numbers of each row i from column i on, or fewer of them, repeated."""
    return np.stack([np.resize(y[i, i : i + n], n) for i in range(len(y))])


def unskew(y: np.ndarray) -> np.ndarray:
    return take(y, y.shape[1] - len(y) + 1)


def rolled_right(y: np.ndarray) -> np.ndarray:
    return np.stack([np.roll(row, i) for i, row in enumerate(y)])[:, : y.shape[1] - len(y) + 1]


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
            (lambda k, o, i: mask(k, i, o).T, "Rows and columns are exchanged: the first index is the output feature."),
            (lambda k, o, i: mask("B", o, i), "Mask A must be stricter than this: a feature may not see its own group."),
            (lambda k, o, i: mask("A", o, i), "With mask B, unlike this, a feature may see its own group as well."),
            (lambda k, o, i: np.tri(o, i, -1 if k == "A" else 0), "You compare the features one by one. Compare the groups that they belong to."),
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
        judge=partial(
            agrees, reference=unskew, cases=[(skewed(3, 5),), (skewed(4, 4),), (skewed(5, 2),), (skewed(1, 6),)]
        ),
        praise="The numbers are back in their rows. The network goes this way once a layer: skew, run along the columns, straighten.",
        mistakes=[
            (lambda y: y[:, : y.shape[1] - len(y) + 1], "You cut off the right side of every row. Row i begins at column i."),
            (lambda y: y[:, len(y) - 1 :], "You cut off the left side of every row. Row i begins at column i."),
            (lambda y: unskew(y[::-1])[::-1], "You move the rows the wrong way: row 0 begins at column 0, row 1 at column 1."),
            (rolled_right, "You move each row to the right once more. Row i begins at column i: move it back to the left."),
            (lambda y: take(y, len(y)), "You take H numbers from each row. It has W, and W = (number of columns) − H + 1."),
            (lambda y: take(y, y.shape[1] - len(y)), "One column is missing: W = (number of columns) − H + 1."),
            (lambda y: unskew(y).T, "Rows and columns are exchanged."),
        ],
        hints=(
            "How many columns had the original? W = y.shape[1] − H + 1.",
            "Row i begins at column i and has W numbers: `y[i, i : i + W]`.",
        ),
        solution="""
            import numpy as np

            def unskew(y):
                H = len(y)
                W = y.shape[1] - H + 1
                return np.stack([y[i, i : i + W] for i in range(H)])

            answer = unskew
        """,
    ),
    "12.3": Exercise(
        judge=partial(close_each, expected=STEPS, tolerance=1e-9),
        praise=f"{STEPS['row']} and {STEPS['diagonal']} steps for a pass, and {STEPS['sampling']:,} draws that wait for each other: training is quick, sampling is not.",
        mistakes={
            "row": [
                (N * N, "all pixels of a row are updated at once, so there is one step for each row."),
                (2 * N - 1, "those are the steps of the diagonal kind."),
            ],
            "diagonal": [
                (2 * N, "the diagonals through a picture of n × n pixels are 2n − 1: the corners have one each, and the longest is counted once."),
                (N, "count the diagonals of the picture: there are more of them than rows."),
                (2 * (2 * N - 1), "the two directions do not wait for each other: they can run side by side."),
                (N * N, "all pixels of a diagonal are updated at once."),
            ],
            "sampling": [
                (N * N, "the three colour channels of a pixel are drawn one after the other as well."),
                (N, "to sample, each pixel waits for the one on its left, too, and within it G waits for R."),
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

"""Exercises of lesson 12: PixelRNN."""

import numpy as np

from .engine import Exercise
from .matchers import Wrong, agrees, choice, close, show


def reference_mask(kind: str, n_out: int, n_in: int) -> np.ndarray:
    out, into = np.arange(n_out)[:, None] * 3 // n_out, np.arange(n_in) * 3 // n_in
    return (into < out if kind == "A" else into <= out).astype(float)


def interleaved_mask(kind: str, n_out: int, n_in: int) -> np.ndarray:
    """Return the mask of features that belong to R, G, B, R, G, B, …: a typical mistake."""
    out, into = np.arange(n_out)[:, None] % 3, np.arange(n_in) % 3
    return (into < out if kind == "A" else into <= out).astype(float)


def grade_mask(answer: object) -> str:
    agrees(
        answer, reference_mask, [("B", 6, 6), ("A", 6, 6), ("A", 6, 3), ("B", 3, 9)],
        [
            (lambda k, o, i: reference_mask(k, i, o).T, "Rows and columns are exchanged: the first index is the output feature."),
            (lambda k, o, i: reference_mask("B", o, i), "Mask A must be stricter than this: a feature may not see its own group."),
            (lambda k, o, i: reference_mask("A", o, i), "With mask B, unlike this, a feature may see its own group as well."),
            (lambda k, o, i: 1 - reference_mask("A", o, i), "That is the wrong way round: G may see R, not R G."),
            (lambda k, o, i: np.tri(o, i, -1 if k == "A" else 0), "You compare the features one by one. Compare the groups that they belong to."),
            (interleaved_mask, "The groups are thirds: the first third belongs to R, the second to G. You took them in turn."),
        ],
    )  # fmt: skip
    return "One such table in each layer, at the place itself, and R → G → B holds through the whole network."


def take(y: np.ndarray, n: int) -> np.ndarray:
    """Return n numbers of each row i from column i on, or fewer of them, repeated."""
    return np.stack([np.resize(y[i, i : i + n], n) for i in range(len(y))])


def reference_unskew(y: np.ndarray) -> np.ndarray:
    return take(y, y.shape[1] - len(y) + 1)


def rolled_right(y: np.ndarray) -> np.ndarray:
    return np.stack([np.roll(row, i) for i, row in enumerate(y)])[:, : y.shape[1] - len(y) + 1]


def grade_unskew(answer: object) -> str:
    def skewed(H: int, W: int) -> np.ndarray:
        y = np.full((H, H + W - 1), -1)
        for i in range(H):
            y[i, i : i + W] = np.arange(i * W, (i + 1) * W)
        return y

    agrees(
        answer, reference_unskew, [(skewed(3, 5),), (skewed(4, 4),), (skewed(5, 2),), (skewed(1, 6),)],
        [
            (lambda y: y[:, : y.shape[1] - len(y) + 1], "You cut off the right side of every row. Row i begins at column i."),
            (lambda y: y[:, len(y) - 1 :], "You cut off the left side of every row. Row i begins at column i."),
            (lambda y: reference_unskew(y[::-1])[::-1], "You move the rows the wrong way: row 0 begins at column 0, row 1 at column 1."),
            (rolled_right, "You move each row to the right once more. Row i begins at column i: move it back to the left."),
            (lambda y: take(y, len(y)), "You take H numbers from each row. It has W, and W = (number of columns) − H + 1."),
            (lambda y: take(y, y.shape[1] - len(y)), "One column is missing: W = (number of columns) − H + 1."),
            (lambda y: reference_unskew(y).T, "Rows and columns are exchanged."),
        ],
    )  # fmt: skip
    return "The numbers are back in their rows. The network goes this way once a layer: skew, run along the columns, straighten."


STEPS: dict[str, tuple[int, list[tuple[int, str]]]] = {
    "row": (64, [
        (64 * 64, "all pixels of a row are updated at once, so there is one step for each row."),
        (127, "those are the steps of the diagonal kind."),
    ]),
    "diagonal": (127, [
        (128, "the diagonals through a picture of n × n pixels are 2n − 1: the corners have one each, and the longest is counted once."),
        (64, "count the diagonals of the picture: there are more of them than rows."),
        (254, "the two directions do not wait for each other: they can run side by side."),
        (64 * 64, "all pixels of a diagonal are updated at once."),
    ]),
    "sampling": (64 * 64 * 3, [
        (64 * 64, "the three colour channels of a pixel are drawn one after the other as well."),
        (64, "to sample, each pixel waits for the one on its left, too, and within it G waits for R."),
        (127, "to sample, each pixel waits for all before it in raster order, whatever the kind."),
        (64 * 64 * 3 * 256, "the 256 bets on a number come out at once: only the numbers wait."),
    ]),
}  # fmt: skip


def grade_steps(answer: object) -> str:
    if type(answer) is not dict or {show(key) for key in answer} != {show(key) for key in STEPS}:
        keys = ", ".join(f"`{key}`" for key in STEPS)
        raise Wrong(f"Your answer should be a dict with the keys {keys}, but it is {show(answer)}.")
    for name, (expected, typical) in STEPS.items():
        explained = [(value, f"`{name}` is not right: {why}") for value, why in typical]
        close(answer[name], expected, explained, tolerance=1e-9, what=f"`{name}`")
    return "64 and 127 steps for a pass, and 12,288 draws that wait for each other: training is quick, sampling is not."


def reference_colour(x: np.ndarray, p_r: np.ndarray, p_g: np.ndarray, p_b: np.ndarray) -> np.ndarray:
    r, g, b = np.asarray(x).T
    return np.log(p_r[r]) + np.log(p_g[r, g]) + np.log(p_b[r, g, b])


def cases_of_colour() -> list[tuple]:
    rng = np.random.default_rng(2)
    cases = []
    for K, N in ((4, 5), (3, 7), (2, 8)):
        tables = [rng.dirichlet(np.ones(K), size=(K,) * i) for i in range(3)]
        cases.append((rng.integers(K, size=(N, 3)), *tables))
    return cases


def grade_colour(answer: object) -> str:
    def terms(x: np.ndarray, p: np.ndarray, q: np.ndarray, s: np.ndarray) -> tuple[np.ndarray, ...]:
        r, g, b = x.T
        return p[r], q[r, g], s[r, g, b]

    def mixed_up(x: np.ndarray, p: np.ndarray, q: np.ndarray, s: np.ndarray) -> np.ndarray:
        r, g, b = x.T
        return np.log(p[r] * s[g, r, b]) + np.log(q[r, g])

    def averaged(x: np.ndarray, p: np.ndarray, q: np.ndarray, s: np.ndarray) -> np.ndarray:
        r, g, b = x.T
        return np.log(p[r] * q.mean(axis=0)[g] * s.mean(axis=(0, 1))[b])

    agrees(
        answer, reference_colour, cases_of_colour(),
        [
            (lambda x, p, q, s: np.exp(reference_colour(x, p, q, s)), "That is p(x). Take the logarithm."),
            (lambda x, p, q, s: np.sum(reference_colour(x, p, q, s)), "That is the sum over all pixels. Return one number for each of them."),
            (lambda x, p, q, s: -reference_colour(x, p, q, s), "The sign is wrong: a log-probability is never positive."),
            (lambda x, p, q, s: reference_colour(x, p, q.T, s), "In `p_g` the first index is r, what is known already: `p_g[r, g]`."),
            (mixed_up, "In `p_b` the indices come in the order r, g, b."),
            (averaged, "G is given R here, and B both. Look the right row of the table up instead of averaging."),
            (lambda *args: np.log(sum(terms(*args))), "By the chain rule the three probabilities are multiplied: add their logarithms."),
            (lambda *args: np.log(terms(*args)[2]), "That is only p(B | R, G). Add the logarithms of p(R) and p(G | R)."),
        ],
    )  # fmt: skip
    return "Three look-ups and a sum. PixelRNN's loss is this, with tables that a network fills anew at each pixel."


def grade_leak(answer: object) -> str:
    if type(answer) is str and answer.strip() in ("1", "2", "3", "4"):
        answer = int(answer)
    if type(answer) not in (int, float, np.int64, np.float64) or answer not in (1, 2, 3, 4):
        raise Wrong(f"The answer is the number of a line, 1, 2, 3 or 4, but it is {show(answer)}.")
    choice(
        str(int(answer)), "2",
        {
            "1": "This line is right: each value becomes a vector of its own, whatever the others are.",
            "3": "This line is right: mask A comes first, and the layer hides the future itself.",
            "4": "This line is right: the features hide their pixel already, so mask B is the one for here.",
        },
    )  # fmt: skip
    return "The mean is taken over the whole picture, the future too. Each pixel hears what all the others sum up to, and the masks come too late."


EXERCISES = {
    "12.1": Exercise(
        grade=grade_mask,
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
        wrong=[
            (lambda kind, n_out, n_in: reference_mask("A" if kind == "B" else "B", n_out, n_in), "own group as well"),
            (lambda kind, n_out, n_in: reference_mask("B", n_out, n_in), "stricter"),
            (lambda kind, n_out, n_in: reference_mask("A", n_out, n_in), "own group as well"),
            (lambda kind, n_out, n_in: np.tri(n_out, n_in, -1 if kind == "A" else 0), "groups"),
            (interleaved_mask, "in turn"),
            (lambda kind, n_out, n_in: reference_mask(kind, n_in, n_out).T, "output feature"),
        ],
    ),
    "12.2": Exercise(
        grade=grade_unskew,
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
        wrong=[
            (lambda y: y[:, : y.shape[1] - len(y) + 1], "right side"),
            (lambda y: y[:, len(y) - 1 :], "left side"),
            (lambda y: reference_unskew(y[::-1])[::-1], "wrong way"),
            (lambda y: reference_unskew(y).T, "exchanged"),
            (lambda y: take(y, y.shape[1] - len(y)), "missing"),
            (lambda y: take(y, len(y)), "You take H"),
            (rolled_right, "to the right once more"),
        ],
    ),
    "12.3": Exercise(
        grade=grade_steps,
        hints=(
            "What is updated at once in each kind: a row, or a diagonal? Count those.",
            "In a sample each number waits for the last one: pixels times channels.",
        ),
        solution='answer = {"row": 64, "diagonal": 2 * 64 - 1, "sampling": 64 * 64 * 3}',
        wrong=[
            ({"row": 64, "diagonal": 128, "sampling": 12288}, "2n − 1"),
            ({"row": 64, "diagonal": 127, "sampling": 4096}, "channels"),
            ({"row": 4096, "diagonal": 127, "sampling": 12288}, "one step for each row"),
            ({"row": 64, "diagonal": 254, "sampling": 12288}, "side by side"),
        ],
    ),
    "12.4": Exercise(
        grade=grade_colour,
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
        wrong=[
            (lambda x, p_r, p_g, p_b: np.exp(reference_colour(x, p_r, p_g, p_b)), "logarithm"),
            (lambda x, p_r, p_g, p_b: reference_colour(x, p_r, p_g, p_b).sum(), "each of them"),
            (lambda x, p_r, p_g, p_b: reference_colour(x, p_r, p_g.T, p_b), "first index is r"),
            (lambda x, p_r, p_g, p_b: np.log(p_b[x[:, 0], x[:, 1], x[:, 2]]), "only p(B | R, G)"),
        ],
    ),
    "12.5": Exercise(
        grade=grade_leak,
        hints=(
            "Which line lets a pixel hear something of pixels that come later?",
            "A mean over the dimensions 2 and 3 is a mean over which pixels?",
        ),
        solution="answer = 2  # the mean is taken over the whole picture, the future too",
        wrong=[(1, "is right"), (3, "is right"), (4, "is right"), (5, "number of a line")],
    ),
}

"""Exercises of lesson 10: from tables to autoregression."""

from collections.abc import Callable
from functools import partial
from itertools import product

import numpy as np

from .engine import Exercise
from .matchers import agrees, choices, choose_line, close

TABLE, INDEPENDENT = 4**9 - 1, 9 * 3  # parameters, in 10.1
STAYS = 0.8  # how probably a pixel of the lesson's chain is like the one before it
SEED = 0  # of 10.2: with it the first picture tells all mistakes apart
MARKOV = {"a": False, "b": True, "c": True, "d": False, "e": True}


def draw(tables: list, u: np.ndarray, past: Callable = list, ink: Callable = np.less) -> np.ndarray:
    """Draw a picture; another `past` to look up, or another way to choose ink, is a typical mistake."""
    picture: list[int] = []
    for table, number in zip(tables, u):
        picture.append(int(ink(number, np.asarray(table)[tuple(past(picture))])))
    return np.array(picture)


def draw_from_last(tables: list, u: np.ndarray) -> np.ndarray:
    """Draw a picture whose pixels know no more than the one before: a typical mistake."""
    picture: list[int] = []
    for table, number in zip(tables, u):
        bets = np.mean(table, axis=tuple(range(np.ndim(table) - 1)))
        picture.append(int(number < (bets[picture[-1]] if picture else bets)))
    return np.array(picture)


def cases_of_draw() -> list[tuple]:
    """Return pictures long enough that two mistakes seldom draw the same one."""
    rng = np.random.default_rng(SEED)
    return [
        ([rng.choice([0.1, 0.3, 0.7, 0.9], (2,) * i) for i in range(10)], rng.uniform(0.1, 0.9, 10)) for _ in range(4)
    ]


def log_sigma(z: np.ndarray) -> np.ndarray:
    return -np.logaddexp(0, -z)


def log_bets(x: np.ndarray, z: np.ndarray) -> np.ndarray:
    return np.where(x == 1, log_sigma(z), log_sigma(-z)).sum(axis=1)


def log_prob(x: np.ndarray, W: np.ndarray, b: np.ndarray) -> np.ndarray:
    return log_bets(x, x @ np.tril(W, -1).T + b)


def rounded(x: np.ndarray, W: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return log p(x) with the logarithm of a σ that may have been rounded: a typical mistake."""
    with np.errstate(all="ignore"):
        ink = 1 / (1 + np.exp(-(x @ np.tril(W, -1).T + b)))
        lost = np.isinf(np.log(np.where(x == 1, ink, 1 - ink))).any(axis=1)
    return np.where(lost, -np.inf, log_prob(x, W, b))  # elsewhere exactly the right value: of equals the first counts


def padded(x: np.ndarray, W: np.ndarray, b: np.ndarray, small: float, clip: bool = False) -> np.ndarray:
    """Return log p(x) with σ kept away from 0 by force: a typical mistake."""
    with np.errstate(all="ignore"):
        ink = 1 / (1 + np.exp(-(x @ np.tril(W, -1).T + b)))
    p = np.where(x == 1, ink, 1 - ink)
    return np.log(np.maximum(p, small) if clip else p + small).sum(axis=1)


def cases_of_log_prob() -> list[tuple]:
    rng = np.random.default_rng(2)
    states = np.array(list(product([0, 1], repeat=3)))
    some = (rng.integers(0, 2, (4, 5)), rng.normal(size=(5, 5)), rng.normal(size=5))
    hard = (states, np.array([[0.0, 0, 0], [1000, 0, 0], [-1000, 1500, 0]]), np.array([0.5, -500, 300]))
    return [some, (states, rng.normal(size=(3, 3)), rng.normal(size=3)), hard]


EXERCISES = {
    "10.1": Exercise(
        judge=partial(close, expected=(TABLE, INDEPENDENT), tolerance=1e-7),
        praise=f"{TABLE:,} and {INDEPENDENT}. With 256 levels the table would have 256⁹ − 1, about {256**9 / 1e21:.0f} · 10²¹.",
        mistakes=[
            ((4**9, 27), "4⁹ is the number of states. The probabilities add up to 1, so one of them is not free."),
            ((4**9, 36), "You counted states. In each table the probabilities add up to 1, so one number is not free."),
            ((4**9 - 1, 36), "The table is right. An independent pixel with 4 levels needs only 3 numbers: they add up to 1."),
            ((4**9 - 1, 9), "The table is right. One number is enough for a pixel of two levels; here there are four."),
            ((3**9, 27), "The second is right. In the table only ONE condition ties all the probabilities together: 4⁹ − 1, not (4 − 1)⁹."),
            ((9**4 - 1, 27), "The second is right. Nine pixels with four levels each: 4 · 4 · … · 4, nine times."),
            ((4 * 9 - 1, 27), "The second is right. Nine pixels with four levels each make 4 · 4 · … · 4 pictures, nine times: 4⁹, not 4 · 9."),
            ((4**9 - 1, 3), "The table is right. Each of the nine pixels has a table of its own, with 3 free numbers."),
            ((27, 4**9 - 1), "The two are exchanged: the table first."),
        ],
        hints=("How many different pictures are there? One condition ties their probabilities together.", "An independent pixel has a table of its own, with 4 values."),
        solution="answer = (4**9 - 1, 9 * (4 - 1))",
    ),
    "10.2": Exercise(
        judge=partial(agrees, reference=draw, cases=cases_of_draw()),
        praise="One pixel after the other, each from a table that the pixels before have chosen: ancestral sampling.",
        mistakes=[
            (lambda t, u: draw(t, u, ink=np.greater), "Ink and paper are exchanged: a pixel is ink if its number is smaller than the probability."),
            (lambda t, u: draw(t, u, past=lambda x: [0] * len(x)), "You look up the same past each time. Use the pixels that you have just drawn."),
            (lambda t, u: np.array([int(number < np.mean(table)) for table, number in zip(t, u)]), "You average over the pasts. Use the one that you have just drawn."),
            (draw_from_last, "You look at the last pixel only, and average over the others. Look the whole past up."),
            (lambda t, u: draw(t, u, past=lambda x: x[::-1]), "You look the past up in reverse order: the first index is the first pixel."),
            (lambda t, u: draw(t, u, past=lambda x: [1] * len(x)), "You look up the same past each time. Use the pixels that you have just drawn."),
            (lambda t, u: np.array([int(number < 0.5) for number in u]), "You compare u with 0.5. Compare it with the probability of ink in the table."),
            (lambda t, u: draw(t, u, ink=lambda a, p: p > 0.5), "You always take the more probable value, and so always the same picture. Compare with u."),
        ],
        hints=("Keep the pixels drawn so far in a list, and begin with an empty one.", "`tables[i][tuple(picture)]` is the probability of ink for the next pixel."),
        solution="""
            import numpy as np

            def draw_picture(tables, u):
                picture = []
                for i in range(len(u)):
                    p_ink = tables[i][tuple(picture)]
                    picture.append(int(u[i] < p_ink))
                return np.array(picture)

            answer = draw_picture
        """,
    ),
    "10.3": Exercise(
        judge=partial(choices, expected=MARKOV),
        praise="A chain can be cut at any place: what is on the left and what is on the right are then independent. It also works backwards.",
        mistakes={
            "a": [(True, f"x₁ speaks to x₃ through x₂: in the lesson's chain the bet on x₃ was {STAYS**2 + (1 - STAYS) ** 2:.2f} instead of 0.50.")],
            "b": [(False, "That is the Markov assumption itself.")],
            "c": [(False, "Conditional independence is symmetric: if x₁ adds nothing about x₃, then x₃ adds nothing about x₁.")],
            "d": [(True, "x₁ and x₂ are neighbours: nothing stands between them, and x₃ comes later.")],
            "e": [(False, "The way from x₁ to x₄ leads through x₂. Once x₂ is known, x₁ adds nothing, even if x₃ is not known.")],
        },
        hints=("Think of the chain as a row of people who whisper to their neighbour.", "If you know what the person in the middle heard, does the first one still tell you anything about the last?"),
        solution=f"answer = {MARKOV}",
    ),
    "10.4": Exercise(
        judge=partial(agrees, reference=log_prob, cases=cases_of_log_prob()),
        praise="No probability was rounded to 0. Without any loop, all conditionals of all pictures are one product of matrices: `x @ np.tril(W, -1).T + b`.",
        mistakes=[
            (lambda x, W, b: log_bets(x, x @ W.T + b), "You used all of W. A pixel may look at the pixels before it only: `np.tril(W, -1)`."),
            (lambda x, W, b: log_bets(x, x @ np.tril(W).T + b), "Each pixel looks at itself: leave out the diagonal of W, too."),
            (lambda x, W, b: log_bets(x, x @ np.tril(W, -1) + b), "W has to be turned over: z_i is the sum of W_ij x_j over j, so it is `x @ W.T`."),
            (lambda x, W, b: log_bets(x, x @ np.triu(W, 1).T + b), "That is the part above the diagonal: each pixel looks at the pixels AFTER it."),
            (lambda x, W, b: log_bets(x, x @ np.tril(W, -1).T), "The bias b is missing."),
            (lambda x, W, b: log_bets(1 - x, x @ np.tril(W, -1).T + b), "Ink and paper are exchanged: σ(z) is the probability of ink, x = 1."),
            (lambda x, W, b: (x * log_sigma(x @ np.tril(W, -1).T + b)).sum(axis=1), "You added up the pixels with ink only. Paper has a probability too: 1 − σ(z)."),
            (lambda x, W, b: log_sigma(x @ np.tril(W, -1).T + b).sum(axis=1), "You took σ(z) for each pixel. Where the picture has paper, it is 1 − σ(z)."),
            (lambda x, W, b: np.exp(log_prob(x, W, b)), "That is p(x); its logarithm is wanted."),
            (lambda x, W, b: -log_prob(x, W, b), "The sign is wrong: a log-probability is never above 0."),
            (lambda x, W, b: log_prob(x, W, b) / x.shape[1], "You took the mean over the pixels: log p(x) is their sum."),
            (lambda x, W, b: log_prob(x, W, b).mean(), "You took the mean over the pictures: one number for each picture is wanted."),
            (rounded, "In the last case σ(z) is rounded to 0 or to 1 (an underflow), and the logarithm of 0 is −∞. Take log σ(z) in one step, as the second hint says."),
            *((partial(padded, small=small, clip=clip), "In the last case σ(z) is rounded to 0 or to 1, and a small number in its place is no better: the surprise has to go on growing. Take log σ(z) in one step.")
              for small in (1e-16, 1e-15, 1e-12, 1e-10, 1e-9, 1e-8) for clip in (True, False)),
            (lambda x, W, b: log_prob(x, W, b).sum(), "You added up the pictures, too: one number for each picture is wanted."),
        ],
        hints=(
            "All z at once: `x @ np.tril(W, -1).T + b`, shape (N, n).",
            "log σ(z) is `-np.logaddexp(0, -z)`, and log(1 − σ(z)) is `-np.logaddexp(0, z)`. `np.where` chooses between them.",
        ),
        solution="""
            import numpy as np

            def fvsbn_log_prob(x, W, b):
                z = x @ np.tril(W, -1).T + b  # (N, n)
                log_p = np.where(x == 1, -np.logaddexp(0, -z), -np.logaddexp(0, z))
                return log_p.sum(axis=1)

            answer = fvsbn_log_prob
        """,
    ),
    "10.5": Exercise(
        judge=partial(choose_line, expected=1),
        praise="`<=` keeps the diagonal: each pixel sees itself and bets on what it has just read. It must be `<`, as in `np.tril(W, -1)`.",
        mistakes=[
            (2, "x @ (W * seen).T is the sum of W_ij x_j over the j that are seen, for every picture: this line is right."),
            (3, "−logaddexp(0, −z) is log σ(z), and −logaddexp(0, z) is log(1 − σ(z)): this line is right."),
            (4, "log p(x) is the sum over the pixels: this line is right."),
        ],
        hints=("What would a model need to know to be surprised so little?", "For each pixel, write down at which pixels it looks. Is it the past only?"),
        solution="answer = 1  # <= keeps the diagonal; < is the past",
    ),
}  # fmt: skip

"""Exercises of lesson 11: NADE."""

import numpy as np

from .engine import Exercise
from .matchers import Wrong, agrees, choices, close, show

D, H = 64, 100
OWN, SHARED = sum(i * H + H + H + 1 for i in range(D)), D * H + H + D * H + D


def grade_numbers(answer: object) -> str:
    close(
        answer, np.array([OWN, SHARED]),
        [
            (np.array([SHARED, OWN]), "The two are exchanged: first the networks of their own."),
            (np.array([OWN, SHARED - H]), "You left out the last W_j, which nobody reads. Here count it, as the code does."),
            (np.array([OWN + D * H, SHARED]), "The second is right. Pixel i has i − 1 pixels before it, so the sum begins with 0 and ends with 63."),
            (np.array([D * (D * H + H + H + 1), SHARED]), "The second is right. In a network of its own pixel i sees only the i − 1 pixels before it, not all 64."),
            (np.array([OWN - D * H, SHARED]), "The second is right. In the first, each network has a c of its own, H numbers."),
            (np.array([OWN, SHARED + (D - 1) * H]), "The first is right. The vector c is shared as well: it is there only once."),
            (np.array([OWN, SHARED - D * H]), "The first is right. In the second there are W_j and V_i for each pixel, two vectors of H numbers."),
            (np.array([OWN, SHARED - D * H + H]), "The first is right. V_i is the pixel's own: 64 vectors, not one."),
            (np.array([OWN, SHARED - D]), "The first is right. In the second the 64 biases b_i are missing."),
            (np.array([OWN, SHARED - H - D]), "The first is right. In the second the biases are missing, c and all the b_i."),
        ],
        tolerance=1e-7,
    )  # fmt: skip
    return (
        "214,464 and 12,964. The first grows with the square of the number of pixels, the second in proportion to it."
    )


def sigma(z: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-z))


PASTS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
PARTS = {"W": (2, 2), "c": (2,), "V": (2,), "b": ()}


def grade_xor(answer: object) -> str:
    if type(answer) not in (tuple, list) or len(answer) != 4:
        raise Wrong(f"Your answer should be the four parts (W, c, V, b), but it is {show(answer)}.")
    parts = []
    for value, (name, shape) in zip(answer, PARTS.items()):
        try:
            part = np.asarray(value, dtype=float)
        except Exception:
            raise Wrong(f"`{name}` should hold numbers, but it is {show(value)}.") from None
        if part.shape != shape or not np.isfinite(part).all():
            raise Wrong(
                f"`{name}` should be {'one number' if shape == () else f'numbers of shape {shape}'}, but it is {show(value)}."
            )
        parts.append(part)
    W, c, V, b = parts
    with np.errstate(over="ignore"):
        bets = sigma(sigma(PASTS @ W + c) @ V + b)
    listed = ", ".join(f"{bet:.3f}" for bet in bets)
    near = np.round(bets).astype(int).tolist()
    if (np.abs(bets - [0, 1, 1, 0]) <= 0.01).all():
        return f"Your bets are {listed}. A hidden unit is a yes-or-no question about the past, and V says what the answers mean."
    if near == [0, 1, 1, 0]:
        raise Wrong(f"Right so far: {listed}. Only be surer of it: larger weights make steeper units.")
    told = {
        (1, 0, 0, 1): "this is ink where the coins are equal: turn the signs of V and b over.",
        (0, 1, 1, 1): "this is OR. A second unit must take the bet back when both are ink.",
        (0, 0, 0, 1): "this is AND. Take it away from OR, and the rest is what you need.",
        (1, 1, 1, 0): "1, 1 is right, but 0, 0 must be paper, too.",
    }
    raise Wrong(f"For 00, 01, 10, 11 your bets are {listed}; " + told.get(tuple(near), "they should be 0, 1, 1, 0."))


def walk(
    x, n_given, W, c, V, b, u, *, told=True, ink=lambda u, p: u < p, add=lambda x, W: x * W, start=True, late=False
):
    """Complete a picture; each keyword makes a typical mistake."""
    x, a = np.array(x, dtype=float), np.array(c, dtype=float) if start else np.zeros(len(c))
    for i in range(len(x)):
        if late:
            a = a + add(x[i], W[i])
        if i >= n_given:
            x[i] = ink(u[i], sigma(sigma(a) @ V[i] + b[i]))
        if not late and (told or i >= n_given):
            a = a + add(x[i], W[i])
    return x


def typical(**mistake):
    return lambda *args: walk(*args, **mistake)


def cases_of_completion() -> list[tuple]:
    rng, cases = np.random.default_rng(10), []  # with this seed the first case tells all typical mistakes apart
    for d, n_given in [(20, 10), (12, 0), (20, 10), (30, 8), (30, 12), (30, 30)]:
        weights = [2.5 * rng.normal(size=shape) for shape in [(d, 5), (5,), (d, 5), (d,)]]  # W, c, V, b
        cases.append((rng.integers(0, 2, size=d), n_given, *weights, rng.uniform(size=d)))
    return cases


def grade_complete(answer: object) -> str:
    agrees(
        answer, walk, cases_of_completion(),
        [
            (typical(told=False), "The given pixels are kept, but the hidden units never hear of them: add x_i W_i for these, too."),
            (typical(ink=lambda u, p: u > p), "Ink and paper are exchanged: a pixel is ink if its number in u is smaller than its probability."),
            (typical(ink=lambda u, p: p > 0.5), "You always take the more probable value, and so always the same picture. Compare with u."),
            (typical(add=lambda x, W: W), "You add W_i for every pixel. Only ink is heard: add x_i W_i."),
            (typical(start=False), "The running sum begins with c, not with 0."),
            (typical(late=True), "You add x_i W_i before the bet on pixel i, so it sees what stood at its own place. First the bet, then the sum."),
            (lambda x, n, *rest: walk(x, 0, *rest), "You draw all pixels anew. The first n_given are to be kept."),
        ],
    )  # fmt: skip
    return (
        "With n_given = 0 this is the sampler, with n_given = D it changes nothing. One walk, O(HD), whatever is given."
    )


REPORTED, PIXELS = 0.1150, 784


def grade_better(answer: object) -> str:
    close(
        answer, np.array([2, REPORTED * PIXELS]),
        [
            (np.array([2, REPORTED]), "The line is right. Its value is nats a pixel; a picture has 784 of them."),
            (np.array([2, PIXELS * np.log(2)]), "The line is right. 784 log 2 is a coin for each pixel; here multiply the mean by 784."),
            (np.array([2, REPORTED / PIXELS]), "The line is right, but the number goes the wrong way: there are 784 pixels in a picture."),
            *[(np.array([line, REPORTED * PIXELS]), why) for line, why in [
                (1, "The nats are right. But the logits are what this loss expects: line 1 is in order."),
                (3, "The nats are right. Line 3 prints what it is given. Where was it divided by 784?"),
            ]],
            *[(np.array([line, REPORTED]), "The number is a mean over all pixels of all pictures. In which line was that mean taken?") for line in (1, 3)],
        ],
        tolerance=2e-3,
    )  # fmt: skip
    return '90.16 nats. By default this loss takes the mean over everything: reduction="none", then the sum over the pixels.'


def grade_easy(answer: object) -> str:
    choices(
        answer,
        {
            "a": (True, {False: "That is what NADE is for: all bets, one product."}),
            "b": (True, {False: "It is the product of the first 392 bets, and those do not ask what comes later."}),
            "c": (False, {True: "Every bet of the lower half listens to the upper half. Without it one would have to sum over 2³⁹² of them."}),
            "d": (False, {True: "In the order of the rows, right and left take turns: the bet on a pixel must not wait for given ones that come later. Another order can do it."}),
            "e": (True, {False: "Pixel 784 is the last one: its bet listens to all the others. For any other pixel it would be False."}),
        },
    )  # fmt: skip
    return "What is given must come first, and what is unknown and not asked for must come last."


EXERCISES = {
    "11.1": Exercise(
        grade=grade_numbers,
        hints=(
            "The cell above has both formulas, with D = 784 and H = 500.",
            "A network of its own: pixel i (from 0) has i vectors W, one c, one V, and a bias b. Shared: W (64, 100), c (100,), V (64, 100), b (64,).",
        ),
        solution="""
            own = sum(i * 100 + 100 + 100 + 1 for i in range(64))
            shared = 64 * 100 + 100 + 64 * 100 + 64
            answer = (own, shared)
        """,
        wrong=[
            ((SHARED, OWN), "exchanged"),
            ((OWN, SHARED - H), "nobody reads"),
            ((OWN + D * H, SHARED), "ends with 63"),
            ((OWN, SHARED - D), "biases"),
            ((D * (D * H + H + H + 1), SHARED), "not all 64"),
            ((OWN, SHARED + (D - 1) * H), "only once"),
            ((OWN, SHARED - D * H + H), "the pixel's own"),
        ],
    ),
    "11.2": Exercise(
        grade=grade_xor,
        hints=(
            "Let the first unit ask: is at least one of them ink? And the second: are both ink?",
            "With W = 20 everywhere, c decides when a unit switches on: −10 for at least one, −30 for both. Then V = (20, −20).",
        ),
        solution="""
            import numpy as np

            W = np.array([[20, 20], [20, 20]])  # both units listen to both pixels alike
            c = np.array([-10, -30])            # at least one; both
            V, b = np.array([20, -20]), -10     # at least one, and not both
            answer = (W, c, V, b)
        """,
        wrong=[
            (([[20, 20], [20, 20]], [-10, -30], [20, 0], -10), "this is OR"),
            (([[20, 20], [20, 20]], [-10, -30], [0, 20], -10), "this is AND"),
            (([[20, 20], [20, 20]], [-10, -30], [-20, 20], 10), "coins are equal"),
            (([[20, 20], [20, 20]], [-10, -30], [4, -4], -2), "surer"),
            (([[0, 0], [0, 0]], [0, 0], [0, 0], 0), "0.500"),
            (([20, 20], [-10, -30], [20, -20], -10), "`W` should be"),
        ],
    ),
    "11.3": Exercise(
        grade=grade_complete,
        hints=(
            "Start with `a = c.copy()` and a copy of x. In each step: the bet from a (if the pixel is not given), the pixel, then the sum.",
            "The bet is `sigmoid(sigmoid(a) @ V[i] + b[i])`. After it, given or drawn: `a += x[i] * W[i]`.",
        ),
        solution="""
            import numpy as np

            def complete(x, n_given, W, c, V, b, u):
                x, a = x.copy(), c.copy()
                for i in range(len(x)):
                    if i >= n_given:
                        h = 1 / (1 + np.exp(-a))
                        x[i] = u[i] < 1 / (1 + np.exp(-(V[i] @ h + b[i])))
                    a += x[i] * W[i]
                return x

            answer = complete
        """,
        wrong=[
            (lambda x, n_given, W, c, V, b, u: walk(x, n_given, W, c, V, b, u, told=False), "never hear"),
            (lambda x, n_given, W, c, V, b, u: walk(x, n_given, W, c, V, b, u, ink=lambda u, p: u > p), "exchanged"),
            (
                lambda x, n_given, W, c, V, b, u: walk(x, n_given, W, c, V, b, u, ink=lambda u, p: p > 0.5),
                "more probable",
            ),
            (lambda x, n_given, W, c, V, b, u: walk(x, n_given, W, c, V, b, u, late=True), "its own place"),
            (lambda x, n_given, W, c, V, b, u: walk(x, n_given, W, c, V, b, u, start=False), "begins with c"),
            (lambda x, n_given, W, c, V, b, u: walk(x, n_given, W, c, V, b, u, add=lambda x, W: W), "Only ink"),
            (lambda x, n_given, W, c, V, b, u: walk(x, 0, W, c, V, b, u), "to be kept"),
        ],
    ),
    "11.4": Exercise(
        grade=grade_better,
        hints=(
            "What does this loss return if it is not told how to reduce: a sum or a mean, and over what?",
            "A mean over pictures and pixels. A picture has 784 pixels.",
        ),
        solution="answer = (2, 0.1150 * 784)  # the mean over the pixels, too",
        wrong=[
            ((2, 0.1150), "nats a pixel"),
            ((1, 0.1150 * 784), "line 1 is in order"),
            ((3, 0.1150 * 784), "divided by 784"),
            ((3, 0.1150), "mean over all pixels"),
            ((2, 784 * np.log(2)), "coin"),
        ],
    ),
    "11.5": Exercise(
        grade=grade_easy,
        hints=(
            "A bet listens to all pixels before it in the order, and to no other.",
            "Whatever is given must come before what is drawn; whatever is unknown must come after all that is asked for.",
        ),
        solution='answer = {"a": True, "b": True, "c": False, "d": False, "e": True}',
        wrong=[
            ({"a": True, "b": False, "c": False, "d": False, "e": True}, "first 392"),
            ({"a": True, "b": True, "c": True, "d": False, "e": True}, "2³⁹²"),
            ({"a": True, "b": True, "c": False, "d": True, "e": True}, "take turns"),
            ({"a": True, "b": True, "c": False, "d": False, "e": False}, "the last one"),
        ],
    ),
}

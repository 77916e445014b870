"""Exercises of lesson 11: NADE."""

from collections.abc import Callable
from functools import partial

import numpy as np

from .engine import Exercise
from .matchers import Mistakes, Wrong, agrees, choices, close, line_and_number, show

D, H = 64, 100
OWN, SHARED = sum(i * H + H + H + 1 for i in range(D)), D * H + H + D * H + D
REPORTED, PIXELS = 0.1150, 784
ABOVE, SHARED_ABOVE = sum(i * 500 + 1001 for i in range(PIXELS)), 1001 * PIXELS + 500  # as the lesson counts them
EASY = {"a": True, "b": True, "c": False, "d": False, "e": True}


def sigma(z: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-z))


PASTS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
PARTS = {"W": (2, 2), "c": (2,), "V": (2,), "b": ()}


def bets_of(answer: object) -> np.ndarray:
    """Return the bets (4,) after the four pasts; raises Wrong if the weights cannot be multiplied."""
    if type(answer) not in (tuple, list) or len(answer) != 4:
        raise Wrong(f"Your answer should be the four parts (W, c, V, b), but it is {show(answer)}.")
    parts = []
    for value, (name, shape) in zip(answer, PARTS.items()):
        try:
            part = np.asarray(value, dtype=float)
        except Exception:
            raise Wrong(f"`{name}` should hold numbers, but it is {show(value)}.") from None
        if part.shape != shape or not np.isfinite(part).all():
            form = "one number" if shape == () else f"numbers of shape {shape}"
            raise Wrong(f"`{name}` should be {form}, but it is {show(value)}.")
        parts.append(part)
    W, c, V, b = parts
    with np.errstate(over="ignore"):
        return sigma(sigma(PASTS @ W + c) @ V + b)


def judge_xor(answer: object, mistakes: Mistakes) -> str:
    """Judge weights by their rounded bets: those of a mistake get its words."""
    bets = bets_of(answer)
    listed = ", ".join(f"{bet:.3f}" for bet in bets)
    if (np.abs(bets - [0, 1, 1, 0]) <= 0.01).all():
        return f"Your bets are {listed}. A hidden unit is a yes-or-no question about the past, and V says what the answers mean."
    told = {tuple(np.round(bets_of(wrong))): words for wrong, words in mistakes}
    near = tuple(np.round(bets))
    if near == (0, 1, 1, 0):
        raise Wrong(f"Right so far: {listed}. {told[near]}")
    raise Wrong(f"For 00, 01, 10, 11 your bets are {listed}; {told.get(near, 'they should be 0, 1, 1, 0.')}")


def walk(
    x,
    n_given,
    W,
    c,
    V,
    b,
    u,
    *,
    told=True,
    ink=lambda u, p: u < p,
    add=lambda x, W: x * W,
    hidden=sigma,
    start=True,
    late=False,
    old=False,
):
    """Complete a picture; each keyword makes a typical mistake."""
    before, x = x, np.array(x, dtype=float)
    a = np.array(c, dtype=float) if start else np.zeros(len(c))
    for i in range(len(x)):
        if late:
            a = a + add(x[i], W[i])
        if i >= n_given:
            x[i] = ink(u[i], sigma(hidden(a) @ V[i] + b[i]))
        if not late and (told or i >= n_given):
            a = a + add(before[i] if old else x[i], W[i])
    return x


def walking(**mistake) -> Callable:
    return lambda x, n_given, W, c, V, b, u: walk(x, n_given, W, c, V, b, u, **mistake)


def ahead(x, n_given, W, c, V, b, u):
    x = np.array(x, dtype=float)
    for i in range(n_given, len(x)):
        x[i] = u[i] < sigma(sigma(c + x @ W) @ V[i] + b[i])
    return x


def deaf_to_draws(x, n_given, W, c, V, b, u):
    x = np.array(x, dtype=float)
    a = c + x[:n_given] @ W[:n_given]
    for i in range(n_given, len(x)):
        x[i] = u[i] < sigma(sigma(a) @ V[i] + b[i])
    return x


def told_to_units(x, n_given, W, c, V, b, u):
    x, h = np.array(x, dtype=float), sigma(c)
    for i in range(len(x)):
        if i >= n_given:
            x[i] = u[i] < sigma(h @ V[i] + b[i])
        h = sigma(h + x[i] * W[i])
    return x


def cases_of_completion() -> list[tuple]:
    rng, cases = np.random.default_rng(10), []  # with this seed the first case tells all typical mistakes apart
    for d, n_given in [(20, 10), (12, 0), (20, 10), (30, 8), (30, 12), (30, 30)]:
        weights = [2.5 * rng.normal(size=shape) for shape in [(d, 5), (5,), (d, 5), (d,)]]  # W, c, V, b
        cases.append((rng.integers(0, 2, size=d), n_given, *weights, rng.uniform(size=d)))
    return cases


EXERCISES = {
    "11.1": Exercise(
        judge=partial(close, expected=(OWN, SHARED), tolerance=1e-7),
        praise=f"{OWN:,} and {SHARED:,}. The first grows with the square of the number of pixels, the second in proportion to it.",
        mistakes=[
            ((SHARED, OWN), "The two are exchanged: first the networks of their own."),
            ((OWN, SHARED - H), "You left out the last W_j, which nobody reads. Here count it, as the code does."),
            ((OWN + D * H, SHARED), f"The second is right. Pixel i has i − 1 pixels before it, so the sum begins with 0 and ends with {D - 1}."),
            ((D * (D * H + H + H + 1), SHARED), f"The second is right. In a network of its own pixel i sees only the i − 1 pixels before it, not all {D}."),
            ((OWN - D * H, SHARED), "The second is right. In the first, each network has a c and a V of its own, H numbers each."),
            ((OWN - D, SHARED), f"The second is right. In the first, the {D} biases b_i are missing."),
            ((ABOVE, SHARED_ABOVE), "These are the numbers of the cell above. Here the digits have 64 pixels, and there are 100 hidden units."),
            ((OWN, SHARED + (D - 1) * H), "The first is right. The vector c is shared as well: it is there only once."),
            ((OWN, SHARED - D * H), "The first is right. In the second there are W_j and V_i for each pixel, two vectors of H numbers."),
            ((OWN, SHARED - D * H + H), f"The first is right. V_i is the pixel's own: {D} vectors, not one."),
            ((OWN, SHARED - D), f"The first is right. In the second the {D} biases b_i are missing."),
            ((OWN, SHARED - H - D), "The first is right. In the second the biases are missing, c and all the b_i."),
        ],
        hints=(
            "The cell above has both formulas, with D = 784 and H = 500.",
            "A network of its own: pixel i (from 0) has i vectors W, one c, one V, and a bias b. Shared: W (64, 100), c (100,), V (64, 100), b (64,).",
        ),
        solution="""
            own = sum(i * 100 + 100 + 100 + 1 for i in range(64))
            shared = 64 * 100 + 100 + 64 * 100 + 64
            answer = (own, shared)
        """,
    ),
    "11.2": Exercise(
        judge=judge_xor,
        mistakes=[
            (([[20, 20], [20, 20]], [-10, -30], [-20, 20], 10), "this is ink where the coins are equal: turn the signs of V and b over."),
            (([[20, 20], [20, 20]], [-10, -30], [20, 0], -10), "this is OR. A second unit must take the bet back when both are ink."),
            (([[20, 20], [20, 20]], [-10, -30], [0, 20], -10), "this is AND. Take it away from OR, and the rest is what you need."),
            (([[20, 20], [20, 20]], [-10, -30], [0, -20], 10), "1, 1 is right, but 0, 0 must be paper, too."),
            (([[20, 20], [20, 20]], [-10, -30], [4, -4], -2), "Only be surer of it: larger weights make steeper units."),
            (([[20, 20], [20, 20]], [-30, -10], [20, -20], -10), "ink is never the surer bet. For 01 and 10, V · h + b must be well above 0."),
            (([[20, 20], [20, 20]], [-10, -30], [20, -20], 10), "ink is always the surer bet. For 00 and 11, V · h + b must be well below 0."),
        ],
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
    ),
    "11.3": Exercise(
        judge=partial(agrees, reference=walk, cases=cases_of_completion()),
        praise="With n_given = 0 this is the sampler, with n_given = D it changes nothing. One walk, O(HD), whatever is given.",
        mistakes=[
            (walking(told=False), "The given pixels are kept, but the hidden units never hear of them: add x_i W_i for these, too."),
            (walking(ink=lambda u, p: u > p), "Ink and paper are exchanged: a pixel is ink if its number in u is smaller than its probability."),
            (walking(ink=lambda u, p: p > 0.5), "You always take the more probable value, and so always the same picture. Compare with u."),
            (walking(ink=lambda u, p: p), "You put the probability itself into the picture. Draw: a pixel is ink, 1, if its number in u is smaller than it."),
            (walking(ink=lambda u, p: 0), "All that you draw is paper. A probability that is put into an array of whole numbers becomes 0: compare it with u."),
            (walking(hidden=lambda a: a), "V_i takes the hidden units h = σ(a), not the sum a itself."),
            (walking(add=lambda x, W: W), "You add W_i for every pixel. Only ink is heard: add x_i W_i."),
            (walking(start=False), "The running sum begins with c, not with 0."),
            (walking(late=True), "You add x_i W_i before the bet on pixel i, so it sees what stood at its own place. First the bet, then the sum."),
            (walking(old=True), "You add what stood there before the draw. The hidden units are to hear the pixel that was drawn."),
            (lambda x, n_given, W, c, V, b, u: walk(x, n_given, W, c, V, b, np.roll(u, n_given)), "`u` has a number for each pixel, also for the given ones: pixel i takes `u[i]`."),
            (walking(ink=lambda u, p: u < sigma(p)), "You apply σ twice: σ(V · h + b) is the probability already."),
            (deaf_to_draws, "The hidden units never hear the pixels that you draw: add x_i W_i for these, too."),
            (told_to_units, "The sum runs along in a, before σ. You add x_i W_i to the hidden units h = σ(a) themselves."),
            (ahead, "The hidden units also hear what stands in x after the pixel. Only the pixels before it are known."),
            (lambda x, n_given, W, c, V, b, u: walk(x, 0, W, c, V, b, u), "You draw all pixels anew. The first n_given are to be kept."),
        ],
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
    ),
    "11.4": Exercise(
        judge=partial(line_and_number, line=2, number=REPORTED * PIXELS, what="The number of nats", pair="(line, nats)"),
        praise=f'{REPORTED * PIXELS:.2f} nats. By default this loss takes the mean over everything: reduction="none", then the sum over the pixels.',
        mistakes={
            0: [
                (1, "Line 1 is in order: the logits are what this loss expects. The number is a mean over all pixels of all pictures. In which line was that mean taken?"),
                (3, "Line 3 prints what it is given. The number is a mean over all pixels of all pictures. In which line was that mean taken?"),
            ],
            1: [
                (REPORTED, f"The line is right. Its value is nats a pixel; a picture has {PIXELS} of them."),
                (PIXELS * np.log(2), f"The line is right. {PIXELS} log 2 is a coin for each pixel; here multiply the mean by {PIXELS}."),
                (REPORTED / PIXELS, f"The line is right, but the number goes the wrong way: there are {PIXELS} pixels in a picture."),
                (REPORTED * 28, f"The line is right. A picture is 28 pixels wide, and has {PIXELS} of them."),
                (REPORTED * 64, f"The line is right. These pictures have {PIXELS} pixels, not 64 as the digits of this lesson."),
                (85, "The line is right. That is the paper's number; what are the colleague's nats, counted for a picture?"),
            ],
        },
        hints=(
            "What does this loss return if it is not told how to reduce: a sum or a mean, and over what?",
            f"A mean over pictures and pixels. A picture has {PIXELS} pixels.",
        ),
        solution="answer = (2, 0.1150 * 784)  # the mean over the pixels, too",
    ),
    "11.5": Exercise(
        judge=partial(choices, expected=EASY),
        praise="What is given must come first, and what is unknown and not asked for must come last.",
        mistakes={
            "a": [(False, "That is what NADE is for: all bets, one product.")],
            "b": [(False, f"It is the product of the first {PIXELS // 2} bets, and those do not ask what comes later.")],
            "c": [(True, "Every bet of the lower half listens to the upper half. Without it one would have to sum over 2³⁹² of them.")],
            "d": [(True, "In the order of the rows, right and left take turns: the bet on a pixel must not wait for given ones that come later. Another order can do it.")],
            "e": [(False, f"Pixel {PIXELS} is the last one: its bet listens to all the others. For any other pixel it would be False.")],
        },
        hints=(
            "A bet listens to all pixels before it in the order, and to no other.",
            "Whatever is given must come before what is drawn; whatever is unknown must come after all that is asked for.",
        ),
        solution=f"answer = {EASY}",
    ),
}  # fmt: skip

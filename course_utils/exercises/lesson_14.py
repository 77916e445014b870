"""Exercises of lesson 14: the generative adversarial network."""

from collections.abc import Callable

import numpy as np
import torch
from scipy.special import entr, rel_entr

from .engine import Exercise
from .matchers import Wrong, agrees, close, show


def grade_transform(answer: object) -> str:
    u = np.random.default_rng(0).uniform(size=6)
    agrees(
        answer, np.sqrt, [(u,), (np.array([0.0, 0.25, 1.0]),)],
        [
            (np.square, "That is F, from x to u. You need the way back, from u to x: solve u = F(x) for x."),
            (lambda u: 2 * u, "That is the density p(x). First the share below x, F(x) = ∫₀ˣ 2t dt, then solve u = F(x) for x."),
            (lambda u: u, "These stay uniform. Larger x should come more often."),
            (lambda u: np.sqrt(1 - u), "That has the right distribution, but it falls with u: the inverse of F rises."),
            (lambda u: u / 2, "F(x) = x², and its inverse is not a division."),
        ],
    )  # fmt: skip
    return "Any distribution on a line can be drawn so: put uniform numbers through the inverse of F."


def reference_jsd(p: np.ndarray, q: np.ndarray) -> float:
    m = (np.asarray(p) + q) / 2
    return float((rel_entr(p, m).sum() + rel_entr(q, m).sum()) / 2)


def careless_jsd(p: np.ndarray, q: np.ndarray) -> float:
    """Return nan where a probability is 0: a typical mistake."""
    m = (p + q) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        return float((p * np.log(p / m) + q * np.log(q / m)).sum() / 2)


def cases_of_jsd() -> list[tuple]:
    rng = np.random.default_rng(1)
    p, q = rng.dirichlet(np.ones(4), size=2)
    return [
        (p, q),
        (np.array([0.5, 0.5, 0.0]), np.array([0.0, 0.25, 0.75])),
        (np.array([1.0, 0.0]), np.array([0.0, 1.0])),
        (p, p),
    ]


def grade_jsd(answer: object) -> str:
    def kl(p: np.ndarray, q: np.ndarray) -> float:
        return float(rel_entr(p, q).sum())

    agrees(
        answer, reference_jsd, cases_of_jsd(),
        [
            (lambda p, q: 2 * reference_jsd(p, q), "That is twice as much: take the mean of the two divergences."),
            (lambda p, q: reference_jsd(p, q) / np.log(2), "That is in bits. Use the natural logarithm, for nats."),
            (kl, "That is KL(p‖q). Compare each of the two with their mixture m = (p + q)/2 instead."),
            (lambda p, q: (kl(p, q) + kl(q, p)) / 2, "You compare p with q directly. Compare each of the two with their mixture m = (p + q)/2."),
            (lambda p, q: kl(p, (p + q) / 2), "That is one of the two divergences. The other is KL(q‖m): take the mean of both."),
            (lambda p, q: (rel_entr(p, p + q).sum() + rel_entr(q, p + q).sum()) / 2, "Your mixture p + q sums to 2: halve it."),
            (lambda p, q: -reference_jsd(p, q), "The sign is wrong: a divergence is never negative."),
            (lambda p, q: float((entr(p).sum() + entr(q).sum()) / 2 - entr((p + q) / 2).sum()), "The sign is wrong: a divergence is never negative."),
        ],
        tolerance=1e-6,
    )  # fmt: skip
    return "At most log 2, even for two distributions that share nothing. There the KL divergence is infinite."


SLOPES: dict[str, tuple[float, list[tuple[float, str]]]] = {
    "minimax": (-0.02, [
        (-0.98, "that belongs to the other loss."),
        (0.02, "the sign: the loss log(1 − D) falls when the log-odds rise."),
        (-1 / 0.98, "that is the slope with respect to D. With respect to the log-odds multiply it by dD/dℓ = D(1 − D)."),
        (1 / 0.98, "that is a slope with respect to D. With respect to the log-odds multiply it by dD/dℓ = D(1 − D)."),
        (np.log(0.98), "that is the loss itself, not its slope."),
    ]),
    "non_saturating": (-0.98, [
        (-0.02, "that belongs to the other loss."),
        (0.98, "the sign: the loss −log D falls when the log-odds rise."),
        (-50.0, "that is the slope with respect to D. With respect to the log-odds multiply it by dD/dℓ = D(1 − D)."),
        (50.0, "that is a slope with respect to D. With respect to the log-odds multiply it by dD/dℓ = D(1 − D)."),
        (-np.log(0.02), "that is the loss itself, not its slope."),
    ]),
    "ratio": (49.0, [
        (1 / 49, "how many times as steep is the second loss as the first? You have it upside down."),
        (-49.0, "both slopes have the same sign."),
        (50 * 0.98, "divide one slope by the other."),
    ]),
}  # fmt: skip


def grade_slopes(answer: object) -> str:
    if type(answer) is not dict or {show(key) for key in answer} != {show(key) for key in SLOPES}:
        keys = ", ".join(f"`{key}`" for key in SLOPES)
        raise Wrong(f"Your answer should be a dict with the keys {keys}, but it is {show(answer)}.")
    for name, (expected, typical) in SLOPES.items():
        explained = [(value, f"`{name}` is not right: {why}") for value, why in typical]
        close(answer[name], expected, explained, what=f"`{name}`")
    return "When D sees through a fake, the second loss speaks 49 times as loud, and says the same: make the log-odds rise."


def reference_reply(d: np.ndarray) -> np.ndarray:
    return np.eye(len(d))[np.argmax(d)]


def grade_reply(answer: object) -> str:
    def softmax(d: np.ndarray) -> np.ndarray:
        return np.exp(d) / np.exp(d).sum()

    agrees(
        answer, reference_reply, [(np.array([0.2, 0.7, 0.6, 0.1]),), (np.array([0.55, 0.45, 0.5]),), (np.array([0.3, 0.31, 0.9, 0.89, 0.2]),)],
        [
            (lambda d: d / d.sum(), "That shares out. But each nat of loss counts: whatever is moved to where D is largest lowers the loss further."),
            (softmax, "That shares out. Whatever is moved to where D is largest lowers the loss further: what is left in the end?"),
            (lambda d: np.full(len(d), 1 / len(d)), "That ignores D. G can do better: paint more of what D believes."),
            (lambda d: np.eye(len(d))[np.argmin(d)], "That is G's worst reply: it paints what D believes least."),
            (lambda d: d, "These do not sum to 1. Return a distribution over the pictures."),
            (lambda d: int(np.argmax(d)), "That is the number of one picture. Return the probabilities of all, shape (K,)."),
            (lambda d: (d == d.max()) * 1.0 * len(d), "Probabilities sum to 1."),
        ],
    )  # fmt: skip
    return "All eggs in one basket: nothing in G's loss rewards variety. Only D's next move does."


def cases_of_invert() -> list[tuple]:
    rng = torch.Generator().manual_seed(0)
    layers = [torch.nn.Linear(2, 5), torch.nn.Sequential(torch.nn.Linear(3, 8), torch.nn.Tanh(), torch.nn.Linear(8, 4))]
    for parameter in (p for layer in layers for p in layer.parameters()):
        parameter.data = 0.5 * torch.randn(parameter.shape, generator=rng)
    targets = [torch.randn(1, 5, generator=rng), torch.randn(2, 4, generator=rng)]
    starts = [torch.zeros(1, 2), 0.3 * torch.randn(2, 3, generator=rng)]
    return [(G, x, z, steps, rate) for G, x, z, steps, rate in zip(layers, targets, starts, (1, 6), (0.1, 0.03))]


def descent(loss: Callable, sign: float = -1, sums_up: bool = False, output: bool = False) -> Callable:
    """Return a function that descends (or climbs) a loss of G(z) and x; perhaps with slopes that pile up; z or G(z)."""

    def invert(G: Callable, x: torch.Tensor, z: torch.Tensor, steps: int, rate: float) -> torch.Tensor:
        total = 0.0
        for _ in range(steps):
            z = z.detach().clone().requires_grad_()
            (slope,) = torch.autograd.grad(loss(G(z), x), z)
            total = total + slope if sums_up else slope
            z = z + sign * rate * total
        return (G(z) if output else z).detach()

    return invert


def squared(rebuilt: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    return ((rebuilt - x) ** 2).sum()


reference_invert = descent(squared)


def grade_invert(answer: object) -> str:
    agrees(
        answer, reference_invert, cases_of_invert(),
        [
            (descent(squared, output=True), "That is G(z), the picture. Return z."),
            (descent(squared, sign=1), "Your steps go uphill: subtract rate times the slope."),
            (descent(lambda rebuilt, x: ((rebuilt - x) ** 2).mean()), "Take the sum of the squares, not their mean."),
            (descent(lambda rebuilt, x: (rebuilt - x).abs().sum()), "Square the differences."),
            (descent(lambda rebuilt, x: ((rebuilt - x) ** 2).sum().sqrt()), "Leave the sum of the squares as it is, without the root."),
            (descent(squared, sums_up=True), "The slopes of earlier steps pile up. Compute each anew: `torch.autograd.grad`, or set `z.grad` to None."),
            (lambda G, x, z, steps, rate: z, "Your z is still where it began."),
            (lambda G, x, z, steps, rate: descent(squared)(G, x, z, 1, rate), "That is z after one step. Make all of them."),
        ],
    )  # fmt: skip
    return "An encoder by hand: hundreds of passes for one picture, and perhaps a poor place to stop. An encoder network needs one pass."


EXERCISES = {
    "14.1": Exercise(
        grade=grade_transform,
        hints=("Which share of the numbers lies below x? F(x) = ∫₀ˣ 2t dt.", "F(x) = x². Solve u = x² for x."),
        solution="""
            import numpy as np

            def transform(u):
                return np.sqrt(u)  # F(x) = x², and this is its inverse

            answer = transform
        """,
        wrong=[
            (lambda u: u**2, "way back"),
            (lambda u: 2 * u, "density"),
            (lambda u: np.sqrt(1 - u), "falls"),
            (lambda u: u * 1.0, "stay uniform"),
        ],
    ),
    "14.2": Exercise(
        grade=grade_jsd,
        hints=(
            "First the mixture, `m = (p + q) / 2`. Then the mean of KL(p‖m) and KL(q‖m).",
            "`scipy.special.rel_entr(p, m)` is p log(p/m), and 0 where p is 0.",
        ),
        solution="""
            import numpy as np
            from scipy.special import rel_entr

            def jsd(p, q):
                m = (np.asarray(p) + np.asarray(q)) / 2
                return (rel_entr(p, m).sum() + rel_entr(q, m).sum()) / 2

            answer = jsd
        """,
        wrong=[
            (lambda p, q: 2 * reference_jsd(p, q), "mean of the two"),
            (lambda p, q: reference_jsd(p, q) / np.log(2), "bits"),
            (lambda p, q: rel_entr(p, q).sum(), "mixture"),
            (lambda p, q: rel_entr(p, (p + q) / 2).sum(), "one of the two"),
            (lambda p, q: (rel_entr(p, p + q).sum() + rel_entr(q, p + q).sum()) / 2, "sums to 2"),
            (careless_jsd, "0 times log 0"),
        ],
    ),
    "14.3": Exercise(
        grade=grade_slopes,
        hints=(
            "Section 5 gives both slopes: −D and −(1 − D).",
            "`torch.autograd.grad` of `torch.log(1 - torch.sigmoid(l))`, with l = log(0.02 / 0.98), checks the first.",
        ),
        solution='answer = {"minimax": -0.02, "non_saturating": -0.98, "ratio": 0.98 / 0.02}',
        wrong=[
            ({"minimax": -0.98, "non_saturating": -0.02, "ratio": 49}, "other loss"),
            ({"minimax": 0.02, "non_saturating": -0.98, "ratio": 49}, "the sign"),
            ({"minimax": -0.02, "non_saturating": -50, "ratio": 49}, "log-odds"),
            ({"minimax": -0.02, "non_saturating": -0.98, "ratio": 1 / 49}, "upside down"),
        ],
    ),
    "14.4": Exercise(
        grade=grade_reply,
        hints=(
            "The loss Σ p_G(x) log(1 − D(x)) is a mean, with weights p_G. How small can a mean become?",
            "As small as the smallest value: all the weight goes to the x with the largest D.",
        ),
        solution="""
            import numpy as np

            def best_reply(d):
                p_g = np.zeros(len(d))
                p_g[np.argmax(d)] = 1
                return p_g

            answer = best_reply
        """,
        wrong=[
            (lambda d: d / d.sum(), "shares out"),
            (lambda d: np.full(len(d), 1 / len(d)), "ignores D"),
            (lambda d: np.eye(len(d))[np.argmin(d)], "worst"),
            (lambda d: np.argmax(d), "number of one picture"),
            (lambda d: d + 0, "sum to 1"),
        ],
    ),
    "14.5": Exercise(
        grade=grade_invert,
        hints=(
            "As in lesson 07: the loss, its slope in z, a step downhill. Only z moves, not G's weights.",
            "`z = z.detach().clone().requires_grad_()`, then `(slope,) = torch.autograd.grad(((G(z) - x) ** 2).sum(), z)`.",
        ),
        solution="""
            import torch

            def invert(G, x, z, steps, rate):
                for step in range(steps):
                    z = z.detach().clone().requires_grad_()
                    loss = ((G(z) - x) ** 2).sum()
                    (slope,) = torch.autograd.grad(loss, z)
                    z = z - rate * slope
                return z.detach()

            answer = invert
        """,
        wrong=[
            (descent(squared, output=True), "Return z"),
            (descent(squared, sign=1), "uphill"),
            (descent(squared, sums_up=True), "pile up"),
            (descent(lambda rebuilt, x: ((rebuilt - x) ** 2).mean()), "not their mean"),
            (lambda G, x, z, steps, rate: z * 1, "where it began"),
        ],
    ),
}

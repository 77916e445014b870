"""Exercises of lesson 15: the generative adversarial network."""

import copy
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from .answers import Wrong
from .engine import Exercise
from .matchers import Mistakes, agrees, close_each

if TYPE_CHECKING:
    from torch import Tensor  # torch itself is only imported where 15.5 is checked

D = 0.02  # what the discriminator of 15.3 says of a fake
SLOPES = {"minimax": -D, "non_saturating": D - 1, "ratio": (1 - D) / D}


def kl(p: np.ndarray, q: np.ndarray) -> float:
    seen = p > 0
    with np.errstate(divide="ignore"):
        return float(np.sum(p[seen] * np.log(p[seen] / q[seen])))


def jsd(p: np.ndarray, q: np.ndarray) -> float:
    return (kl(p, (p + q) / 2) + kl(q, (p + q) / 2)) / 2


def cases_of_jsd() -> list[tuple]:
    p, q = np.random.default_rng(1).dirichlet(np.ones(4), size=2)
    return [
        (p, q),
        (np.array([0.5, 0.5, 0.0]), np.array([0.0, 0.25, 0.75])),
        (np.array([1.0, 0.0]), np.array([0.0, 1.0])),
        (p, p),
    ]


def reply(d: np.ndarray) -> np.ndarray:
    return np.eye(len(d))[np.argmax(d)]


BELIEFS = [np.array([0.2, 0.7, 0.6, 0.1]), np.array([0.55, 0.45, 0.5]), np.array([0.3, 0.31, 0.9, 0.89, 0.2])]


def squared(rebuilt: "Tensor", x: "Tensor") -> "Tensor":
    return ((rebuilt - x) ** 2).sum()


def descent(
    loss: Callable = squared,
    sign: int = -1,
    sums_up: bool = False,
    output: bool = False,
    step: Callable = lambda slope: slope,
) -> Callable:
    """Return a function that descends (or climbs) a loss of G(z) and x; perhaps with slopes that pile up; z or G(z)."""

    def invert(G: Callable, x: "Tensor", z: "Tensor", steps: int, rate: float) -> "Tensor":
        import torch

        total = 0.0
        for _ in range(steps):
            z = z.detach().clone().requires_grad_()
            (slope,) = torch.autograd.grad(loss(G(z), x), z)
            total = total + slope if sums_up else slope
            z = z + sign * rate * step(total)
        return (G(z) if output else z).detach()

    return invert


def adam(G: Callable, x: "Tensor", z: "Tensor", steps: int, rate: float) -> "Tensor":
    """Take the steps of Adam instead of plain ones: a typical mistake."""
    import torch

    from course_utils.models.training import AdamW

    z = z.detach().clone().requires_grad_()
    optimizer = AdamW([z], lr=rate, weight_decay=0)  # and so Adam
    for _ in range(steps):
        (z.grad,) = torch.autograd.grad(squared(G(z), x), z)
        optimizer.step()
    return z.detach()


def both(G: Callable, x: "Tensor", z: "Tensor", steps: int, rate: float) -> "Tensor":
    """Move the weights of (a copy of) G as well: a typical mistake."""
    import torch

    G, z = copy.deepcopy(G), z.detach().clone().requires_grad_()
    weights = [z, *G.parameters()]
    for _ in range(steps):
        slopes = torch.autograd.grad(squared(G(z), x), weights)
        with torch.no_grad():
            for weight, slope in zip(weights, slopes):
                weight -= rate * slope
    return z.detach()


def judge_invert(answer: object, mistakes: Mistakes) -> None:
    import torch
    from torch.nn import Linear, Sequential, Tanh

    rng = torch.Generator().manual_seed(0)
    layers = [Linear(2, 5), Sequential(Linear(3, 8), Tanh(), Linear(8, 4))]
    for parameter in (p for layer in layers for p in layer.parameters()):
        parameter.data = 0.5 * torch.randn(parameter.shape, generator=rng)
    targets = [torch.randn(1, 5, generator=rng), torch.randn(2, 4, generator=rng)]
    starts = [torch.zeros(1, 2), 0.3 * torch.randn(2, 3, generator=rng)]
    try:
        agrees(answer, descent(), list(zip(layers, targets, starts, (1, 6), (0.1, 0.03))), mistakes)
    except Wrong as error:
        if "NoneType" not in str(error):
            raise
        hint = "`z.grad` is None where z itself was computed: begin each step with `z.detach().requires_grad_()`."
        raise Wrong(f"{error} {hint}") from None


EXERCISES = {
    "15.1": Exercise(
        judge=partial(
            agrees,
            reference=np.sqrt,
            cases=[(np.random.default_rng(0).uniform(size=6),), (np.array([0.0, 0.25, 1.0]),)],
        ),
        praise="Any distribution on a line can be drawn so: put uniform numbers through the inverse of F.",
        mistakes=[
            (np.square, "That is F, from x to u. You need the way back, from u to x: solve u = F(x) for x."),
            (lambda u: 2 * u, "That is the density p(x). First the share below x, F(x) = ∫₀ˣ 2t dt, then solve u = F(x) for x."),
            (lambda u: u, "These stay uniform. Larger x should come more often."),
            (lambda u: np.sqrt(1 - u), "That has the right distribution, but it falls with u: the inverse of F rises."),
            (lambda u: 1 - np.sqrt(1 - u), "That is the inverse for the density 2(1 − x), which falls. Here F(x) = x²: solve u = x² for x."),
            (lambda u: 1 - np.sqrt(u), "The numbers are small where they should be large, and fall with u. F(x) = x²: solve u = x² for x."),
            (lambda u: np.sqrt(2 * u), "That would be the inverse of x²/2. ∫₀ˣ 2t dt is x², without the ½."),
            (lambda u: np.sqrt(u / 2), "That would be the inverse of 2x². ∫₀ˣ 2t dt is x²: the 2 goes."),
            (np.cbrt, "That is the inverse for the density 3x². Here F(x) = x²."),
            (lambda u: -np.log(1 - u), "That is the inverse for the density e⁻ˣ. Here F(x) = x²."),
            (lambda u: u / 2, "F(x) = x², and its inverse is not a division."),
        ],
        hints=("Which share of the numbers lies below x? F(x) = ∫₀ˣ 2t dt.", "F(x) = x². Solve u = x² for x."),
        solution="""
            import numpy as np

            def transform(u):
                return np.sqrt(u)  # F(x) = x², and this is its inverse

            answer = transform
        """,
    ),
    "15.2": Exercise(
        judge=partial(agrees, reference=jsd, cases=cases_of_jsd(), tolerance=1e-6),
        praise="At most log 2, even for two distributions that share nothing. There the KL divergence is infinite.",
        mistakes=[
            (lambda p, q: 2 * jsd(p, q), "That is twice as much: take the mean of the two divergences."),
            (lambda p, q: jsd(p, q) / np.log(2), "That is in bits. Use the natural logarithm, for nats."),
            (kl, "That is KL(p‖q). Compare each of the two with their mixture m = (p + q)/2 instead."),
            (lambda p, q: (kl(p, q) + kl(q, p)) / 2, "You compare p with q directly. Compare each of the two with their mixture m = (p + q)/2."),
            (lambda p, q: kl(p, (p + q) / 2), "That is one of the two divergences. The other is KL(q‖m): take the mean of both."),
            (lambda p, q: (kl(p, p + q) + kl(q, p + q)) / 2, "Your mixture p + q sums to 2: halve it."),
            (lambda p, q: np.sqrt(jsd(p, q)), "That is the square root, the Jensen–Shannon *distance*, as `scipy.spatial.distance.jensenshannon` gives it: square it."),
            (lambda p, q: np.sqrt(jsd(p, q) / np.log(2)), "That is the square root, and in bits: square it, and use the natural logarithm."),
            (lambda p, q: kl(q, (p + q) / 2), "That is one of the two divergences. The other is KL(p‖m): take the mean of both."),
            (lambda p, q: (kl((p + q) / 2, p) + kl((p + q) / 2, q)) / 2, "You compare m with each of the two: turn both divergences round, KL(p‖m) and KL(q‖m)."),
            (lambda p, q: kl(p, q) + kl(q, p), "You compare p with q directly. Compare each of the two with their mixture m = (p + q)/2."),
            (lambda p, q: 2 * jsd(p, q) - np.log(4), "That is V of the best D. Solve V = 2 JSD − log 4 for the JSD."),
            (lambda p, q: -jsd(p, q), "The sign is wrong: a divergence is never negative."),
        ],
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
    ),
    "15.3": Exercise(
        judge=partial(close_each, expected=SLOPES),
        praise=f"When D sees through a fake, the second loss speaks {SLOPES['ratio']:.0f} times as loud, and says the same: make the log-odds rise.",
        mistakes={
            "minimax": [
                (D - 1, "that belongs to the other loss."),
                (1 - D, "that belongs to the other loss, and the sign is wrong: both losses fall when the log-odds rise."),
                (D * (D - 1), "that is dD/dℓ with a minus sign. The chain rule multiplies dD/dℓ by the slope of log(1 − D) with respect to D, −1/(1 − D)."),
                (D, "the sign: the loss log(1 − D) falls when the log-odds rise."),
                (-1 / (1 - D), "that is the slope with respect to D. With respect to the log-odds multiply it by dD/dℓ = D(1 − D)."),
                (1 / (1 - D), "that is a slope with respect to D. With respect to the log-odds multiply it by dD/dℓ = D(1 − D)."),
                (-0.001, "that is for the D = 0.001 of section 5. Here D = 0.02."),
                (D * (1 - D), "that is dD/dℓ. The chain rule multiplies it by the slope of log(1 − D) with respect to D, −1/(1 − D)."),
                (np.log(1 - D), "that is the loss itself, not its slope."),
            ],
            "non_saturating": [
                (-D, "that belongs to the other loss."),
                (D, "that belongs to the other loss, and the sign is wrong: both losses fall when the log-odds rise."),
                (D * (D - 1), "that is dD/dℓ with a minus sign. The chain rule multiplies dD/dℓ by the slope of −log D with respect to D, −1/D."),
                (1 - D, "the sign: the loss −log D falls when the log-odds rise."),
                (-1 / D, "that is the slope with respect to D. With respect to the log-odds multiply it by dD/dℓ = D(1 − D)."),
                (1 / D, "that is a slope with respect to D. With respect to the log-odds multiply it by dD/dℓ = D(1 − D)."),
                (-0.999, "that is for the D = 0.001 of section 5. Here D = 0.02."),
                (D * (1 - D), "that is dD/dℓ. The chain rule multiplies it by the slope of −log D with respect to D, −1/D."),
                (-np.log(D), "that is the loss itself, not its slope."),
            ],
            "ratio": [
                (1 / 49, "how many times as steep is the second loss as the first? You have it upside down."),
                (1 / D, "1/D is one too many: the slopes are −(1 − D) and −D."),
                (999, "that is for the D = 0.001 of section 5. Here D = 0.02."),
                (-49, "both slopes have the same sign."),
            ],
        },
        hints=(
            "Section 5 gives both slopes: −D and −(1 − D).",
            "`torch.autograd.grad` of `torch.log(1 - torch.sigmoid(l))`, with l = log(0.02 / 0.98), checks the first.",
        ),
        solution='answer = {"minimax": -0.02, "non_saturating": -0.98, "ratio": 0.98 / 0.02}',
    ),
    "15.4": Exercise(
        judge=partial(agrees, reference=reply, cases=[(d,) for d in BELIEFS]),
        praise="All eggs in one basket: nothing in G's loss rewards variety. Only D's next move does.",
        mistakes=[
            (lambda d: d / d.sum(), "That shares out. But each nat of loss counts: whatever is moved to where D is largest lowers the loss further."),
            (lambda d: np.exp(d) / np.exp(d).sum(), "That shares out. Whatever is moved to where D is largest lowers the loss further: what is left in the end?"),
            (lambda d: np.full(len(d), 1 / len(d)), "That ignores D. G can do better: paint more of what D believes."),
            (lambda d: np.eye(len(d))[np.argmin(d)], "That is G's worst reply: it paints what D believes least."),
            (lambda d: reply(d) * np.max(d), "You found the picture. But what you return there is D's verdict: p_G puts the probability 1 on it."),
            (lambda d: -np.log(1 - d) / -np.log(1 - d).sum(), "That shares out. Whatever is moved to where D is largest lowers the loss further: what is left in the end?"),
            (lambda d: d / (1 - d) / np.sum(d / (1 - d)), "That shares out. Whatever is moved to where D is largest lowers the loss further: what is left in the end?"),
            (lambda d: (1 - d) / np.sum(1 - d), "That gives most to what D believes least, and shares out."),
            (lambda d: (d > 0.5) / max(np.sum(d > 0.5), 1), "That shares out among all that D takes for observations. The mean of their losses is larger than the smallest of them."),
            (lambda d: 1.0 * (d > 0.5), "That says which pictures D takes for observations. Return probabilities, and give them to the smallest loss only."),
            (lambda d: np.log(1 - d), "These are the losses. Return the weights p_G, for which their mean is smallest."),
            (lambda d: np.min(np.log(1 - d)), "That is the loss that the best reply reaches. Return the reply itself, shape (K,)."),
            (lambda d: np.max(d), "That is D's highest verdict. Return the probabilities of all pictures, shape (K,)."),
            (lambda d: d, "These do not sum to 1. Return a distribution over the pictures."),
            (lambda d: np.argmax(d), "That is the number of one picture. Return the probabilities of all, shape (K,)."),
            (lambda d: reply(d) * len(d), "Probabilities sum to 1."),
        ],
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
    ),
    "15.5": Exercise(
        judge=judge_invert,
        praise="An encoder by hand: hundreds of passes for one picture, and perhaps a poor place to stop. An encoder network needs one pass.",
        mistakes=[
            (descent(output=True), "That is G(z), the picture. Return z."),
            (descent(sign=1), "Your steps go uphill: subtract rate times the slope."),
            (descent(lambda rebuilt, x: ((rebuilt - x) ** 2).mean()), "Take the sum of the squares, not their mean."),
            (descent(lambda rebuilt, x: (rebuilt - x).abs().sum()), "Square the differences."),
            (descent(lambda rebuilt, x: ((rebuilt - x) ** 2).sum().sqrt()), "Leave the sum of the squares as it is, without the root."),
            (descent(sums_up=True), "The slopes of earlier steps pile up. Compute each anew: `torch.autograd.grad`, or set `z.grad` to None."),
            (descent(lambda rebuilt, x: squared(rebuilt, x) / 2), "Your steps are half as long: the slope of (G(z) − x)² has a factor 2."),
            (descent(lambda rebuilt, x: squared(rebuilt, x) / len(x)), "Take the sum over all pictures, not their mean."),
            (descent(step=lambda slope: slope / slope.norm()), "All your steps are equally long. Make plain ones: rate times the slope."),
            (both, "Your G learns too. Its weights stay as they are: only z moves."),
            (lambda G, x, z, steps, rate: descent()(G, x, z, steps + 1, rate), "That is one step too many."),
            (adam, "These are the steps of Adam. Make plain ones: rate times the slope."),
            (lambda G, x, z, steps, rate: z, "Your z is still where it began."),
            (lambda G, x, z, steps, rate: descent()(G, x, 0 * z, steps, rate), "You begin at 0. Begin at the z that is given."),
            (lambda G, x, z, steps, rate: descent()(G, x, z, 1, rate), "That is z after one step. Make all of them."),
        ],
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
    ),
}  # fmt: skip

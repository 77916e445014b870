"""Exercises of lesson 17: attention and transformers."""

from collections.abc import Callable
from functools import partial

import numpy as np

from .engine import Exercise
from .matchers import agrees, choices, choose_line, close

DOTS, D, VALUES = np.array([0, 1.3863, 3.2189]), 4, np.array([8.0, 16, 32])
TEXT, TOKENS = "aabaabaaab", 4  # C A a b
LEAK = 1
COMPARABLE = {"a": True, "b": False, "c": True, "d": True, "e": False}


def softmax(a: np.ndarray, axis: int = -1) -> np.ndarray:
    e = np.exp(a - a.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def looked_up(scores: np.ndarray) -> float:
    return float(softmax(scores) @ VALUES)


def attend(
    Q,
    K,
    V,
    *,
    scale=lambda Q, K, V: np.sqrt(K.shape[1]),
    hidden=lambda t, s: s > t,
    with_=-np.inf,
    axis=1,
    late=False,
    again=False,
):
    """Return masked attention; each keyword makes a typical mistake."""
    scores = Q @ K.T / scale(Q, K, V)
    mask = hidden(*np.indices(scores.shape))
    if not late:
        scores = np.where(mask, with_, scores)
    weights = softmax(scores, axis)
    if late:
        weights = np.where(mask, 0, weights)
    return weights @ V


def attending(**mistake) -> Callable:
    return lambda Q, K, V: attend(Q, K, V, **mistake)


def without_softmax(Q, K, V):
    return np.tril(Q @ K.T / np.sqrt(K.shape[1])) @ V


def without_itself(Q, K, V):
    answers = attend(Q, K, V, hidden=lambda t, s: (s >= t) & (t > 0))
    answers[0] = 0
    return answers


def unseeing(Q, K, V):
    with np.errstate(invalid="ignore"):
        return attend(Q, K, V, hidden=lambda t, s: s >= t)


def cases_of_attention() -> list[tuple]:
    rng = np.random.default_rng(17)
    return [
        tuple(rng.normal(size=(T, n)) for n in (d, d, m)) for T, d, m in [(4, 3, 2), (5, 8, 3), (1, 4, 2), (7, 2, 6)]
    ]


def nucleus(p, q, *, passes=True, again=True, ordered=True, ascending=False, unsorted=False):
    """Return p after the cut; each keyword makes a typical mistake."""
    p = np.asarray(p, dtype=float)
    order = np.arange(len(p)) if unsorted else np.argsort(p if ascending else -p, kind="stable")
    total = np.cumsum(p[order])
    kept = p[order] * ((total - p[order] < q) if passes else (total <= q))
    if again and kept.sum():
        kept = kept / kept.sum()
    if not ordered:
        return kept
    found = np.zeros_like(p)
    found[order] = kept
    return found


def cutting(**mistake) -> Callable:
    return lambda p, q: nucleus(p, q, **mistake)


def by_threshold(p, q):
    kept = np.where(np.asarray(p) >= 1 - q, p, 0)
    return kept / kept.sum() if kept.sum() else kept


def one_too_many(p, q):
    p = np.asarray(p, dtype=float)
    order = np.argsort(-p, kind="stable")
    rest = np.delete(order, np.s_[: np.searchsorted(np.cumsum(p[order]), q) + 2])
    kept = p.copy()
    kept[rest] = 0
    return kept / kept.sum()


def never_empty(p, q):
    kept = nucleus(p, q, passes=False)
    return kept if kept.sum() else nucleus(p, 1e-9)  # at least the likeliest


def by_share(p, q):
    n = max(round(q * len(p)), 1)
    kept = np.where(np.argsort(np.argsort(-np.asarray(p))) < n, p, 0)
    return kept / kept.sum()


def cases_of_nuclei() -> list[tuple]:
    return [
        (np.array([0.05, 0.5, 0.15, 0.3]), 0.7),
        (np.array([0.12, 0.02, 0.4, 0.06, 0.25, 0.15]), 0.9),
        (np.array([0.1, 0.81, 0.09]), 0.5),
        (np.array([0.22, 0.18, 0.33, 0.27]), 0.95),
        (np.array([0.04, 0.3, 0.2, 0.11, 0.35]), 0.6),
        (np.array([0.05, 0.08, 0.6, 0.03, 0.1, 0.07, 0.03, 0.04]), 0.75),
    ]


EXERCISES = {
    "17.1": Exercise(
        judge=partial(close, expected=25),
        praise="25: the weights are 1/8, 2/8 and 5/8, so it hears (8 + 32 + 160) / 8.",
        mistakes=[
            (looked_up(DOTS), "You took the dot products as they are. Divide them by √d = 2 first: then they are log 1, log 2 and log 5."),
            (looked_up(DOTS / D), "You divided by d = 4. Divide by its root, 2: then the scores are log 1, log 2 and log 5."),
            (float(np.exp(DOTS / 2) @ VALUES), "Your weights are 1, 2 and 5. They must sum to one: divide by 8."),
            (float(DOTS @ VALUES / DOTS.sum()), "You took the scores themselves as weights. The softmax takes their exponentials first."),
            (float(DOTS @ VALUES / 2), "That is the sum of scores times values. The weights are a softmax of the scores."),
            (32, "That is the value of the best key alone. A softmax hears all of them, each by its weight."),
            (float(VALUES.mean()), "That is the plain mean: all keys have one weight. The weights are a softmax of the scores."),
            (5.0, "That is the exponential of the best key's score. Divide it by the sum of all three, and take the other keys along."),
        ],
        hints=(
            "Divide the dot products by √4 = 2. What are their exponentials?",
            "The exponentials are 1, 2 and 5; the weights are these, divided by their sum.",
        ),
        solution="""
            import numpy as np

            e = np.exp(np.array([0, 1.3863, 3.2189]) / np.sqrt(4))  # 1, 2, 5
            answer = e / e.sum() @ [8, 16, 32]
        """,
    ),
    "17.2": Exercise(
        judge=partial(agrees, reference=attend, cases=cases_of_attention()),
        praise="The mask stands before the softmax, so each row shares its whole 1 among what it may see.",
        mistakes=[
            (attending(hidden=lambda t, s: np.zeros_like(t, dtype=bool)), "Nothing is hidden: answer t must not look at places after t."),
            (attending(hidden=lambda t, s: s < t), "You hid the past and kept the future. Row t may look at the places s ≤ t."),
            (attending(scale=lambda Q, K, V: 1), "The scores are not divided by √d."),
            (attending(scale=lambda Q, K, V: K.shape[1]), "You divided by d; divide by its root."),
            (attending(scale=lambda Q, K, V: np.sqrt(len(K))), "You divided by the root of T, the number of places. d is the number of columns of K."),
            (attending(scale=lambda Q, K, V: np.sqrt(V.shape[1])), "You divided by the root of m, the columns of V. d is the number of columns of K."),
            (attending(with_=0), "A score of 0 is not hidden: e⁰ = 1 still gets a weight. Hidden scores are −∞."),
            (attending(late=True), "You hid after the softmax: then the weights of a row no longer sum to one. Hide before it."),
            (attending(axis=0), "Your softmax runs down the columns. Each row, that is, each question, must share its own 1."),
            (without_itself, "A place may look at itself, too: hide only s > t."),
            (unseeing, "A place may look at itself, too: hide only s > t. The first place sees nothing else, and a softmax over nothing is nan."),
            (without_softmax, "You took the scores themselves as weights. Each row goes through a softmax first."),
            (lambda Q, K, V: attend(K, Q, V), "Queries and keys are exchanged: row t asks with Q[t], and is answered by the keys K[s]."),
        ],
        hints=(
            "`scores = Q @ K.T / np.sqrt(Q.shape[1])` has a row for each question t and a column for each place s.",
            "`np.triu(np.ones((T, T)), k=1)` is 1 where s > t. Put −∞ there, then take the softmax of each row, then `@ V`.",
        ),
        solution="""
            import numpy as np

            def masked_attention(Q, K, V):
                T, d = Q.shape
                scores = Q @ K.T / np.sqrt(d)
                scores = np.where(np.triu(np.ones((T, T)), k=1) == 1, -np.inf, scores)
                e = np.exp(scores - scores.max(axis=1, keepdims=True))
                return e / e.sum(axis=1, keepdims=True) @ V

            answer = masked_attention
        """,
    ),
    "17.3": Exercise(
        judge=partial(choose_line, expected=LEAK),
        praise="x has a row for each place, so a mean over dim=0 is a mean over all places, the future as well. A layer norm takes it over dim=1, for each place alone.",
        mistakes=[
            (2, "This line only uses `mean` and `width`. What have those seen?"),
            (3, "A matrix times each row: every place by itself. Nothing comes from another place here."),
            (4, "All places meet here, the future too. But line 5 hides those scores before anybody uses them."),
            (5, "That is the mask, and it is right: s > t becomes −∞."),
            (6, "The softmax runs along each row, as it should, and adds only what the mask has left."),
        ],
        hints=(
            "Ask of each line: does row t of its result depend on rows after t of x?",
            "Attention is masked, and it is not the only place where rows can meet. Over what does a mean run with dim=0?",
        ),
        solution="answer = 1  # the mean over dim=0 runs over all places, the future as well",
    ),
    "17.4": Exercise(
        judge=partial(close, expected=(TOKENS, len(TEXT) / TOKENS)),
        praise=f"aa·b aa·b aa·a·b becomes AbAbAab, then BBAab, then CAab: {TOKENS} tokens for {len(TEXT)} symbols.",
        mistakes=[
            ((3, len(TEXT) / 3), "C a B would be shorter, and spells the same. But merges go from left to right: in aaab the first two become A, and B needs the A beside the b."),
            ((5, len(TEXT) / 5), "The third merge is left: B B becomes C."),
            ((7, len(TEXT) / 7), "That is after the first merge. Go on with A b → B, and B B → C."),
            ((TOKENS, TOKENS / len(TEXT)), "The number of tokens is right. Symbols per token is the other way round."),
            ((TOKENS, len(TEXT)), "The number of tokens is right. Divide the symbols by it."),
            ((TOKENS, len(TEXT) // TOKENS), "The number of tokens is right. Symbols per token is a mean: do not round it."),
            ((TOKENS, len(TEXT) // TOKENS + 1), "The number of tokens is right. Symbols per token is a mean: do not round it."),
            ((len(TEXT), 1), "Nothing is merged yet: those are the symbols. Go through the text once for each of the three merges."),
        ],
        hints=(
            "Go through the whole text once for each merge, in the order in which they were learnt.",
            "After `a a → A` it reads A b A b A a b.",
        ),
        solution="answer = (4, 10 / 4)  # C A a b",
    ),
    "17.5": Exercise(
        judge=partial(agrees, reference=nucleus, cases=cases_of_nuclei()),
        praise="How many tokens are kept depends on how sure the model is: one where it knows, many where it does not. That is what a fixed number, top-k, cannot do.",
        mistakes=[
            (cutting(again=False), "The cut is right, but what is left must sum to one again: divide by its sum."),
            (cutting(passes=False), "The token that passes q belongs to the nucleus: else less than q is kept, and sometimes nothing."),
            (never_empty, "The token that passes q belongs to the nucleus, not only the likeliest one: else less than q is kept."),
            (one_too_many, "You keep one token too many: the nucleus ends with the one that passes q."),
            (lambda p, q: p, "Nothing is cut. The tokens after the nucleus get 0."),
            (cutting(ordered=False), "You return the probabilities sorted. Token v must keep its place v: put them back in the order of p."),
            (cutting(ascending=True), "You keep the unlikely ones. Sort the likeliest first."),
            (cutting(unsorted=True), "You add up p in the order in which it came. Sort it first, the likeliest first."),
            (by_threshold, "You cut all below 1 − q. What counts is the sum of those before, not each by itself."),
            (by_share, "You keep the share q of the tokens. Keep as few as hold the probability q together."),
        ],
        hints=(
            "`order = np.argsort(-p)` lists the tokens, the likeliest first; `np.cumsum(p[order])` is what they hold together.",
            "A token is kept if those before it hold less than q: `np.cumsum(p[order]) - p[order] < q`. Then divide by what is left.",
        ),
        solution="""
            import numpy as np

            def top_p(p, q):
                order = np.argsort(-p)
                kept = np.zeros_like(p)
                inside = order[np.cumsum(p[order]) - p[order] < q]
                kept[inside] = p[inside]
                return kept / kept.sum()

            answer = top_p
        """,
    ),
    "17.6": Exercise(
        judge=partial(choices, expected=COMPARABLE),
        praise="What is compared must be the probability of the same thing. Faces and bytes are the same for all, tokens are each model's own.",
        mistakes={
            "a": [(False, "The same vocabulary cuts each face into the same tokens: then nats a token times their number is nats a face for both.")],
            "b": [(True, "They cut the same face into different numbers of tokens: the mean is taken over other things.")],
            "c": [(False, "The chain rule multiplies all tokens of a face: −log p of the same face, however it was cut.")],
            "d": [(False, "The bytes of the text are the same for both, whatever the tokens: that is why such scores are given per byte.")],
            "e": [(True, "Perplexity is the exponential of the nats a token, and each has tokens of its own.")],
        },
        hints=(
            "Is the number by which the nats are divided the same for both models?",
            "Faces and bytes do not depend on the tokeniser. Tokens and word-pieces do.",
        ),
        solution=f"answer = {COMPARABLE}",
    ),
}  # fmt: skip

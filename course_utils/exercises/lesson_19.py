"""Exercises of lesson 19: the scoreboard."""

from collections.abc import Mapping
from functools import partial

import numpy as np

from .engine import Exercise
from .lesson_06 import INDEPENDENCE
from .matchers import Mistakes, Wrong, agrees, check_keys, choice, choices, close_each, show


def errors_apart(a: np.ndarray, b: np.ndarray) -> float:
    variances = [x.mean() * (1 - x.mean()) / len(x) for x in (a, b)]
    return float((np.mean(a) - np.mean(b)) / np.sqrt(sum(variances)))


def pooled(a: np.ndarray, b: np.ndarray) -> float:
    """Give both painters one variance, that of all pictures: a typical mistake."""
    return float((a.mean() - b.mean()) / np.sqrt(np.append(a, b).var() * (1 / len(a) + 1 / len(b))))


def valid(right: int, n: int) -> np.ndarray:
    return np.arange(n) < right


PAINTERS = [(valid(60, 100), valid(50, 100)), (valid(20, 50), valid(150, 200)), (valid(66, 100), valid(120, 200))]


def nats_of_mix(p: np.ndarray, log_a: np.ndarray, log_b: np.ndarray, share: float) -> float:
    return float(-(p * np.logaddexp(np.log(share) + log_a, np.log1p(-share) + log_b)).sum())


def judge_mix(answer: object, mistakes: Mistakes) -> None:
    *likely, (_, words) = mistakes  # the last mistake is right for likely faces
    p = np.array([0.5, 0.3, 0.2])
    near = [(p, np.log([0.6, 0.3, 0.1]), np.log([0.1, 0.2, 0.7]), 0.25)]
    near += [(p[:2] / 0.8, np.log([0.05, 0.95]), np.log([0.35, 0.65]), 0.7)]
    far = (p, np.array([-40.0, -35.0, -2000.0]), np.array([-900.0, -950.0, -1000.0]), 0.01)
    agrees(answer, nats_of_mix, near, likely)
    try:
        agrees(answer, nats_of_mix, [far])
    except Wrong:
        raise Wrong(words) from None


H = 7.0  # nats, of p_data, as 19.2 says it
PROMISES = {"least": H + np.log(20), "promised": np.exp(H - 9.0)}

JOBS = {
    "archive": ("PixelRNN", "exact density", {
        "Naive Bayes": f"its density is exact, but it calls pixels independent: on Planet Pixel that costs {INDEPENDENCE} nats a picture, and all of them would be in the file.",
        "mixture": "its density is exact, but it knows only a few kinds of scans, and within a kind all pixels are independent: long files.",
        "VAE": "it has only a bound, and each nat between bound and log p(x) lengthens the file, unless one tricks hard. Time is no matter here.",
        "GAN": "it has no density, and a scan cannot even be found again among its pictures. Not one bit may be lost.",
        "masked diffusion": "it has only a bound, and each nat between bound and log p(x) lengthens the file, unless one tricks hard. Time is no matter here.",
    }, {
        "any order": "a file is read in one order, and any will do. What sets its length?",
        "fast sampling": "nobody draws new scans here, and a scan may take minutes. What sets the length of a file?",
        "latent space": "a few latent numbers keep what is typical. Here every bit has to come back. What sets the length of a file?",
        "few data": "there are millions of scans. What sets the length of a file?",
        "hidden groups": "kinds of scans do not make the files short. What sets their length?",
    }),
    "crowd": ("VAE", "fast sampling", {
        "Naive Bayes": "it is quick, but it paints confetti: Rule 1 was 0.",
        "mixture": "it is quick enough, but it spatters every shirt: Rule 1 was 0.",
        "PixelRNN": "its faces are the best of these six, but each waits for 1,024 draws, one after the other. Two hundred a second are asked for.",
        "GAN": "it is quicker still, but both are quick enough, and about every second of its pictures is a possible face. Of the VAE's likeliest pictures many more are.",
        "masked diffusion": "it took hundreds of milliseconds for a face. Two hundred a second are asked for.",
    }, {
        "any order": "it draws all pixels at once, in no order. What does the game ask for, two hundred times a second?",
        "exact density": "it has only a bound, and nobody will ask for it.",
        "latent space": "it has one, but nobody turns sliders at a stadium. What does the game ask for, two hundred times a second?",
        "few data": "nothing is said of few data, and this model wants many. What does the game ask for, two hundred times a second?",
        "hidden groups": "nobody sorts the crowd. What does the game ask for, two hundred times a second?",
    }),
    "restorer": ("masked diffusion", "any order", {
        "Naive Bayes": "it fills each pixel for itself, whatever is left around the hole: confetti.",
        "mixture": "it asks what is left for the group, and then fills each pixel for itself: specks.",
        "PixelRNN": "it can go on from where its order has come to. What is left *below* and to the right of a hole it does not see.",
        "VAE": "it would need a z from a picture with holes, and its encoder has only learnt whole ones.",
        "GAN": "it has no way from what is left to a z.",
    }, {
        "exact density": "it has only a bound, and nobody asks how likely the photograph is. What makes holes *anywhere* harmless to it?",
        "fast sampling": "it is slow. What makes holes *anywhere* harmless to it?",
        "latent space": "it has none. What makes holes *anywhere* harmless to it?",
        "few data": "nothing is said of few data. What makes holes *anywhere* harmless to it?",
        "hidden groups": "it has none. What makes holes *anywhere* harmless to it?",
    }),
    "hairdresser": ("VAE", "latent space", {
        "Naive Bayes": "it knows of no hidden numbers that sliders could move.",
        "mixture": "its z is one of K groups. Nothing in it can be moved a little.",
        "PixelRNN": "it has no z. It could repaint the lower part of the photograph, not turn the hair a little redder.",
        "GAN": "it has sliders, but no way from your photograph to their places: it lacks an encoder.",
        "masked diffusion": "it could redraw the hair, but has no number that turns it a little redder.",
    }, {
        "any order": "nothing is drawn in an order here. What do the sliders move?",
        "exact density": "it has only a bound, and nobody asks how likely you are. What do the sliders move?",
        "fast sampling": "it helps, but a GAN is as fast. What does this one have that takes your photograph in?",
        "few data": "this model wants many pictures. What do the sliders move?",
        "hidden groups": "sliders move a little at a time, groups do not. What do they move?",
    }),
    "questionnaire": ("Naive Bayes", "few data", {
        "mixture": "80 forms are few for several tables of 12 answers, and the doctors would have to read them all. One table for each answer will do.",
        "PixelRNN": "twelve answers are no picture, and 80 forms are not enough for a network. Nor could anybody read it.",
        "VAE": "80 forms are not enough for two networks, and nobody could read them.",
        "GAN": "80 forms are not enough for two networks, blanks are not foreseen, and nobody could read it.",
        "masked diffusion": "blanks would suit it, but 80 forms are not enough for a network, and nobody could read it.",
    }, {
        "any order": "any answers may be blank, and it can leave them out. But why not a network, with 80 forms?",
        "exact density": "it has one, but so have others. Why not they, with 80 forms?",
        "fast sampling": "nobody needs new forms in a hurry. Why not a network, with 80 forms?",
        "latent space": "it has none. Why not a network, with 80 forms?",
        "hidden groups": "nobody asks for groups here. Why not a network, with 80 forms?",
    }),
    "flowers": ("mixture", "hidden groups", {
        "Naive Bayes": "without labels it is a single group with independent features. The question is how many groups there are.",
        "PixelRNN": "two numbers are no picture, and it has no z that could be a species.",
        "VAE": "its z is a place on a plane, with no borders. A species is one of a few: a z that is a choice.",
        "GAN": "it makes new flowers. It cannot say which group a given flower belongs to.",
        "masked diffusion": "two numbers are no picture, and it has no z that could be a species.",
    }, {
        "any order": "nothing is drawn here, in whatever order. What is a species, in this model?",
        "exact density": "that helps to choose K on new flowers. But what is a species, in this model?",
        "fast sampling": "nobody needs new flowers. What is a species, in this model?",
        "latent space": "nearly: this z is a choice among a few. Which reason says that?",
        "few data": "3,000 flowers with two numbers each are plenty. What is a species, in this model?",
    }),
}  # fmt: skip
RIGHT = {job: (model, reason) for job, (model, reason, *_) in JOBS.items()}


def judge_jobs(answer: object, mistakes: Mapping[str, Mistakes]) -> None:
    check_keys(answer, RIGHT)
    for job, (model, reason) in RIGHT.items():
        pair = answer[job].tolist() if isinstance(answer[job], np.ndarray) else answer[job]
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise Wrong(f"`{job}` should be a pair, a model and a reason, but it is {show(pair)}.")
        models = [(name, f"`{job}`, {name}: {why}") for (name, _), why in mistakes[job] if name != model]
        choice(pair[0], model, models, what=f"The model for `{job}`")
        reasons = [
            (name, f"`{job}`: {model} is right, but {name} is not the reason: {why}")
            for (_, name), why in mistakes[job]
            if name != reason
        ]
        choice(pair[1], reason, reasons, what=f"The reason for `{job}`")


ROWS = {  # of 19.5: nats, training, others, p(A), Rule 1, exact, Rule 2; None is what the table leaves out
    "ada": (11.9, 8.0, 23.5, 0.55, 0.74, 0.56, 0.10),
    "ben": (None, None, None, None, 1.00, 1.00, 0.00),
    "cem": (7.0, 6.5, 8.6, 0.99, 1.00, 0.99, 0.25),
    "dora": (16.2, 9.6, 35.9, 0.08, 0.81, 0.64, 0.12),
    "eva": (-2300.0, -2310.0, -2270.0, None, 0.31, 0.00, 0.08),
}
HONEST = {"ada": "honest", "ben": "photocopier", "cem": "leak", "dora": "two models", "eva": "no probability"}
DOUBTS = {
    "ada": [
        ("photocopier", "some of its possible faces are new: 0.10 of 0.74."),
        ("leak", "it is five nats above H(p_data), and others cost three times as much as training faces: it has learnt from those, and from those alone."),
        ("two models", "0.56 of the pictures are exact faces, and p(A) says 0.55: they belong together."),
        ("no probability", "11.9 nats are more than H(p_data), and p(A) is below 1: nothing speaks against it."),
    ],
    "ben": [
        ("honest", "flawless, and not one face is new. Of p_data's one in four is."),
        ("leak", "a leak of p_data would show new faces, too: one in four. Here is none."),
        ("two models", "without a density there is nothing that the pictures could contradict. How many of the faces are new?"),
        ("no probability", "it gives none, which is allowed. How many of its faces are new?"),
    ],
    "cem": [
        ("honest", "H(p_data) is 6.97. Nobody comes so near by looking at 2,000 faces, and gives the others what p_data gives them."),
        ("photocopier", "a quarter of its faces are new, and others cost hardly more than p_data's 8.5 nats. A copier finds them impossible."),
        ("two models", "0.99 of the pictures are exact faces, and p(A) says 0.99: they belong together. Look at the nats."),
        ("no probability", "7.0 nats are not below H(p_data) = 6.97, and p(A) is not above 1. But are they likely?"),
    ],
    "dora": [
        ("honest", "by its density 8 of 100 pictures are exact faces, and of those that it shows 64 are. Whose pictures are they?"),
        ("photocopier", "some of its possible faces are new: 0.12 of 0.81."),
        ("leak", "16 nats are far above H(p_data). Compare p(A) with exact."),
        ("no probability", "16.2 nats are more than H(p_data), and p(A) is below 1. Compare p(A) with exact."),
    ],
    "eva": [
        ("honest", "minus 2,300 nats would be a probability of e to the 2,300."),
        ("photocopier", "a quarter of its possible faces are new: 0.08 of 0.31. Look at the nats."),
        ("leak", "a leak ends at H(p_data). This is below it, where nobody can be."),
        ("two models", "that may be, but something is wrong before: what is a probability of e to the 2,300?"),
    ],
}  # fmt: skip

EXERCISES = {
    "19.1": Exercise(
        judge=partial(agrees, reference=errors_apart, cases=PAINTERS),
        praise=f"0.60 against 0.50 with a hundred pictures each: {errors_apart(*PAINTERS[0]):.1f} errors apart, which chance does by itself about one time in six.",
        mistakes=[  # the variance of a share is r(1 − r), and so is that of the noughts and ones themselves
            (lambda a, b: a.mean() - b.mean(), "That is the difference of the shares. Divide it by its standard error."),
            (lambda a, b: (a.mean() - b.mean()) / (a.var() / len(a) + b.var() / len(b)), "You divided by s². Take the root: a standard error is in the unit of the shares."),
            (lambda a, b: (a.mean() - b.mean()) / (a.std() / np.sqrt(len(a)) + b.std() / np.sqrt(len(b))),
             "The two errors are independent: their squares add up, and the root of that is smaller than their sum."),
            (lambda a, b: (a.mean() - b.mean()) / np.sqrt(a.var() + b.var()), "s² = r(1 − r)/N: the N is missing. More pictures make the error smaller."),
            (lambda a, b: (a.mean() - b.mean()) / (a.std() / np.sqrt(len(a))), "b's share is uncertain, too. Add both s² under the root."),
            (lambda a, b: (a.mean() - b.mean()) / (b.std() / np.sqrt(len(b))), "a's share is uncertain, too. Add both s² under the root."),
            (lambda a, b: (a.mean() - b.mean()) / np.sqrt(a.mean() / len(a) + b.mean() / len(b)), "s² is r(1 − r)/N: you left out 1 − r."),
            (lambda a, b: (a.mean() - b.mean()) / np.sqrt(0.25 / len(a) + 0.25 / len(b)), "That is the error of a share of one half. Take each painter's own r in r(1 − r)/N."),
            (lambda a, b: (a.mean() - b.mean()) / np.sqrt(a.var() / np.sqrt(len(a)) + b.var() / np.sqrt(len(b))), "Divide r(1 − r) by N, not by √N: the root is taken once, at the end."),
            (pooled, "You pooled the two, as a test does that takes them for equal. Here each painter keeps a share, and a variance, of its own."),
            (lambda a, b: (a.mean() - b.mean()) / np.sqrt((a.var() + b.var()) / (len(a) + len(b))), "Each painter's r(1 − r) is divided by its own N, not both by the sum."),
            (lambda a, b: (a.mean() - b.mean()) / np.sqrt(a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b)), "You divided by N − 1. Here s² is r(1 − r)/N, without `ddof=1`."),
            (lambda a, b: abs(errors_apart(a, b)), "Keep the sign: negative where b has the larger share."),
            (lambda a, b: errors_apart(b, a), "The sign is wrong: a's share minus b's."),
        ],
        hints=("The share is `a.mean()`, and N is `len(a)`.", "s² of each painter: r * (1 - r) / N. Add the two, then take the root."),
        solution="""
            import numpy as np

            def errors_apart(a, b):
                r, s = a.mean(), b.mean()
                error = np.sqrt(r * (1 - r) / len(a) + s * (1 - s) / len(b))
                return (r - s) / error

            answer = errors_apart
        """,
    ),
    "19.2": Exercise(
        judge=partial(close_each, expected=PROMISES, tolerance=7e-3),
        praise="One picture in twenty costs three nats, and two nats above H(p_data) already promise no more than one in seven.",
        mistakes={
            "least": [
                (np.log(20), "that is the divergence, −log(1/20). The nats are H(p_data) more."),
                (H - np.log(20), "nobody needs fewer nats than H(p_data). −log(1/20) is positive: add it."),
                (H + np.log2(20), "that is in bits. Take the natural logarithm."),
                (H + 0.05, "the share has to go through the logarithm: −log(1/20)."),
                (20.0, "20 is one over the share. Its logarithm is the divergence, and the nats are H(p_data) more."),
                (H + 20, "the share has to go through the logarithm: −log(1/20)."),
                (H, "that much needs p_data itself, all of whose pictures are faces. Add −log(1/20)."),
            ],
            "promised": [
                (np.exp(-9.0), "take the divergence, 9.0 − H(p_data), not all the nats."),
                (H - 9.0, "that is its logarithm: exponentiate it."),
                (9.0 - H, "that is the divergence. The share is at least exp(−KL)."),
                (1 - np.exp(H - 9.0), "that is the largest share of pictures that are no face. The others are asked for."),
                (2.0 ** (H - 9.0), "nats go with e, not with 2: exp(−KL)."),
                (np.exp(9.0 - H), "a share is at most 1: exp(−KL), with the minus sign."),
                (2 / 9, "a ratio of nats is no share: p(A) ≥ exp(−KL)."),
                (H / 9, "a ratio of nats is no share: p(A) ≥ exp(−KL)."),
                (1 / 2, "the divergence has to go through the exponential: p(A) ≥ exp(−KL)."),
                (0.0, "a divergence of 2 nats does promise something: p(A) ≥ exp(−KL)."),
            ],
        },
        hints=("KL is the nats minus H(p_data), and it is at least −log p(A).", "Solve KL ≥ −log p(A) for the nats first, then for p(A)."),
        solution="""
            import numpy as np

            answer = {"least": 7.0 - np.log(1 / 20), "promised": np.exp(-(9.0 - 7.0))}
        """,
    ),
    "19.3": Exercise(
        judge=judge_mix,
        praise=f"And never more than −log(share) above model a: at one hundredth, {np.log(100):.1f} nats.",
        mistakes=[
            (lambda p, a, b, s: -p @ (s * a + (1 - s) * b), "You averaged the logarithms. The mix has the probability share · p_a + (1 − share) · p_b; take the logarithm of that."),
            (lambda p, a, b, s: nats_of_mix(p, a, b, 1 - s), "The shares are exchanged: model a has `share`."),
            (lambda p, a, b, s: -nats_of_mix(p, a, b, s), "The sign is wrong: nats are −Σ p log p_mix."),
            (lambda p, a, b, s: -np.logaddexp(np.log(s) + a, np.log(1 - s) + b).mean(), "Weight each face with its probability `p`. You gave all faces the same weight."),
            (lambda p, a, b, s: -p @ np.logaddexp(a, b), "The shares are missing: add log(share) to log_a, log(1 − share) to log_b."),
            (lambda p, a, b, s: -np.logaddexp(np.log(s) + a, np.log(1 - s) + b), "One number is asked for: the mean over the faces, with weights `p`."),
            (lambda p, a, b, s: p @ (np.log(p) - np.logaddexp(np.log(s) + a, np.log(1 - s) + b)), "That is the divergence: Σ p log p is in it as well. The nats are −Σ p log p_mix alone."),
            (lambda p, a, b, s: -p @ np.log(s * np.exp(a) + (1 - s) * np.exp(b)),
             "Right for likely faces, but not at −2,000 nats, where `np.exp` gives 0. Stay with logarithms: "
             "`np.logaddexp(u, v)` is log(exp u + exp v) without leaving them."),
        ],
        hints=("p_mix = share · p_a + (1 − share) · p_b, and only then the logarithm.", "`np.logaddexp(np.log(share) + log_a, np.log(1 - share) + log_b)` is log p_mix."),
        solution="""
            import numpy as np

            def nats_of_mix(p, log_a, log_b, share):
                log_mix = np.logaddexp(np.log(share) + log_a, np.log(1 - share) + log_b)
                return -(p * log_mix).sum()

            answer = nats_of_mix
        """,
    ),
    "19.4": Exercise(
        judge=judge_jobs,
        praise="Six jobs and six reasons. Nobody asked which model is the best. The VAE got two jobs and the GAN none: on this planet others paint better than it. With photographs it was the other way round for years (lesson 20).",
        mistakes={
            job: [((wrong, reason), why) for wrong, why in models.items()] + [((model, wrong), why) for wrong, why in reasons.items()]
            for job, (model, reason, models, reasons) in JOBS.items()
        },
        hints=(
            "Ask of each job: a density, new samples, the rest of a picture, or a z? And how much data is there?",
            "One model gets two jobs, and one gets none. Read the scoreboard of section 2, and the row of each model in section 6.",
        ),
        solution=f"answer = {RIGHT}",
    ),
    "19.5": Exercise(
        judge=partial(choices, expected=HONEST),
        praise="Each by another column: Ben by Rule 2, Cem by his nats and their split, Dora by two columns that contradict each other, Eva by a sign. Ada has no column that is too good: that is all that numbers can say of honesty.",
        mistakes=DOUBTS,
        hints=("Set each row beside p_data's: 7.0 nats (6.4 / 8.5), Rule 1 and exact 1.00, Rule 2 0.25. What is better than that, or nearly as good?", "p(A) is the share of exact faces that the density promises. And the probability of a picture is at most 1, its nats at least 0."),
        solution=f"answer = {HONEST}",
    ),
}  # fmt: skip

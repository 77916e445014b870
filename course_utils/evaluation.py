"""Planet Pixel as a judge of models: the exact cross-entropy, and Rule 1, Rule 2 and coverage by a fixed recogniser.

The recogniser compares a picture with all 3,552 faces. For each of the five features it looks only at the pixels that
the feature can change, at the left and the right half apart, and there takes, for each value, the nearest face that
has it; the value nearest over both halves is the feature's name. The feature is *recognised* if neither half is more
than a quarter of the way to the nearest face with another value, and no spot of 3 × 3 pixels is visibly wrong.
A picture is *valid* if all five are recognised and belong to one face.

The constants were calibrated once and stay as they are, so that all models of the course are judged alike, and those that
a reader enters.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from time import process_time

import numpy as np
from numpy.typing import ArrayLike

from course_utils.datasets.planet_pixel import (
    PlanetPixel,
    PlanetPixelDistribution,
    face_codes,
    load_planet_pixel,
    planet_pixel_distribution,
    planet_pixel_entropy,
)
from course_utils.datasets.wrodl import WRODL_VALUES
from course_utils.entry import Entry, check_name

# Lengths are in RGB on [0, 1]. Each pair gives what passes first, then what must not.
WAY = 0.25  # of the way to a face with another value; a face that is blurred a little: 0.2, a blend of two faces: 0.5
ALLOWANCE = 0.15  # added to that way's length: less than one pixel that clearly differs. Long hair hides all but one
#                   pixel of the difference between two shirts on the left, and a blurred pixel must not decide
SPOT = 0.14  # root mean square error over 3 × 3 pixels; a face with blur and noise: 0.10, the mean picture: 0.17

HAIR_COLOR, TOP_TYPE = (list(WRODL_VALUES).index(name) for name in ("hairColor", "topType"))
NO_HAIR = WRODL_VALUES["topType"].index("NoHair")
INVISIBLE = len(WRODL_VALUES["hairColor"])  # the hair colour of NoHair, as a value of its own
BATCH = 250  # pictures or faces at a time

# What `enter` remarks
N_PICTURES = 500  # as the headers of the checkpoints
# nats above H(p_data): a model that knew of the five features, and counted them in 2,000 faces, is 0.01 above
NEAR = 0.1
COPIES = 5  # times fewer new faces than p_data has among its pictures; the most forgetful model of the course: 3 times
BY_CHANCE = 0.01  # how probable so few of them would be
KNOWN, UNKNOWN = 1, 50  # nats beyond p_data's own for the training faces, and for the others


@dataclass(frozen=True, eq=False)
class Scores:
    """The scores of n pictures, to be read beside the same scores of fresh draws of p_data (planet_pixel_reference).

    rule1: share of valid pictures. exact: share of those that are a face to the pixel, each pixel taken for the nearest
    colour of the palette; Rule 1 forgives small faults. rule2: share that are valid and show a face that is not among the training
    observations. coverage: p_data of all faces seen among the valid ones; reference_coverage: what n draws of p_data
    see in expectation. For each picture, recognised (n, 5) bool by feature, valid (n,) bool, and faces (n,), the row in
    planet_pixel_distribution() or −1.
    """

    rule1: float
    exact: float
    rule2: float
    coverage: float
    reference_coverage: float
    n: int
    recognised: np.ndarray = field(repr=False)
    valid: np.ndarray = field(repr=False)
    faces: np.ndarray = field(repr=False)


def score_planet_pixel(images: ArrayLike, training: PlanetPixel) -> Scores:
    """Score pictures by Rule 1, Rule 2 and coverage, as Scores and this module's first lines say.

    images: palette indices (N, 1024) whole numbers, RGB (N, 32, 32, 3) whole numbers in 0..255, or RGB floats in
    [0, 1]. Raises ValueError for anything else, without pictures, and if training has a picture that is not a face.
    """
    p_data = planet_pixel_distribution()
    rgb = _check_images(images, p_data.palette)
    known = _numbers_of(training)

    judged = [_recognise(rgb[i : i + BATCH]) for i in range(0, len(rgb), BATCH)]
    recognised, faces = (np.concatenate(part) for part in zip(*judged))
    valid = recognised.all(axis=1) & (faces >= 0)
    faces = np.where(valid, faces, -1)
    p, n = p_data.probabilities, len(rgb)
    return Scores(
        rule1=float(valid.mean()),
        exact=float(np.mean([face.tobytes() in _number() for face in _nearest_colours(rgb, p_data.palette)])),
        rule2=float((valid & ~np.isin(faces, known)).mean()),
        coverage=float(p[np.unique(faces[valid])].sum()),
        reference_coverage=float((p * (1 - (1 - p) ** n)).sum()),
        n=n,
        recognised=recognised,
        valid=valid,
        faces=faces,
    )


def planet_pixel_reference(n: int, training: PlanetPixel, rng: np.random.Generator) -> Scores:
    """Score n fresh draws of p_data: the reference for a model's n pictures. Higher than that is not better.

    Take a seed other than 0: the training pictures were drawn with it, so its draws are not fresh.
    """
    return score_planet_pixel(planet_pixel_distribution().sample(n, rng), training)


@dataclass(frozen=True)
class Surprise:
    """What p_θ says of all 3,552 faces, in nats: to be read beside H(p_data) = planet_pixel_entropy().

    nats: the cross-entropy −Σ p_data(x) log p_θ(x). training, others: its mean over the faces that the training
    pictures show, and over all others; nats is the mean of the two, weighted by their shares of p_data, and what lies between them is
    overfitting. p_faces: Σ p_θ(x), the probability that a picture drawn from p_θ is a face to the pixel. By Jensen's
    inequality KL(p_data‖p_θ) ≥ −log p_faces.
    """

    nats: float
    training: float
    others: float
    p_faces: float


def surprise(log_prob: Callable[[np.ndarray], ArrayLike], training: PlanetPixel, drawn: bool = False) -> Surprise:
    """Return what p_θ says of all faces, as Surprise explains it; log_prob and errors as in cross_entropy.

    For a bound of log p_θ the nats are bounds from above and p_faces one from below. drawn: the bound is drawn by lot,
    as an ELBO is. Its errors cancel in the nats, but not in p_faces, which is a rough estimate then, may even exceed 1, and is not
    checked; the nats must not be below H(p_data) by more than one.
    """
    return _split(_log_probs(log_prob, drawn=drawn), _known(training))


def _known(training: PlanetPixel) -> np.ndarray:
    """Return which of the faces the training pictures show, (3552,) bool."""
    return np.isin(np.arange(len(planet_pixel_distribution().pixels)), _numbers_of(training))


def _split(log_p: np.ndarray, known: np.ndarray) -> Surprise:
    p_data = planet_pixel_distribution()
    nats = -p_data.probabilities * log_p
    training_nats, others = (
        float(nats[part].sum() / p_data.probabilities[part].sum()) if part.any() else math.nan
        for part in (known, ~known)
    )
    return Surprise(float(nats.sum()), training_nats, others, float(np.exp(log_p).sum()))


def cross_entropy(log_prob: Callable[[np.ndarray], ArrayLike]) -> float:
    """Return −Σ p_data(x) log p(x) in nats, summed over all 3,552 faces; inf if one of them has probability 0.

    log_prob takes pixels (N, 1024) uint8, a few hundred pictures at a time, and returns log p(x) (N,) in nats, an array
    or a tensor. Raises ValueError if it returns something else, or if these p(x) are no probabilities: they sum to more
    than 1, as the density of real-valued pixels may.
    """
    return float(-(planet_pixel_distribution().probabilities * _log_probs(log_prob)).sum())


def _asked(log_prob: Callable[[np.ndarray], ArrayLike], i: int, what: str) -> np.ndarray:
    """Return what log_prob says of the faces from i on, a batch of them, checked; what: its name."""
    pixels = planet_pixel_distribution().pixels[i : i + BATCH]
    part, n = _plain(log_prob(pixels)), len(pixels)
    if part.shape != (n,) or part.dtype.kind not in "fiu":
        raise ValueError(f"{what} must return ({n},) numbers for {n} pictures, got {part.dtype} {part.shape}")
    wrong = np.isnan(part) | (part == math.inf)
    if wrong.any():
        raise ValueError(f"{what} must return log p(x), got {part[wrong][0]} for face {i + wrong.argmax()}")
    return part.astype(float)


def _log_probs(log_prob: Callable[[np.ndarray], ArrayLike], what: str = "log_prob", drawn: bool = False) -> np.ndarray:
    """Return log p(x) (3552,) of all faces, checked."""
    p_data = planet_pixel_distribution()
    log_p = np.concatenate([_asked(log_prob, i, what) for i in range(0, len(p_data.pixels), BATCH)])
    highest = log_p.max()
    if drawn and -(p_data.probabilities * log_p).sum() < planet_pixel_entropy() - 1:
        raise ValueError(
            f"{what} is no lower bound of log-probabilities of discrete pixels: no model needs fewer nats than "
            f"H(p_data), and this one is {planet_pixel_entropy() + (p_data.probabilities * log_p).sum():.4g} below."
        )
    if drawn:
        return log_p
    if highest > 1e-3 or np.exp(log_p).sum() > 1 + 1e-3:  # a thousandth for float32's rounding
        raise ValueError(
            f"{what} must return log-probabilities of discrete pixels: none exceeds 0, and all p(x) sum to 1 at most. "
            f"The largest is {highest:.4g}. A density of real-valued pixels is not comparable with H(p_data)."
        )
    return log_p


def enter(
    name: str,
    sample: Callable[[int], ArrayLike],
    log_prob: Callable[[np.ndarray], ArrayLike] | None = None,
    bound: Callable[[np.ndarray], ArrayLike] | None = None,
    n: int = N_PICTURES,
) -> Entry:
    """Judge a reader's model of Planet Pixel as the course judges its own: the Scores of n pictures, the Surprise of all faces.

    sample(n) returns n pictures as score_planet_pixel takes them, drawn from the model as it is: at temperature 1. One of two, or neither:
    log_prob, which takes pixels (N, 1024) uint8, some 250 faces at a time, and returns log p(x) (N,) in nats; or bound, which
    returns lower bounds of it, and may draw them by lot if they are so in expectation, as an ELBO is. Arrays or tensors.
    The training set is load_planet_pixel("train").

    Remarks name a photocopier (of its possible faces surely fewer are new than a fifth of p_data's share; or it knows the
    training faces as well as p_data does, and none else), nats within 0.1 of H(p_data), or within the error of a bound, as the truth or a
    leak of it, and pictures that are more often, or less often, exact faces than log_prob says as those of another model.

    Raises ValueError for pictures or numbers of another form, for nan, for probabilities that sum to more than 1, for a log_prob that
    answers twice and differently, and for log_prob and bound together.
    """
    check_name(name)
    if log_prob is not None and bound is not None:
        raise ValueError("give log_prob or bound, not both: a model whose log p(x) is known needs no bound")
    for what, function in (("sample", sample), ("log_prob", log_prob), ("bound", bound)):
        if not callable(function) and (what == "sample" or function is not None):
            raise ValueError(f"{what} must be a function, got {type(function).__name__}")
    if isinstance(n, bool) or not isinstance(n, int) or n < 1:
        raise ValueError(f"n must be a whole number from 1 upwards, got {n!r}")
    training = load_planet_pixel("train")
    known, p = _known(training), planet_pixel_distribution().probabilities
    density, found, error = "none", Surprise(math.nan, math.nan, math.nan, math.nan), math.nan
    if log_prob is not None or bound is not None:  # first: what is wrong there is soon found
        density, ask = ("exact", log_prob) if bound is None else ("bound", bound)
        what = "log_prob" if bound is None else "bound"
        noise = _noise(ask, what)
        if density == "exact" and noise > 1e-3:
            raise ValueError(
                f"log_prob gave two answers for the same faces, {noise:.2g} nats apart: a log p(x) has one. "
                "Is dropout still on (model.eval())? An estimate that is a lower bound in expectation is a `bound`."
            )
        found = _split(_log_probs(ask, what, drawn=noise > 0), known)
        error = noise * float(np.sqrt((p**2).sum()))
        if noise > 0:
            found = Surprise(found.nats, found.training, found.others, math.nan)
    begun = process_time()
    images = _plain(sample(n))
    ms = 1000 * (process_time() - begun) / n
    if images.shape[:1] != (n,):
        raise ValueError(f"sample({n}) must return {n} pictures, got {images.dtype} {images.shape}")
    try:
        scores = score_planet_pixel(images, training)
    except ValueError as reason:
        raise ValueError(f"sample({n}) must return pictures: {reason}") from None
    return Entry(
        name, density, found.nats, error, found.training, found.others, found.p_faces, scores.rule1, scores.exact,
        scores.rule2, scores.coverage, scores.reference_coverage, n, ms, _remarks(density, found, error, scores, known),
    )  # fmt: skip


def _noise(log_prob: Callable[[np.ndarray], ArrayLike], what: str) -> float:
    """Return the standard deviation of an answer that is drawn by lot, from asking for the first faces twice; else 0."""
    one, other = _asked(log_prob, 0, what), _asked(log_prob, 0, what)
    both = np.isfinite(one) & np.isfinite(other)
    return float(np.sqrt(((one[both] - other[both]) ** 2).mean() / 2)) if both.any() else 0.0


def _remarks(density: str, found: Surprise, error: float, scores: Scores, known: np.ndarray) -> tuple[str, ...]:
    from scipy.stats import binom  # here, since opening a lesson must not load it

    p, H, n = planet_pixel_distribution().probabilities, planet_pixel_entropy(), scores.n
    truth, new = _split(np.log(p), known), p[~known].sum()
    valid, invented = int(scores.valid.sum()), round(scores.rule2 * n)
    remarks = []
    if valid and binom.cdf(invented, valid, new / COPIES) < BY_CHANCE:
        remarks.append(
            f"photocopier: of its {valid} possible faces {invented} are not in the training set, "
            f"of p_data's some {new * valid:.0f} would be"
        )
    elif found.training < truth.training + KNOWN and found.others > truth.others + UNKNOWN:
        remarks.append(
            f"photocopier: a training face costs {found.training:.1f} nats, nearly as p_data says, "
            + ("and any other is impossible" if found.others == math.inf else f"and any other {found.others:.0f}")
        )
    if found.nats < H + max(NEAR, 2 * error):
        remarks.append(
            f"the truth, or a leak: within {max(NEAR, 2 * error):.1f} nats of H(p_data) = {H:.2f}. "
            "What has it seen beside the training faces?"
        )
    if not math.isnan(found.p_faces):
        apart = scores.exact - found.p_faces
        # four standard errors; a bound of log p(x) says only how many exact faces there are at least
        limit = 4 * math.sqrt(max(found.p_faces * (1 - found.p_faces), 1 / n) / n)
        if (abs(apart) if density == "exact" else -apart) > limit:
            remarks.append(
                f"two models: {scores.exact:.2f} of the pictures are exact faces, by the density it is "
                f"{found.p_faces:.2f}{'' if density == 'exact' else ' or more'}. Are they drawn at temperature 1?"
            )
    return tuple(remarks)


@cache
def _number() -> dict[bytes, int]:
    """Return {a face's palette numbers: its row in planet_pixel_distribution()}."""
    return {face.tobytes(): i for i, face in enumerate(planet_pixel_distribution().pixels)}


def _numbers_of(training: PlanetPixel) -> list[int]:
    """Return the rows of the training pictures in planet_pixel_distribution(); raises ValueError if one is no face."""
    known = [_number().get(np.asarray(picture, dtype=np.uint8).tobytes(), -1) for picture in training.pixels]
    if -1 in known:
        raise ValueError(f"training must hold faces of Planet Pixel, but its picture {known.index(-1)} is none")
    return known


def _nearest_colours(rgb: np.ndarray, palette: np.ndarray) -> np.ndarray:
    """Return the number of the nearest colour of the palette for each pixel of rgb (N, 1024, 3) uint8, (N, 1024) uint8."""
    packed = rgb.reshape(-1, 3) @ np.array([65536, 256, 1], dtype=np.uint32)  # one number a colour: sorted far faster
    found = np.unique(packed)
    colours = (found[:, None] >> np.array([16, 8, 0], dtype=np.uint32) & 255).astype(np.float32)
    palette = palette.astype(np.float32)  # which holds these whole numbers exactly
    squares = (palette**2).sum(axis=1) / 2
    parts = np.split(colours, range(10_000, len(colours), 10_000))  # noise has a million colours
    number = np.concatenate([(squares - part @ palette.T).argmin(axis=1) for part in parts])
    return number.astype(np.uint8)[np.searchsorted(found, packed)].reshape(rgb.shape[:2])


def _plain(values: ArrayLike) -> np.ndarray:
    """Return an array, also of a tensor that has a gradient or lies on a GPU."""
    return np.asarray(values.detach().cpu() if hasattr(values, "detach") else values)


def _check_images(images: ArrayLike, palette: np.ndarray) -> np.ndarray:
    """Return the pictures as RGB (N, 1024, 3) uint8."""
    images = np.asarray(images)
    kind = images.dtype.kind
    as_indices = images.ndim == 2 and images.shape[1] == 1024 and kind in "iu"
    if not as_indices and (images.shape[1:] != (32, 32, 3) or kind not in "iuf"):
        raise ValueError(
            "images must be palette indices (N, 1024), whole numbers, or RGB (N, 32, 32, 3), "
            f"whole numbers in 0..255 or floats in [0, 1], got {images.dtype} {images.shape}"
        )
    if len(images) == 0:
        raise ValueError("score_planet_pixel needs at least one picture, got none")
    low, high = images.min(), images.max()
    if np.isnan(low):
        raise ValueError(f"images must be numbers, got nan in picture {np.isnan(images).any(axis=(1, 2, 3)).argmax()}")
    slack, limit = (1e-4, 1) if kind == "f" else (0, 255)  # floats that are rounded to 0 or 255 below
    if low < -slack or high > limit + slack:
        allowed = "floats must lie in [0, 1]" if kind == "f" else "whole numbers must lie in 0..255"
        raise ValueError(f"images of {allowed}, got {low:.6g} to {high:.6g}")
    if as_indices:
        return palette[images]
    rgb = np.rint(images * 255.0) if kind == "f" else images
    return rgb.reshape(-1, 1024, 3).astype(np.uint8)


@dataclass(frozen=True)
class _Part:
    """Those of a view's pixels that depend on the same features, and so have far fewer looks than all of its pixels."""

    columns: np.ndarray  # (C,) of the view's looks
    looks: np.ndarray  # (B, C) RGB 0..255, those that differ here
    squares: np.ndarray  # (B,) the sum of each one's squares
    apart: np.ndarray  # (B, B) the squared distances from each to each
    row: np.ndarray  # (A,) where each of the view's looks is among these


@dataclass(frozen=True)
class _View:
    """What one feature can change in one half of the picture: P of the 1,024 pixels, and what can be seen there."""

    pixels: np.ndarray  # (P,)
    looks: np.ndarray  # (A, 3 P) RGB 0..255 of the faces that differ here
    parts: list[_Part]  # the same, in parts
    groups: list[np.ndarray]  # for each value of the feature, the rows of looks that have it


@dataclass(frozen=True)
class _Recogniser:
    """Everything the recogniser knows about the 3,552 faces."""

    views: list[tuple[_View, _View]]  # for each feature, left and right
    fixed: np.ndarray  # (1024,) bool: background and skin, which no feature can change
    background: np.ndarray  # (1024, 3) RGB 0..255 of a face, to compare the fixed pixels with
    face: np.ndarray  # (3, 8, 4, 7, 7) the face with these values, −1 if there is none


@cache
def _recogniser() -> _Recogniser:
    p_data: PlanetPixelDistribution = planet_pixel_distribution()
    rgb = p_data.palette[p_data.pixels]  # (3552, 1024, 3)
    codes = face_codes()
    number = np.full([len(values) for values in WRODL_VALUES.values()], -1)
    number[tuple(codes.T)] = np.arange(len(codes))
    number[..., NO_HAIR] = number[..., :1, NO_HAIR]  # one face for all colours of no hair
    grid = p_data.pixels[number]  # (3, 8, 4, 6, 7, 1024): distinct numbers are distinct colours
    touched = [(grid.max(axis=k) != grid.min(axis=k)).any(axis=(0, 1, 2, 3)) for k in range(5)]

    values = codes.copy()
    values[codes[:, TOP_TYPE] == NO_HAIR, HAIR_COLOR] = INVISIBLE
    face = np.full(values.max(axis=0) + 1, -1)
    face[tuple(values.T)] = np.arange(len(values))
    left = np.arange(1024) % 32 < 16
    features = 2 ** np.arange(5) @ touched  # (1024,) which features change the pixel, as one number
    views = []
    for k in range(5):
        pair = []
        for half in (left, ~left):
            pixels = np.flatnonzero(touched[k] & half)
            first, _ = _different(p_data.pixels[:, pixels])
            looks = rgb[first[:, None], pixels].reshape(len(first), -1).astype(float)
            parts = [
                _part(looks, p_data.pixels[first[:, None], pixels], features[pixels] == some)
                for some in np.unique(features[pixels])
            ]
            groups = [np.flatnonzero(values[first, k] == v) for v in range(face.shape[k])]
            pair.append(_View(pixels, looks, parts, groups))
        views.append(tuple(pair))
    return _Recogniser(views, ~np.any(touched, axis=0), rgb[0].astype(float), face)


def _different(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return where each different row of uint8 is first found, in sorted order, and which of them each row is.

    As np.unique(rows, axis=0) says it, ten times faster.
    """
    keys, first = [row.tobytes() for row in rows], {}
    for i, key in enumerate(keys):
        first.setdefault(key, i)
    place = {key: k for k, key in enumerate(sorted(first))}
    return np.array([first[key] for key in place]), np.array([place[key] for key in keys])


def _part(looks: np.ndarray, pixels: np.ndarray, chosen: np.ndarray) -> _Part:
    """Return the part of looks (A, 3 P), palette numbers (A, P), at the chosen (P,) of their pixels."""
    first, row = _different(pixels[:, chosen])
    columns = np.flatnonzero(np.repeat(chosen, 3))
    different = looks[first[:, None], columns]
    squares = (different**2).sum(axis=1)
    return _Part(columns, different, squares, squares[:, None] - 2 * different @ different.T + squares, row)


def _recognise(rgb: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return which features are recognised (N, 5) bool, and the face that the five names belong to (N,), −1 if none.

    Distances are sums of whole numbers, which float64 holds exactly, so that no order of summation changes them.
    """
    known = _recogniser()
    rgb = rgb.astype(float)  # (N, 1024, 3)
    names = np.zeros((len(rgb), 5), dtype=int)
    recognised = np.zeros((len(rgb), 5), dtype=bool)
    beside = np.where(known.fixed, _squared(rgb - known.background), 0)  # (N, 1024)
    for k, views in enumerate(known.views):
        sides = [_nearest(rgb[:, view.pixels].reshape(len(rgb), -1), view) for view in views]
        name = sum(distances for distances, _ in sides).argmin(axis=1)  # over both halves together
        error = beside.copy()
        decided = np.ones(len(rgb), dtype=bool)
        for view, (distances, rows) in zip(views, sides):
            named = _pick(rows, name)
            # (N, V) from the face with the name to each value's nearest face
            apart = sum(part.apart[part.row[named][:, None], part.row[rows]] for part in view.parts)
            # the squares of the sides of a triangle give how far the picture has gone from the one face to the other
            gone = (_pick(distances, name)[:, None] - distances + apart) / 2  # way × length²
            length = np.sqrt(apart)
            decided &= (gone <= length * (WAY * length + ALLOWANCE * 255)).all(axis=1)  # the value itself: 0 <= 0
            error[:, view.pixels] = _squared(rgb[:, view.pixels] - view.looks[named].reshape(len(rgb), -1, 3))
        names[:, k] = name
        recognised[:, k] = decided & (_largest_spot(error) <= SPOT)
    return recognised, known.face[tuple(names.T)]


def _nearest(x: np.ndarray, view: _View) -> tuple[np.ndarray, np.ndarray]:
    """Return the squared distance from x (N, 3 P) to each value's nearest look, (N, V), and that look's row."""
    squared = np.tile((x**2).sum(axis=1), (len(view.looks), 1))  # (A, N)
    for part in view.parts:
        squared += (part.squares[:, None] - 2 * part.looks @ x[:, part.columns].T)[part.row]
    rows = np.stack([group[squared[group].argmin(axis=0)] for group in view.groups])  # (V, N)
    return np.take_along_axis(squared, rows, axis=0).T, rows.T


def _pick(table: np.ndarray, column: np.ndarray) -> np.ndarray:
    """Return table[i, column[i]] for each row i."""
    return table[np.arange(len(table)), column]


def _squared(error: np.ndarray) -> np.ndarray:
    """Return the squares of an error (N, P, 3), summed over the three colours, (N, P)."""
    return np.einsum("npc,npc->np", error, error)


def _largest_spot(squared: np.ndarray) -> np.ndarray:
    """Return the largest root mean square over 3 × 3 pixels of an error with the squares (N, 1024), on [0, 1], (N,)."""
    squares = np.pad(squared.reshape(-1, 32, 32), ((0, 0), (1, 1), (1, 1)))
    rows = squares[:, :-2] + squares[:, 1:-1] + squares[:, 2:]
    spots = rows[:, :, :-2] + rows[:, :, 1:-1] + rows[:, :, 2:]
    return np.sqrt(spots.max(axis=(1, 2)) / 27) / 255

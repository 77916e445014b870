"""The exact cross-entropy, and the recogniser's calibration: what must pass as a face and what must not."""

import dataclasses
import itertools
import re
from functools import cache

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.ndimage import gaussian_filter

from course_utils import evaluation
from course_utils.datasets import load_planet_pixel, planet_pixel_distribution, planet_pixel_entropy
from course_utils.evaluation import cross_entropy, planet_pixel_reference, score_planet_pixel, surprise
from course_utils.models import NaiveBayes

P_DATA = planet_pixel_distribution()
FACES = P_DATA.images() / 255  # (3552, 32, 32, 3)
TRAIN = load_planet_pixel("train")
TEST = load_planet_pixel("test")
NUMBER = {picture.tobytes(): i for i, picture in enumerate(P_DATA.pixels)}
NO_HAIR = (P_DATA.styles.topType == "NoHair").to_numpy()
# what can be seen of the five features: the colour of no hair cannot
VISIBLE = P_DATA.styles.astype(str).assign(hairColor=P_DATA.styles.hairColor.astype(str).where(~NO_HAIR, "none"))


def rule1(images) -> float:
    return score_planet_pixel(images, TRAIN).rule1


def noisy(images, sigma, seed=0):
    return np.clip(images + np.random.default_rng(seed).normal(0, sigma, images.shape), 0, 1)


def blurred(images, sigma):
    return gaussian_filter(images, (0, sigma, sigma, 0), mode="nearest")


def pairs(n, least, seed=0):
    """Draw n pairs of faces from p_data that differ in at least this many visible features."""
    rng = np.random.default_rng(seed)
    a, b = rng.choice(len(FACES), (2, 20 * n), p=P_DATA.probabilities)
    differ = (VISIBLE.to_numpy()[a] != VISIBLE.to_numpy()[b]).sum(axis=1) >= least
    return FACES[a[differ][:n]], FACES[b[differ][:n]]


def pairs_in(feature, n, seed=0):
    """Draw n pairs of faces that differ in this feature alone."""
    rng = np.random.default_rng(seed)
    others = [name for name in VISIBLE if name != feature]
    groups = [rows for rows in VISIBLE.groupby(others).indices.values() if len(rows) > 1]
    chosen = [rng.choice(groups[rng.integers(len(groups))], 2, replace=False) for _ in range(n)]
    return tuple(FACES[list(side)] for side in zip(*chosen))


def halves(a, b):
    return np.concatenate([a[:, :, :16], b[:, :, 16:]], axis=2)


# --- the calibration: what must pass


def test_every_face_is_recognised_as_itself():
    scores = score_planet_pixel(P_DATA.pixels, TRAIN)
    assert scores.recognised.shape == (3552, 5) and scores.recognised.all()
    np.testing.assert_array_equal(scores.faces, np.arange(3552))
    assert scores.rule1 == 1 and scores.coverage == pytest.approx(1)


def test_the_distances_to_the_nearest_looks_are_those_of_the_definition():
    pixels = np.random.default_rng(3).integers(0, 256, size=(4, 1024, 3)).astype(float)
    for view in itertools.chain(*evaluation._recogniser().views):
        x = pixels[:, view.pixels].reshape(4, -1)
        distances, rows = evaluation._nearest(x, view)
        for v, group in enumerate(view.groups):
            expected = ((x[:, None] - view.looks[group]) ** 2).sum(axis=2)  # (4, looks with the value v)
            np.testing.assert_array_equal(distances[:, v], expected.min(axis=1))
            np.testing.assert_array_equal(rows[:, v], group[expected.argmin(axis=1)])
        some = np.arange(0, len(view.looks), 37)
        apart = sum(part.apart[part.row[some][:, None], part.row[some]] for part in view.parts)
        np.testing.assert_array_equal(apart, ((view.looks[some][:, None] - view.looks[some]) ** 2).sum(axis=2))


def test_test_faces_are_valid_and_stay_so_with_a_little_noise_or_blur():
    images = TEST.images()[:150] / 255
    true = np.array([NUMBER[picture.tobytes()] for picture in TEST.pixels[:150]])
    assert rule1(images) == 1
    soft = blurred(images, 0.5)
    for slightly_wrong in (noisy(images, 0.02), noisy(images, 0.05), soft, noisy(soft, 0.02)):
        scores = score_planet_pixel(slightly_wrong, TRAIN)
        assert scores.rule1 >= 0.99
        assert (scores.faces == true)[scores.valid].all()  # and as the face that it was


def test_more_noise_and_more_blur_make_fewer_pictures_valid():
    images = TEST.images()[:80] / 255
    by_noise = [rule1(noisy(images, sigma)) for sigma in (0, 0.05, 0.1, 0.15, 0.2)]
    assert by_noise == sorted(by_noise, reverse=True)
    assert by_noise[0] == 1 and 0.3 < by_noise[2] < 0.9 and by_noise[4] == 0
    by_blur = [rule1(blurred(images, sigma)) for sigma in (0.5, 0.6, 0.8, 1.2)]
    assert by_blur == sorted(by_blur, reverse=True) and by_blur[-1] < 0.2


# --- the calibration: what must not pass


@pytest.mark.parametrize("alpha", [0, 0.001, 1])
def test_naive_bayes_draws_no_valid_picture(alpha):
    model = NaiveBayes([256] * 1024, alpha).fit(TRAIN.pixels)
    assert rule1(model.sample(300, np.random.default_rng(0)).astype(np.uint8)) <= 0.01


def test_the_mean_picture_is_no_face():
    scores = score_planet_pixel((TRAIN.images() / 255).mean(axis=0, keepdims=True), TRAIN)
    assert not scores.recognised.any()
    assert not score_planet_pixel(np.einsum("n,nijc->ijc", P_DATA.probabilities, FACES)[None], TRAIN).valid.any()


def test_the_halves_of_two_faces_are_no_face():
    assert rule1(halves(*pairs(300, least=3))) <= 0.03
    assert rule1(halves(*pairs(300, least=1))) == 0


@pytest.mark.parametrize("feature", list(VISIBLE))
def test_halves_that_differ_in_one_feature_leave_the_others_recognised(feature):
    """One lens of the glasses, a shirt of two colours, hair of two colours …"""
    scores = score_planet_pixel(halves(*pairs_in(feature, 300)), TRAIN)
    assert scores.rule1 == 0
    np.testing.assert_array_equal(scores.recognised, np.tile(VISIBLE.columns != feature, (300, 1)))


def test_a_blend_of_two_faces_is_no_face():
    a, b = pairs(150, least=2)
    valid = [rule1((1 - w) * a + w * b) for w in (0.5, 0.4, 0.3, 0.1, 0)]
    assert valid == sorted(valid)
    # the few at one half are faces in another colour: red and white shirts make one in pastel orange
    assert valid[0] <= 0.02 and valid[1] <= 0.03 and valid[2] <= 0.15 and valid[3] > 0.75 and valid[4] == 1


@pytest.mark.parametrize("feature", ["accessoriesType", "clothingType", "topType"])
def test_half_transparent_glasses_shirts_and_hair_are_not_recognised(feature):
    a, b = pairs_in(feature, 300)
    assert rule1((a + b) / 2) <= 0.02  # two white shirts under grey hair hardly differ
    if feature == "accessoriesType":
        assert rule1(0.65 * a + 0.35 * b) == 0


def test_hair_of_mixed_up_pixels_is_no_hair():
    rng = np.random.default_rng(0)
    a, b = pairs_in("hairColor", 300)
    from_b = rng.uniform(size=(300, 32, 32, 1)) < 0.5
    assert rule1(np.where(from_b, a, b)) <= 0.02  # speckled in two colours
    hair = (a != b).any(axis=3)
    for picture, where in zip(a, hair):
        picture[where] = rng.uniform(size=(where.sum(), 3))
    assert rule1(a) == 0


def test_features_count_only_on_a_face():
    images = TEST.images()[:200] / 255
    glasses, chin, corner, skin = (images.copy() for _ in range(4))
    outside = np.ones((32, 32), dtype=bool)
    outside[10:17, 6:27] = False
    glasses[:, outside] = images[0, 0, 0]  # nothing but what surrounds the eyes
    chin[:, 18:21, 14:18] = [0.2, 0.4, 0.9]  # where no feature changes anything
    corner[:, :4, :4] = 0
    skin[:, 18:, 10:22] *= 0.5
    assert rule1(glasses) == rule1(chin) == rule1(corner) == rule1(skin) == 0


@pytest.mark.parametrize("step, valid", [(105, True), (111, False)])
def test_a_spot_is_visibly_wrong_from_an_error_of_0_14_on(step, valid):
    """One wrong pixel is a root mean square error of √(3 step²/27)/255 = step/765 over 3 × 3: 0.137 and 0.145."""
    image = TEST.images()[:1].copy()
    image[0, 0, 0] -= step
    assert rule1(image) == valid


def test_pictures_of_something_else_are_no_faces():
    rng = np.random.default_rng(0)
    constant = np.broadcast_to(rng.uniform(size=(100, 1, 1, 3)), (100, 32, 32, 3))
    assert rule1(constant) == rule1(rng.uniform(size=(100, 32, 32, 3))) == rule1(TEST.images()[:300, ::-1]) == 0
    long = (TEST.styles.topType == "LongHairStraight").to_numpy()
    assert long.sum() > 200 and rule1(TEST.images()[long][:100, :, ::-1]) == 0  # its parting is on the left
    bun = (TEST.styles.topType == "LongHairBun").to_numpy() & (TEST.styles.clothingType != "Hoodie").to_numpy()
    assert bun.sum() > 5 and rule1(TEST.images()[bun][:, :, ::-1]) == 1  # the same in the mirror


def test_no_hair_with_a_hair_colour_is_no_face(monkeypatch):
    """Features that were recognised, each on its own, make a valid picture only if there is such a face."""
    hair = (P_DATA.styles.topType == "LongHairStraight").to_numpy()
    recogniser = evaluation._recogniser()
    assert (recogniser.face[..., 6, 1:] == -1).all() and (recogniser.face[..., :6, 0] == -1).all()
    assert (recogniser.face >= 0).sum() == 3552
    nowhere = dataclasses.replace(recogniser, face=np.full_like(recogniser.face, -1))
    monkeypatch.setattr(evaluation, "_recogniser", lambda: nowhere)
    scores = score_planet_pixel(P_DATA.pixels[hair][:5], TRAIN)
    assert scores.recognised.all() and scores.rule1 == scores.coverage == 0


# --- the scores


def test_the_scores_of_pictures_chosen_by_hand():
    chosen = [0, 0, 7, 100, 3551]
    training = dataclasses.replace(TRAIN, pixels=P_DATA.pixels[[7, 100, 100]], styles=P_DATA.styles.iloc[[7, 100, 100]])
    random = np.random.default_rng(0).integers(0, 256, (3, 1024)).astype(np.uint8)
    scores = score_planet_pixel(np.concatenate([P_DATA.pixels[chosen], random]), training)
    assert scores.n == 8
    assert scores.rule1 == 5 / 8
    assert scores.rule2 == 3 / 8  # face 0 twice, face 3551
    assert scores.coverage == pytest.approx(P_DATA.probabilities[[0, 7, 100, 3551]].sum())
    assert scores.faces.tolist() == chosen + [-1, -1, -1]
    assert scores.valid.tolist() == [True] * 5 + [False] * 3
    one = score_planet_pixel(P_DATA.pixels[:1], training)
    assert one.reference_coverage == pytest.approx((P_DATA.probabilities**2).sum())  # a draw covers its own p(x)


def test_the_reference_is_what_draws_of_p_data_reach():
    rng = np.random.default_rng(0)
    p = P_DATA.probabilities
    seen = [p[np.unique(rng.choice(3552, 1000, p=p))].sum() for _ in range(300)]
    known = np.isin(np.arange(3552), [NUMBER[picture.tobytes()] for picture in TRAIN.pixels])
    scores = planet_pixel_reference(1000, TRAIN, np.random.default_rng(1))
    assert scores.reference_coverage == pytest.approx(np.mean(seen), abs=4 * np.std(seen) / 300**0.5)
    assert scores.coverage == pytest.approx(np.mean(seen), abs=4 * np.std(seen))
    assert scores.rule1 == 1 and scores.n == 1000
    assert scores.rule2 == pytest.approx(p[~known].sum(), abs=0.05)


def test_all_kinds_of_pictures_and_batches_give_the_same(monkeypatch):
    bad = NaiveBayes([256] * 1024).fit(TRAIN.pixels).sample(5, np.random.default_rng(0))
    some = np.concatenate([TEST.pixels[:40], bad])
    rgb = P_DATA.palette[some].reshape(-1, 32, 32, 3)
    expected = score_planet_pixel(some.astype(np.uint8), TRAIN)
    assert 0 < expected.rule1 < 1
    tensor = torch.tensor(rgb) / 255
    for images in (some.astype(np.int64), rgb, rgb.tolist(), rgb / 255, tensor, tensor * 1.00001):
        assert_same(score_planet_pixel(images, TRAIN), expected)
    mixed = noisy(rgb / 255, 0.1)
    rounded = np.rint(mixed * 255).astype(np.uint8)
    np.testing.assert_array_equal(evaluation._check_images(mixed, P_DATA.palette), rounded.reshape(-1, 1024, 3))
    expected = score_planet_pixel(mixed, TRAIN)
    monkeypatch.setattr(evaluation, "BATCH", 7)
    assert_same(score_planet_pixel(mixed, TRAIN), expected)
    assert_same(score_planet_pixel(mixed[::-1], TRAIN), expected, order=-1)


def assert_same(scores, expected, order=1):
    for part in ("recognised", "valid", "faces"):
        np.testing.assert_array_equal(getattr(scores, part)[::order], getattr(expected, part))
    assert (scores.rule1, scores.rule2, scores.coverage) == (expected.rule1, expected.rule2, expected.coverage)


@pytest.mark.parametrize(
    "images, message",
    [
        (np.zeros((3, 1024)), "images must be palette indices (N, 1024), whole numbers, or RGB (N, 32, 32, 3)"),
        (np.zeros((3, 3, 32, 32)), "got float64 (3, 3, 32, 32)"),
        (np.zeros(1024, dtype=np.uint8), "got uint8 (1024,)"),
        (np.zeros((3, 1024), dtype=bool), "got bool (3, 1024)"),
        (np.zeros((3, 32, 32, 3), dtype=complex), "got complex128"),
        ("faces", "got <U5 ()"),
        (np.zeros((0, 32, 32, 3)), "needs at least one picture, got none"),
        (np.full((2, 1024), 256), "whole numbers must lie in 0..255, got 256 to 256"),
        (np.full((2, 1024), -1), "whole numbers must lie in 0..255, got -1 to -1"),
        (np.full((2, 32, 32, 3), 255.0), "floats must lie in [0, 1], got 255 to 255"),
        (np.full((2, 32, 32, 3), -0.001), "floats must lie in [0, 1], got -0.001"),
        (np.where(np.arange(4)[:, None, None, None] == 2, np.nan, np.zeros((4, 32, 32, 3))), "got nan in picture 2"),
    ],
)
def test_what_are_no_pictures(images, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        score_planet_pixel(images, TRAIN)


def test_training_must_hold_faces():
    pixels = TRAIN.pixels[:4].copy()
    pixels[2, 500] ^= 1
    with pytest.raises(ValueError, match="its picture 2 is none"):
        score_planet_pixel(TEST.pixels, dataclasses.replace(TRAIN, pixels=pixels))


# --- the cross-entropy


@cache
def true_log_prob():
    table = {picture.tobytes(): np.log(p) for picture, p in zip(P_DATA.pixels, P_DATA.probabilities)}
    return lambda pixels: np.array([table[picture.tobytes()] for picture in pixels])


def test_the_cross_entropy_of_p_data_is_its_entropy():
    assert cross_entropy(true_log_prob()) == pytest.approx(planet_pixel_entropy(), rel=1e-12)


def test_the_cross_entropy_of_the_uniform_distribution():
    assert cross_entropy(lambda pixels: np.full(len(pixels), -np.log(3552))) == pytest.approx(np.log(3552))
    uniform = torch.full((3552,), -1024 * np.log(256), requires_grad=True)
    assert cross_entropy(lambda pixels: uniform[: len(pixels)]) == pytest.approx(1024 * np.log(256))


def test_the_cross_entropy_of_naive_bayes_by_a_loop():
    model = NaiveBayes([256] * 1024, 0.001).fit(TRAIN.pixels)
    counts = np.stack([np.bincount(column, minlength=256) for column in TRAIN.pixels.T])
    expected = 0.0
    for face, p in zip(P_DATA.pixels, P_DATA.probabilities):
        expected -= p * np.log((counts[np.arange(1024), face] + 0.001) / (2000 + 0.256)).sum()
    assert cross_entropy(model.log_prob) == pytest.approx(expected)
    assert cross_entropy(NaiveBayes([256] * 1024).fit(TRAIN.pixels[:100]).log_prob) == np.inf


def test_the_cross_entropy_asks_for_a_few_pictures_at_a_time():
    asked = []

    def log_prob(pixels):
        assert pixels.shape[1:] == (1024,) and pixels.dtype == np.uint8
        asked.append(pixels)
        return true_log_prob()(pixels)

    cross_entropy(log_prob)
    assert max(map(len, asked)) <= 500
    np.testing.assert_array_equal(np.concatenate(asked), P_DATA.pixels)


@pytest.mark.parametrize(
    "log_prob, message",
    [
        (lambda x: -7.0, "log_prob must return (250,) numbers for 250 pictures, got float64 ()"),
        (lambda x: np.full((len(x), 1), -7.0), "got float64 (250, 1)"),
        (lambda x: np.full(len(x), -7.0)[1:], "got float64 (249,)"),
        (lambda x: None, "got object ()"),
        (lambda x: np.full(len(x), -7j), "got complex128"),
        (lambda x: np.where(np.arange(len(x)) == 3, np.nan, -9.0), "got nan for face 3"),
        (lambda x: np.full(len(x), 1500.0), "none exceeds 0, and all p(x) sum to 1 at most. The largest is 1500"),
        (lambda x: np.where((x == P_DATA.pixels[9]).all(axis=1), 0.1, -99.0), "The largest is 0.1"),
        (lambda x: np.full(len(x), -8.0), "all p(x) sum to 1 at most. The largest is -8"),  # 3552 exp(−8) = 1.19
    ],
)
def test_what_is_no_log_probability(log_prob, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        cross_entropy(log_prob)


def test_surprise_is_split_by_whether_a_face_is_known():
    """A model that is right about training faces and 30 nats off for the others: its means, and what it wastes."""
    known = {picture.tobytes() for picture in TRAIN.pixels}
    is_known = np.array([picture.tobytes() in known for picture in P_DATA.pixels])
    share = P_DATA.probabilities[is_known].sum()
    apart = surprise(lambda x: true_log_prob()(x) - 30 * np.array([face.tobytes() not in known for face in x]), TRAIN)
    mean = [
        np.average(-np.log(P_DATA.probabilities[part]), weights=P_DATA.probabilities[part])
        for part in (is_known, ~is_known)
    ]
    assert apart.training == pytest.approx(mean[0]) and apart.others == pytest.approx(mean[1] + 30)
    assert apart.nats == pytest.approx(planet_pixel_entropy() + 30 * (1 - share))
    assert apart.p_faces == pytest.approx(share, abs=1e-9)


def test_surprise_of_p_data_and_the_bound_by_the_probability_of_faces():
    """p_data wastes nothing; and KL ≥ −log p_faces, with equality where all faces lose the same factor."""
    exact = surprise(true_log_prob(), TRAIN)
    assert exact.nats == pytest.approx(planet_pixel_entropy()) and exact.p_faces == pytest.approx(1)
    halved = surprise(lambda x: true_log_prob()(x) - np.log(2), TRAIN)
    assert halved.nats - planet_pixel_entropy() == pytest.approx(np.log(2)) == pytest.approx(-np.log(halved.p_faces))
    noise = np.random.default_rng(0).exponential(3, len(P_DATA.pixels))
    rough = surprise(lambda x: true_log_prob()(x) - np.array([noise[NUMBER[face.tobytes()]] for face in x]), TRAIN)
    assert rough.nats - planet_pixel_entropy() > -np.log(rough.p_faces) + 0.1


def test_surprise_refuses_training_pictures_that_are_no_faces():
    wrong = dataclasses.replace(TRAIN, pixels=TRAIN.pixels[:, ::-1])
    with pytest.raises(ValueError, match="training must hold faces of Planet Pixel, but its picture 0 is none"):
        surprise(true_log_prob(), wrong)


# --- a face to the pixel


def test_exact_counts_faces_to_the_pixel():
    """One pixel in another colour of the palette, which Rule 1 forgives; and colours moved, but not to another one."""
    pixels = P_DATA.pixels[:40].copy()
    assert score_planet_pixel(pixels, TRAIN).exact == 1
    near = np.linalg.norm(P_DATA.palette[:, None].astype(float) - P_DATA.palette, axis=-1) + np.diag(
        np.full(256, np.inf)
    )
    pixels[:10, 0] = near.argmin(axis=1)[pixels[:10, 0]]
    scores = score_planet_pixel(pixels, TRAIN)
    assert scores.exact == 0.75 and scores.rule1 == 1
    images = P_DATA.images()[:40].copy()
    background = images[0, 0, 0].astype(int)
    tints = [background + [0, 0, d] for d in range(-40, 24)]
    same = [t for t in tints if (P_DATA.palette[((P_DATA.palette - t) ** 2).sum(axis=1).argmin()] == background).all()]
    assert len(same) > 5
    images[:10, 0, 0], images[10:20, 0, 0] = same[0], same[0] - [0, 0, 1]  # the last tint that is still the background
    assert score_planet_pixel(images, TRAIN).exact == score_planet_pixel(images / 255, TRAIN).exact == 0.75
    assert score_planet_pixel(FACES[:40] * 0.7, TRAIN).exact == 0


def test_scores_are_frozen_and_short_to_print():
    scores = planet_pixel_reference(5, TRAIN, np.random.default_rng(0))
    with pytest.raises(dataclasses.FrozenInstanceError):
        scores.rule1 = 1.0
    assert re.fullmatch(r"Scores\(rule1=.*, rule2=.*, coverage=.*, reference_coverage=.*, n=5\)", repr(scores))
    assert isinstance(P_DATA.styles.iloc[scores.faces], pd.DataFrame)  # the faces that it saw, by name

"""The numbers of lesson 15, beside computations that use none of the course's models."""

import json
import re
from math import prod

import numpy as np
import pytest
import safetensors
from oracle import SIZES, agree, by_lot, log_prob_of, price, read, rows, text
from scipy.stats import entropy, norm, spearmanr
from sklearn.decomposition import PCA

from course_utils import files


def score_of(file: str) -> tuple[dict, int]:
    """Return what a checkpoint's header says about its score, and how many parameters it has."""
    with safetensors.safe_open(
        files.DATA / "checkpoints" / f"{file}_planet_pixel.safetensors", framework="numpy"
    ) as checkpoint:
        sizes = [prod(checkpoint.get_slice(name).get_shape()) for name in checkpoint.keys() if name != "order"]
        return json.loads(checkpoint.metadata()["score"]), sum(sizes)


NAMES = {"NADE": "nade", "Row LSTM": "pixelrnn_row", "Diagonal": "pixelrnn_diagonal", "VAE": "vae", "GAN": "gan"}


MODELS = ["Naive Bayes", "mixture of 60", *NAMES]


def test_15_the_nats(planet, counted):
    nats = rows("density  200 faces     ±  all faces")
    assert list(nats) == MODELS + ["p_data", "photocopier"]
    p, pixels = planet["p"], planet["pixels"]
    faces = planet["test"][:200]
    kl = np.log(p[faces]) - log_prob_of(counted, 0.001, pixels[faces])
    for said, value in zip(
        nats["Naive Bayes"],
        (entropy(p) + kl.mean(), kl.std() / np.sqrt(200), price(planet, counted, 0.001)),
        strict=True,
    ):
        assert said == pytest.approx(value, abs=0.06)
    assert nats["p_data"] == [7.0, 0.0, 7.0] and round(entropy(p), 1) == 7.0
    for name, file in NAMES.items():
        score, _ = score_of(file)
        if name != "GAN":
            sampled, error, *_ = nats[name]
            assert sampled == pytest.approx(score.get("nats", score.get("bound")), abs=3 * error + 0.1)
    assert nats["NADE"][2] == pytest.approx(score_of("nade")[0]["nats"], abs=0.1)
    assert nats["mixture of 60"][2] < 320 and nats["GAN"] == [] and nats["photocopier"] == [np.inf] * 2
    seen = np.isin(np.arange(len(p)), planet["train"])
    agree(read("15", "'impossible' to #% of the planet")[0], 100 * p[~seen].sum())
    album, others = read(
        "15", "a face of the album costs NADE # nats on average, any other face # (lesson 11)", "written"
    )
    assert [album] == read("11", "faces of the training set # nats") and [others] == read(
        "11", "all the other faces # nats"
    )
    bound = read("15", "20 draws of z: about # nats fewer")
    assert float(bound[0]) >= 0


def test_15_the_rules(planet):
    rules, p = rows("Rule 1  Rule 2  coverage  ± of Rule 1"), planet["p"]
    seen = np.isin(np.arange(len(p)), planet["train"])
    for name, file in NAMES.items():
        score, _ = score_of(file)
        for said, key in zip(rules[name], ("rule 1", "rule 2")):
            share = max(score[key], 0.01)
            assert said == pytest.approx(
                score[key], abs=0.75 * np.hypot(by_lot(share, 100), by_lot(share, 500)) + 0.005
            )
        assert rules[name][3] == pytest.approx(np.sqrt(rules[name][0] * (1 - rules[name][0]) / 100), abs=0.0051)
    assert rules["p_data"][0] == rules["photocopier"][0] == 1 and rules["photocopier"][1] == 0
    assert rules["p_data"][1] == pytest.approx(p[~seen].sum(), abs=by_lot(p[~seen].sum(), 100))
    agree(read("15", "a hundred draws of p_data see # on average")[0], (p * (1 - (1 - p) ** 100)).sum())
    assert rules["Naive Bayes"][:3] == rules["mixture of 60"][:3] == [0, 0, 0]
    assert (
        rules["NADE"][0] == pytest.approx(0.5, abs=0.1) and rules["Row LSTM"][0] < 0.1
    )  # "every second one", "hardly any"
    nats = rows("density  200 faces     ±  all faces")
    assert nats["Row LSTM"][0] <= nats["NADE"][0]  # "at least as good"
    for words, column in [("most possible faces", 0), ("most new faces", 1), ("most of the planet", 2)]:
        (winner,) = re.findall(rf"{words}: +(.+)", text("15", "printed"))
        assert rules[winner][column] == max(rules[name][column] for name in MODELS)
    (winner,) = re.findall("fewest nats: +(.+)", text("15", "printed"))
    assert nats[winner][0] == min(nats[name][0] for name in MODELS if nats[name])


def test_15_how_many_numbers():
    parameters = {"Naive Bayes": 1024 * 255, "mixture of 60": 60 * 1024 * 255 + 59} | {
        name: score_of(file)[1] for name, file in NAMES.items()
    }
    for name in MODELS:
        agree(read("15", f"{name} # ms a face # parameters")[1], parameters[name])
    agree(read("15", "# times fewer numbers, and fewer nats")[0], parameters["mixture of 60"] / parameters["Row LSTM"])
    (fewest,) = re.findall("fewest parameters: +(.+)", text("15", "printed"))
    assert fewest == min(parameters, key=parameters.get)
    assert "needs more than fifteen million numbers" in text("15", "written") and parameters["mixture of 60"] > 15e6


def test_15_copies_and_dice(planet):
    """What a hundredth of NADE costs, and the forger's nats by NADE's means over known and unknown faces, from lesson 11."""
    exact = rows("density  200 faces     ±  all faces")["NADE"][2]
    spoilt, rule1 = map(float, read("15", "one hundredth of NADE: # nats, Rule 1 #"))
    assert exact < spoilt <= exact + np.log(100) + 0.06 and rule1 < 0.01
    agree(read("15", "log 100: # nats")[0], np.log(100))
    assert "Less than five nats!" in text(
        "15", "written"
    ) and "beats the mixture of sixty by more than two hundred nats" in text("15", "written")
    assert rows("density  200 faces     ±  all faces")["mixture of 60"][2] - spoilt > 200
    p, copies = planet["p"], np.bincount(planet["train"], minlength=3552) / 2000
    seen, unknown = copies > 0, float(read("11", "all the other faces # nats")[0])
    for new in ("0.01", "1e-09"):
        nats, r1, r2 = map(float, read("15", f"NADE paints {new}: # nats, Rule 1 #, Rule 2 #"))
        value = -p[seen] @ np.log((1 - float(new)) * copies[seen]) + p[~seen].sum() * (unknown - np.log(float(new)))
        assert nats == pytest.approx(
            value, abs=0.5 * p[~seen].sum() + 0.1
        )  # the mean of the unknown is rounded to a nat
        assert nats < exact - 5 and r1 > 0.98 and r2 < 0.002  # "by a wide margin", "almost nothing"


def test_15_bits_a_pixel(planet):
    for name, nats in [("any colour anywhere", 1024 * np.log(256)), ("H(p_data)", entropy(planet["p"]))]:
        said, bits = read("15", f"{name} # nats = # bits a pixel")
        agree(said, nats)
        agree(bits, nats / (1024 * np.log(2)))
    agree(
        read("15", "8 bits a pixel without a model, # with NADE", "written")[0],
        float(read("15", "NADE # nats = # bits a pixel")[0]) / (1024 * np.log(2)),
    )


@pytest.fixture(scope="module")
def components(planet):
    """The portraits' first twenty principal components, of all faces, (3552, 20), by another solver than the lesson's."""
    rgb = planet["palette"][planet["pixels"]].reshape(3552, -1) / 255
    return PCA(20, svd_solver="arpack", random_state=0).fit(rgb[planet["train"]]).transform(rgb)


def test_15_nearest_neighbours(planet):
    rgb = planet["palette"][planet["pixels"]].reshape(3552, -1) / 255
    album = np.unique(planet["train"])
    twins = [(((rgb[album] - rgb[face]) ** 2).sum(axis=1) < 1).any() for face in planet["test"][:500]]
    agree(read("15", "of the faces held out: # are in the album")[0], np.mean(twins))
    seen = np.isin(planet["test"][:500], album).mean()
    assert "three quarters of the **true** faces" in text("15", "written") and seen == pytest.approx(0.75, abs=0.03)
    photocopier, _, _, twins = read("15", "photocopier # NADE # VAE # GAN #")
    assert photocopier == "1.00"
    rules = rows("Rule 1  Rule 2  coverage  ± of Rule 1")["GAN"]
    assert float(twins) < rules[0] - rules[1]  # "a face that is a little off everywhere has no twin"


def test_15_the_truth_is_far_from_itself_with_few_pictures(planet, components):
    rng, p = np.random.default_rng(1), planet["p"]
    album = components[planet["train"]]

    def distance(n: int) -> float:
        some = components[rng.choice(3552, n, p=p)]
        A, B = np.cov(some.T), np.cov(album.T)
        values, vectors = np.linalg.eigh(A)
        root = (vectors * np.sqrt(values.clip(0))) @ vectors.T  # tr (AB)^½ = tr (A^½ B A^½)^½
        middle = np.sqrt(np.linalg.eigvalsh(root @ B @ root).clip(0)).sum()
        return ((some.mean(axis=0) - album.mean(axis=0)) ** 2).sum() + np.trace(A) + np.trace(B) - 2 * middle

    for number, n in zip(read("15", "p_data by 50 pictures #, by 400 #, by 3,200 #"), (50, 400, 3200), strict=True):
        draws = [distance(n) for _ in range(20)]
        agree(number, np.mean(draws), error=4 * np.std(draws) * np.sqrt(2 / 20))
    fid = {
        name: float(number)
        for name, number in re.findall(
            r"^(one Gaussian|p_data|mixture of 60) +([\d.]+)$", text("15", "printed"), re.MULTILINE
        )
    }
    assert fid["one Gaussian"] < 1.3 * fid["p_data"]  # "beside the truth"
    assert float(read("15", "p_data by 50 pictures #, by 400 #, by 3,200 #")[0]) > fid["mixture of 60"]


def test_15_the_proxies():
    proxies = rows("precision  Rule 1  recall  coverage")
    assert proxies["mixture of 60"][0] > 0.8 and proxies["mixture of 60"][1] == 0
    assert proxies["NADE"][2] > 0.7 and proxies["NADE"][3] < 0.2
    ranks = [float(number) for number in read("15", "precision with Rule 1 #, recall with coverage #")]
    assert "On the whole the proxies rank as the truth does" in text("15", "written") and min(ranks) > 0.4


def test_15_one_number_is_the_same_wherever_it_is_printed():
    nats, rules = rows("density  200 faces     ±  all faces"), rows("Rule 1  Rule 2  coverage  ± of Rule 1")
    proxies = rows("precision  Rule 1  recall  coverage")
    for name, (rule1, _, coverage, _) in rules.items():
        assert [proxies[name][1], proxies[name][3]] == [rule1, coverage]
    for name in ("Naive Bayes", "mixture of 60", "NADE"):
        said, bits = read("15", f"{name} # nats = # bits a pixel")
        agree(said, nats[name][0], error=0.06)
        agree(bits, nats[name][0] / (1024 * np.log(2)), error=1e-4)
    for name in ("mixture of 60", "Row LSTM"):
        parameters, said = read("15", f"{name} # parameters, # nats")
        assert parameters == read("15", f"{name} # ms a face # parameters")[1]
        agree(said, nats[name][0], error=0.06)
    exact, (rule1, rule2, *_) = nats["NADE"][2], rules["NADE"]
    assert re.findall(r"^NADE: +([\d.]+) nats", text("15", "printed"), re.MULTILINE) == [str(exact)]
    for share in ("1", "0.5", "0.1", "0.01"):
        said = read("15", f"NADE paints {share}: # nats, Rule 1 #, Rule 2 #")
        agree(said[1], 1 - float(share) * (1 - rule1))
        agree(said[2], float(share) * rule2)
        assert float(said[0]) == exact if share == "1" else float(said[0]) < exact - 5
    for number, (x, y) in zip(
        read("15", "precision with Rule 1 #, recall with coverage #"), [(0, 1), (2, 3)], strict=True
    ):
        table = np.array(list(proxies.values()))
        assert float(number) == pytest.approx(
            spearmanr(table[:, x], table[:, y]).statistic, abs=0.1
        )  # the table is rounded


def test_15_the_alarm(planet, counted):
    found, p = rows("upside down  two halves  empty page  monks"), planet["p"]
    faces = planet["pixels"][planet["test"][:200]]
    squares = faces[:40].reshape(-1, 32, 32)
    halves = squares.copy()
    halves[1:, :, 16:], halves[0, :, 16:] = squares[:-1, :, 16:], squares[-1, :, 16:]
    columns = list(SIZES)
    wanted = {"topType": "NoHair", "accessoriesType": "Blank", "clothingColor": "White"}
    monk = np.all([planet["styles"][:, columns.index(name)] == value for name, value in wanted.items()], axis=0)
    foreign = [
        squares[:, ::-1].reshape(-1, 1024),
        halves.reshape(-1, 1024),
        np.full((1, 1024), faces[0, 0]),
        planet["pixels"][monk],
    ]

    def beaten(usual, strange) -> float:
        return np.mean([(usual < x).mean() + (usual == x).mean() / 2 for x in strange])

    usual = -log_prob_of(counted, 0.001, faces)
    for said, some in zip(found["Naive Bayes"], foreign, strict=True):
        assert said == pytest.approx(beaten(usual, -log_prob_of(counted, 0.001, some)), abs=0.0051)
    truth = beaten(-np.log(p[planet["test"][:200]]), -np.log(p[monk]))
    assert found["p_data"][:3] == [1, 1, 1] and found["p_data"][3] == pytest.approx(truth, abs=0.0051)
    for name in ("NADE", "Row LSTM", "VAE"):
        assert found[name][0] == 1 and found[name][1] > 0.9 and found[name][3] < 0.45
    assert 0.5 < found["Row LSTM"][2] < 0.95


def test_15_who_is_left_out(planet):
    black = planet["styles"][:, list(SIZES).index("clothingColor")] == "Black"
    share = planet["p"][black].sum()
    agree(read("15", "on the planet: #%")[0], 100 * share)
    assert "one person in 58" in text("15", "written") and round(1 / share) == 58
    assert float(read("15", "NADE: #%, an exact sum")[0]) < 0.2  # "all but lost"
    assert "some thirty in its album" in text("15", "written") and black[planet["train"]].sum() == pytest.approx(
        30, abs=5
    )
    for name in ("VAE", "GAN"):
        met, of, expected = read("15", f"{name}: # of # faces, where the planet would show about #")
        agree(expected, int(of) * share)
        assert int(met) <= int(of) <= 1000


def test_15_exercises():
    a, b = 0.60, 0.50
    apart = (a - b) / np.sqrt(a * (1 - a) / 100 + b * (1 - b) / 100)
    assert round(apart, 1) == 1.4 and 2 * norm.sf(apart) == pytest.approx(1 / 6, abs=0.02)  # "one time in six"
    assert round(3.00 * 3072 * np.log(2)) == 6388 and round(20 / (1024 * np.log(2)), 3) == 0.028


def test_15_what_was_trained_is_printed_as_a_bound_that_was_asserted():
    code, printed = text("15", "code"), text("15", "printed")
    for assertion, said in [
        ("< 3 * error[name]\n", "all of them: within three standard errors of the checkpoints' own scores"),
        ("assert np.abs(below - ndtr(z)).max() < 0.002\n", "quantile goes to quantile, within 0.002"),
        ("assert np.abs(by_flow - melting(x[i], 0)[0])[1:-1].max() < 0.01\n", "p(z) / |dx/dz| is p_data(x), within 0.01"),
        ("assert np.mean(groups < bus) < 0.01\n", "of 100 groups of 30 new faces 99 need more than"),
    ]:  # fmt: skip
        assert assertion in code and said in printed

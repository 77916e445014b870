"""The training loop, its state on disk, and the files of weights."""

import contextlib
import dataclasses
import json
import struct
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from course_utils import files
from course_utils.datasets import encodings, load_planet_pixel, planet_pixel_distribution
from course_utils.evaluation import Surprise
from course_utils.models import GAN, NADE, VAE, PixelRNN, load_checkpoint, recipes
from course_utils.models.deep import DeepModel, checkpoint_facts, save_checkpoint
from course_utils.models.training import minibatches, train


class Line(DeepModel):
    """y = w x with a squared loss: what Adam does to it can be followed by hand."""

    def __init__(self, start: float = 0.0, stop_after: int | None = None) -> None:
        super().__init__(start=start)
        self.w = torch.nn.Parameter(torch.tensor([start]))
        self.left = stop_after

    def _check(self, x):
        return x

    def loss(self, x, rng=None):
        if self.left is not None:
            if self.left == 0:
                raise KeyboardInterrupt
            self.left -= 1
        return ((x[:, 0] * self.w - x[:, 1]) ** 2).mean()

    def _log_prob(self, x):
        return -((x[:, 0] * self.w - x[:, 1]) ** 2)


def data(n: int = 40, slope: float = 3.0) -> torch.Tensor:
    x = torch.randn(n, generator=torch.Generator().manual_seed(0))
    return torch.stack([x, slope * x], dim=1)


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


SETTINGS = dict(epochs=6, batch_size=10, lr=0.3, progress=False)


def test_minibatches_hold_each_number_once_at_most():
    batches = list(minibatches(23, 5, rng()))
    assert [len(b) for b in batches] == [5, 5, 5, 5]
    assert len(torch.cat(batches).unique()) == 20
    assert list(minibatches(3, 5, rng()))[0].sort().values.tolist() == [0, 1, 2], "fewer than a batch is one batch"


def test_a_training_finds_the_slope():
    model = Line().fit(data(), **SETTINGS | {"epochs": 30})
    assert model.w.item() == pytest.approx(3, abs=0.02)
    assert [r["epoch"] for r in model.history] == list(range(1, 31))
    assert model.history[-1]["train"] < 0.01 * model.history[0]["train"]


def test_the_steps_are_adam_s_with_a_rate_that_falls_along_half_a_cosine():
    """By hand, after Kingma and Ba (2015), algorithm 1."""
    model, x = Line(), data(20)
    train(model, x, epochs=2, batch_size=10, lr=0.3, rng=rng(), progress=False)
    w = m = v = 0.0
    g = rng()
    for step in range(4):
        if step % 2 == 0:
            batches = list(minibatches(20, 10, g))
        a, b = x[batches[step % 2]].double().numpy().T
        grad = (2 * a * (a * w - b)).mean()
        m, v = 0.9 * m + 0.1 * grad, 0.999 * v + 0.001 * grad**2
        rate = 0.3 * (1 + np.cos(np.pi * step / 4)) / 2
        w -= rate * (m / (1 - 0.9 ** (step + 1))) / (np.sqrt(v / (1 - 0.999 ** (step + 1))) + 1e-8)
    assert model.w.item() == pytest.approx(w, rel=1e-5)


def test_weight_decay_clipping_and_warm_up_by_hand():
    """Loshchilov and Hutter (2019), algorithm 2: the weight shrinks by rate · decay, apart from Adam's own step."""
    model, x = Line(start=1.0), data(20)
    train(model, x, epochs=2, batch_size=10, lr=0.3, rng=rng(), weight_decay=0.5, clip=1.5, warm_up=2, progress=False)
    w, m, v, g = 1.0, 0.0, 0.0, rng()
    for step in range(4):
        if step % 2 == 0:
            batches = list(minibatches(20, 10, g))
        a, b = x[batches[step % 2]].double().numpy().T
        grad = (2 * a * (a * w - b)).mean()
        grad *= min(1, 1.5 / abs(grad))
        m, v = 0.9 * m + 0.1 * grad, 0.999 * v + 0.001 * grad**2
        rate = 0.3 * min((step + 1) / 3, 1) * (1 + np.cos(np.pi * step / 4)) / 2
        w -= rate * 0.5 * w
        w -= rate * (m / (1 - 0.9 ** (step + 1))) / (np.sqrt(v / (1 - 0.999 ** (step + 1))) + 1e-8)
    assert model.w.item() == pytest.approx(w, rel=1e-5)


def test_the_mean_of_the_weights_is_what_is_validated_and_kept():
    """Against the weights on the way, written down after each step."""
    way = []

    class Watched(Line):
        def loss(self, x, rng=None):
            way.append(self.w.item())
            return super().loss(x, rng)

    model = Watched(start=1.0).fit(data(), validation=data(), average=0.8, **SETTINGS)
    way = [*way[1:], Line(start=1.0).fit(data(), **SETTINGS).w.item()]  # after each step
    mean = way[0]
    for w in way[1:]:
        mean = 0.8 * mean + 0.2 * w
    assert model.history[-1]["validation"] == pytest.approx(
        ((data()[:, 0] * mean - data()[:, 1]) ** 2).mean().item(), rel=1e-4
    )
    best = min(model.history, key=lambda r: r["validation"])
    assert model.w.item() == pytest.approx(mean, rel=1e-5) or best is not model.history[-1]


class Dropping(Line):
    """A line whose slope is dropped in half of all cases while it learns."""

    def loss(self, x, rng=None):
        return super().loss(torch.cat([torch.nn.functional.dropout(x[:, :1], 0.5, self.training), x[:, 1:]], dim=1))

    def validation_loss(self, x):
        return self.loss(x).item()


def test_dropout_is_on_for_the_steps_only_and_the_same_at_each_run():
    torch.manual_seed(1)
    first = Dropping().fit(data(), validation=data(), **SETTINGS)
    best = min(record["validation"] for record in first.history)
    assert not first.training and best == pytest.approx(-first.log_prob(data()).mean().item())
    after = torch.rand(1)
    torch.manual_seed(1)
    assert torch.equal(after, torch.rand(1)), "torch's own random numbers are left as they were"
    torch.manual_seed(2)
    again = Dropping().fit(data(), validation=data(), **SETTINGS)
    assert again.w.item() == first.w.item() != Line().fit(data(), **SETTINGS).w.item()


def test_with_a_validation_set_the_best_epoch_s_weights_stay():
    """Validated on another slope, a model that goes from 1.4 to 3 is best when it passes 1.5."""
    model = Line(start=1.2).fit(data(), validation=data(slope=1.5), epochs=20, batch_size=10, lr=0.05, progress=False)
    best = min(r["validation"] for r in model.history)
    assert best < model.history[-1]["validation"]
    assert -model.log_prob(data(slope=1.5)).mean().item() == pytest.approx(best, rel=1e-5)


@pytest.mark.parametrize("more", [{}, {"average": 0.9, "weight_decay": 0.1, "warm_up": 3}], ids=["plain", "all"])
@pytest.mark.parametrize("after", [1, 4, 9, 23])
def test_an_interrupted_training_ends_as_if_nothing_had_happened(tmp_path, after, more):
    settings = SETTINGS | more
    whole = Dropping().fit(data(), validation=data(20), **settings)
    state = tmp_path / "state.pt"
    with pytest.raises(KeyboardInterrupt):
        Dropping(stop_after=after).fit(data(), validation=data(20), state=state, **settings)
    assert not list(tmp_path.glob("*.partial"))
    again = Dropping().fit(data(), validation=data(20), state=state, **settings)
    assert again.w.item() == whole.w.item()
    assert [r["train"] for r in again.history] == [r["train"] for r in whole.history]


def test_a_finished_training_is_not_repeated(tmp_path):
    state = tmp_path / "state.pt"
    first = Line().fit(data(), state=state, **SETTINGS)
    again = Line(stop_after=0).fit(data(), state=state, **SETTINGS)
    assert again.w.item() == first.w.item()


def test_a_loss_that_is_no_number_stops_the_training():
    with pytest.raises(FloatingPointError, match="epoch 1: take a smaller lr than 0.3"):
        Line().fit(data() * float("nan"), **SETTINGS)


def test_log_prob_is_computed_in_chunks_and_without_a_gradient():
    class Counting(Line):
        chunk = 7
        sizes: list[int] = []

        def _log_prob(self, x):
            self.sizes.append(len(x))
            return super()._log_prob(x)

    model = Counting()
    log_prob = model.log_prob(data(20))
    assert model.sizes == [7, 7, 6] and not log_prob.requires_grad
    torch.testing.assert_close(log_prob, -(data(20)[:, 1] ** 2))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "CHECKPOINTS", tmp_path)
    return tmp_path


MODELS = {  # each with options that are not the default
    "NADE": lambda **seed: NADE(6, 3, **seed),
    "VAE": lambda **seed: VAE(16, 2, "categorical", "convolutional", n_values=5, n_channels=3, beta=2.0, **seed),
    "GAN": lambda **seed: GAN(192, 3, "convolutional", n_channels=2, loss="minimax", r1=0.5, **seed),
    "row": lambda **seed: PixelRNN("row_lstm", 2, 5, n_features=6, n_layers=1, n_embedding=2, size=(3, 4), **seed),
    "diagonal": lambda **seed: PixelRNN("diagonal_bilstm", 2, 5, n_features=6, n_layers=1, size=(3, 4), **seed),
}


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
def test_a_checkpoint_brings_back_model_weights_and_facts(folder, make):
    model = make(seed=4)
    if isinstance(model, NADE):
        model.set_order(torch.tensor([5, 3, 1, 0, 2, 4]))
    save_checkpoint(model, folder / "small.safetensors", command="python …", seed=4, score={"nats": 4.2})
    loaded, facts = load_checkpoint("small"), checkpoint_facts("small")
    assert type(loaded) is type(model) and not loaded.training
    assert torch.equal(loaded.sample(5, rng()), model.sample(5, rng()))
    torch.testing.assert_close(loaded.state_dict(), model.state_dict(), rtol=0, atol=0)
    assert facts["arguments"] == json.loads(json.dumps(model.arguments)) and facts["arguments"]["seed"] == 4
    assert facts["score"] == {"nats": 4.2} and facts["command"] == "python …"
    assert not any("mask" in name for name in model.state_dict()), "what can be computed is not stored"


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
def test_first_weights_and_samples_depend_on_their_seeds_alone(make):
    before = torch.get_rng_state()
    one, again, other = (torch.cat([p.flatten() for p in make(seed=seed).parameters()]) for seed in (5, 5, 6))
    assert torch.equal(one, again) and not torch.equal(one, other)
    one, again, other = (make().sample(9, rng(seed)) for seed in (1, 1, 2))
    assert torch.equal(one, again) and not torch.equal(one, other)
    assert torch.equal(torch.get_rng_state(), before), "torch's own random numbers were touched"


def test_weights_stored_in_16_bits_come_back_in_32(folder):
    save_checkpoint(NADE(6, 3).half(), folder / "small.safetensors")
    loaded = load_checkpoint("small")
    assert {p.dtype for p in loaded.parameters()} == {torch.float32}
    assert loaded.order.dtype == torch.int64


def test_a_missing_checkpoint_is_named_with_those_that_exist(folder):
    save_checkpoint(NADE(2, 2), folder / "small.safetensors")
    with pytest.raises(FileNotFoundError, match=r"large.safetensors. Those that exist: small. .*pretrain large"):
        load_checkpoint("large")


@pytest.mark.parametrize(
    "damage",
    [
        lambda raw: raw[: len(raw) // 2],
        lambda raw: b"",
        lambda raw: b"<html>404</html>" * 100,
        lambda raw: _header(raw, lambda h: h.pop("__metadata__")),
        lambda raw: _header(raw, lambda h: h["__metadata__"].update(arguments="{")),
        lambda raw: _header(raw, lambda h: h["__metadata__"].update(model='"Nothing"')),
        lambda raw: _header(raw, lambda h: h["__metadata__"].update(arguments='{"n_features": 7, "n_hidden": 3}')),
        lambda raw: _header(raw, lambda h: h["__metadata__"].update(arguments='{"colour": 7}')),
    ],
)
def test_a_damaged_checkpoint_is_named_with_the_way_back(folder, damage):
    path = folder / "small.safetensors"
    save_checkpoint(NADE(6, 3), path)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ValueError, match=r"small.safetensors is damaged .*git restore data/checkpoints/small"):
        load_checkpoint("small")


def _header(raw: bytes, change) -> bytes:
    (n,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8 : 8 + n])
    change(header)
    new = json.dumps(header).encode()
    return struct.pack("<Q", len(new)) + new + raw[8 + n :]


def fits(p: torch.Tensor) -> bool:
    return p.dtype == torch.float32 and torch.equal(p, p.half().float())


@pytest.fixture
def recipe(monkeypatch, tmp_path):
    """A recipe that takes a second, with its cache folder in tmp_path."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(files, "cache", lambda: tmp_path / "cache")
    x = (torch.rand(60, 5, generator=rng()) < torch.tensor([0.1, 0.3, 0.5, 0.7, 0.9])).float()
    tiny = recipes.Recipe(
        model=lambda: NADE(5, 4),
        data=lambda: (x[:40], x[40:]),
        settings=dict(epochs=3, batch_size=10, lr=0.01),
        score=lambda model: {"nats": -model.log_prob(x).mean().item(), "16 bits": all(map(fits, model.parameters()))},
    )
    monkeypatch.setitem(recipes.RECIPES, "tiny", tiny)
    monkeypatch.setattr(files, "CHECKPOINTS", tmp_path)
    return x


def test_pretrain_stores_the_model_that_it_has_scored(recipe, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["pretrain", "tiny", "--device", "cpu", "--epochs", "4"])
    recipes.main()
    facts = checkpoint_facts("tiny")
    assert "tiny: {'nats':" in capsys.readouterr().out
    assert facts["command"] == "python -m course_utils.pretrain tiny --epochs 4"
    assert facts["settings"]["epochs"] == 4 and facts["seed"] == recipes.SEED and 1 <= facts["best_epoch"] <= 4
    assert facts["score"]["16 bits"] == 1, "scored is what is stored"
    nats = -load_checkpoint("tiny").log_prob(recipe).mean().item()
    assert nats == pytest.approx(facts["score"]["nats"], abs=1e-4)
    assert nats < 5 * np.log(2)


@pytest.fixture
def steps(monkeypatch):
    """Count NADE's steps, and interrupt the one that `stop` names; there are 12 in the whole training."""
    steps, loss = SimpleNamespace(taken=0, stop=None), NADE.loss

    def counted(*arguments):
        if steps.taken == steps.stop:
            raise KeyboardInterrupt
        steps.taken += 1
        return loss(*arguments)

    monkeypatch.setattr(NADE, "loss", counted)
    return steps


def test_an_interrupted_pretraining_goes_on_and_a_finished_one_starts_anew(recipe, steps):
    recipes.pretrain("tiny", device="cpu")
    whole = load_checkpoint("tiny").state_dict()
    for stop in None, 9:  # after two epochs
        steps.taken, steps.stop = 0, stop
        with pytest.raises(KeyboardInterrupt) if stop else contextlib.nullcontext():
            recipes.pretrain("tiny", device="cpu")
        assert steps.taken == (stop or 12)
    steps.taken, steps.stop = 0, None
    recipes.pretrain("tiny", device="cpu")
    assert steps.taken == 4
    torch.testing.assert_close(load_checkpoint("tiny").state_dict(), whole, rtol=0, atol=0)
    assert not list((files.cache() / "pretrain").iterdir()), "a state that nobody needs any more"


@pytest.mark.parametrize(
    "change",
    [
        {"settings": dict(epochs=3, batch_size=10, lr=0.02)},
        {"model": lambda: NADE(5, 4, seed=1)},
        {"data": lambda: (torch.ones(40, 5), torch.ones(20, 5))},
        {"SEED": 1},
        {"torch": SimpleNamespace(**vars(torch) | {"__version__": "99"})},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_is_left_of_another_training_is_not_gone_on_with(recipe, steps, monkeypatch, change):
    steps.stop = 9
    with pytest.raises(KeyboardInterrupt):
        recipes.pretrain("tiny", device="cpu")
    steps.taken, steps.stop = 0, None
    for name, value in change.items():
        if hasattr(recipes, name):
            monkeypatch.setattr(recipes, name, value)
        else:
            monkeypatch.setitem(recipes.RECIPES, "tiny", dataclasses.replace(recipes.RECIPES["tiny"], **change))
    recipes.pretrain("tiny", device="cpu")
    assert steps.taken == 12


def test_without_validation_the_last_epoch_is_kept(recipe, monkeypatch):
    gan = recipes.Recipe(lambda: GAN(5), lambda: (recipe, None), dict(epochs=3, batch_size=10), lambda model: {})
    monkeypatch.setitem(recipes.RECIPES, "tiny", gan)
    recipes.pretrain("tiny", device="cpu")
    by_hand = GAN(5).fit(recipe, epochs=3, batch_size=10, rng=rng(), progress=False).half().float()
    assert checkpoint_facts("tiny")["best_epoch"] == 3
    assert checkpoint_facts("tiny")["settings"] == {"epochs": 3, "batch_size": 10}
    z = torch.randn(4, 2, generator=rng())
    torch.testing.assert_close(load_checkpoint("tiny").decode(z), by_hand.decode(z))


def test_pretrain_refuses_what_it_does_not_know(monkeypatch, capsys):
    for arguments in (["nothing"], []):
        monkeypatch.setattr("sys.argv", ["pretrain", *arguments])
        with pytest.raises(SystemExit):
            recipes.main()
        message = capsys.readouterr().err
        assert "choose from nade_mnist, nade_planet_pixel" in message
    assert "Traceback" not in message


def test_bits_and_palette_numbers_are_the_same_picture():
    pixels = np.arange(2048, dtype=np.uint8).reshape(2, 1024)
    bits = encodings.to_bits(pixels)
    assert bits.shape == (2, 8192)
    assert (bits[0, 8 * 5 : 8 * 6].numpy() == [0, 0, 0, 0, 0, 1, 0, 1]).all()
    np.testing.assert_array_equal(encodings.from_bits(bits.float()), pixels)


def test_colours_in_0_to_1_and_palette_numbers_are_the_same_picture():
    faces = load_planet_pixel("test")
    x = encodings.to_floats(faces.pixels[:3])
    assert x.shape == (3, 3, 32, 32)
    np.testing.assert_allclose(encodings.from_floats(x) * 255, faces.images()[:3], atol=1e-4)
    np.testing.assert_array_equal(encodings.to_indices(faces.pixels[:3]).numpy(), faces.pixels[:3])


def test_the_score_is_measured_on_samples_and_weighted_by_p_data(monkeypatch):
    """A decoder that says the same for each z: the first training face's colours, with probability 0.61 a pixel."""
    face, training = load_planet_pixel("train").pixels[:1], load_planet_pixel("train")
    vae = VAE(1024, 2, "categorical", n_values=256, n_hidden=2)
    with torch.no_grad():
        vae.b.zero_().scatter_(0, encodings.to_indices(face), 6.0)
        for network in vae.encoder, vae.decoder:  # q(z|x) is the prior, and z has no say
            network[-1].weight.zero_()
            network[-1].bias.zero_()
    gan = GAN(3072, 2, "convolutional", n_channels=1)
    monkeypatch.setattr(gan, "decode", lambda z: encodings.to_floats(face).expand(len(z), 3, 32, 32))
    monkeypatch.setattr(recipes, "N_IMPORTANCE", 1)
    monkeypatch.setattr(recipes, "N_SAMPLES", 40)
    p_data = planet_pixel_distribution()
    pixels, p = p_data.pixels[::40], p_data.probabilities[::40] / p_data.probabilities[::40].sum()
    monkeypatch.setattr(recipes, "cross_entropy", lambda log_prob: -p @ np.asarray(log_prob(pixels)))

    def few(log_prob, of, drawn=False):
        assert of is training or (of.pixels == training.pixels).all()
        log_p = np.asarray(log_prob(pixels))
        return Surprise(-p @ log_p, -log_p[0], -log_p[1], 0.5)

    monkeypatch.setattr(recipes, "surprise", few)
    of_vae, of_gan = recipes._score_vae_planet_pixel(vae), recipes._score_gan_planet_pixel(gan)
    assert of_vae["rule 1, likeliest"] == of_gan["rule 1"] == of_gan["exact"] == 1
    assert of_vae["rule 1"] == of_vae["exact"] == of_gan["rule 2"] == 0  # drawn pixels are speckles
    assert 0 < of_gan["coverage"] < 0.1 and 0 < of_gan["coverage of p_data"] < 0.2
    alike = (pixels == face).sum(axis=1)
    nats = 1024 * np.log(np.exp(6) + 255) - 6 * alike
    for what, expected in [
        ("bound", p @ nats),
        ("estimate", p @ nats),
        ("training faces", nats[0]),
        ("other faces", nats[1]),
    ]:
        assert of_vae[what] == pytest.approx(expected, rel=1e-5), what
    assert "p(faces)" not in of_vae, "of a bound that is drawn by lot it would be no probability"

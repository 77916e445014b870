"""The codes of the tins and their decoder in NumPy, beside torch and the tins themselves."""

import importlib.util
import io

import numpy as np
import pytest
import torch

from course_utils import files
from course_utils.datasets import draw_biscuit_tins, load_biscuit_tins, load_tin_codes, tin_codes


@pytest.fixture(scope="module")
def codes():
    return load_tin_codes()


def test_the_codes_are_those_of_the_tins(codes):
    """Decoded they are the tins, in their order: far nearer than the best flat plane, whose squared error is 0.0058."""
    tins = load_biscuit_tins()
    assert codes.z.shape == (1000, 2)
    assert ((codes.decode(codes.z) - tins.images) ** 2).mean() < 0.001


def test_the_decoder_is_a_network_of_torch(codes):
    nn = torch.nn
    network = nn.Sequential(
        nn.Linear(2, 128), nn.SiLU(), nn.Linear(128, 128), nn.SiLU(), nn.Linear(128, 1024), nn.Sigmoid()
    )
    for layer, (weights, biases) in zip(network[::2], codes.layers):
        layer.weight.data, layer.bias.data = torch.tensor(weights), torch.tensor(biases)
    z = np.random.default_rng(0).uniform(-30, 30, size=(200, 2)).astype(np.float32)
    expected = network(torch.tensor(z)).detach().numpy().reshape(-1, 32, 32)
    np.testing.assert_allclose(codes.decode(z), expected, atol=1e-4)


def test_far_out_it_warns_of_nothing(codes):
    with np.errstate(all="raise", under="ignore"):
        pictures = codes.decode([[1e4, -1e4], [0.0, 0.0]])
    assert pictures.shape == (2, 32, 32) and np.isfinite(pictures).all()
    assert codes.decode(np.empty((0, 2))).shape == (0, 32, 32)


@pytest.mark.parametrize("z", [[1.0, 2.0], [[1.0, 2.0, 3.0]], 1.0])
def test_another_shape_is_refused(codes, z):
    with pytest.raises(ValueError, match=r"z must be \(N, 2\) numbers, got"):
        codes.decode(z)


def test_half_way_between_two_codes_lies_a_tin(codes):
    """At most 0.05 away, as a root mean square, from one of the tins that can be drawn."""
    heights, widths = np.meshgrid(np.linspace(5, 20, 46), np.linspace(8, 28, 61))
    catalogue = draw_biscuit_tins(heights.ravel(), widths.ravel()).reshape(-1, 1024)
    a, b = np.random.default_rng(1).integers(1000, size=(2, 50))
    for picture in codes.decode((codes.z[a] + codes.z[b]) / 2).reshape(-1, 1024):
        assert np.sqrt(((picture - catalogue) ** 2).mean(axis=1)).min() < 0.05


def test_a_missing_file_and_a_damaged_one_say_how_to_get_them_back(tmp_path, monkeypatch):
    arrays = dict(np.load(files.DATA / tin_codes.FILE))
    monkeypatch.setattr(files, "DATA", tmp_path)
    with pytest.raises(FileNotFoundError, match="git restore data/tin_codes.npz"):
        load_tin_codes()
    for content in (b"", b"PK\x03\x04nonsense", written(arrays | {"z": arrays["z"][:7]}), written({"z": arrays["z"]})):
        (tmp_path / tin_codes.FILE).write_bytes(content)
        with pytest.raises(ValueError, match="tin_codes.npz is damaged .*git restore"):
            load_tin_codes()


def written(arrays: dict) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def test_the_script_keeps_what_was_trained(tmp_path, monkeypatch):
    spec = importlib.util.spec_from_file_location("build_tin_codes", files.DATA / "build" / "tin_codes.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    nn = torch.nn
    layers = [nn.Linear(2, 128), nn.Linear(128, 128), nn.Linear(128, 1024)]
    decoder = nn.Sequential(layers[0], nn.SiLU(), layers[1], nn.SiLU(), layers[2], nn.Sigmoid())
    z = np.random.default_rng(0).uniform(-10, 10, size=(1000, 2)).astype(np.float32)
    monkeypatch.setattr(script, "trained", lambda: {"z": z, "decoder": decoder})
    monkeypatch.setattr(script, "TARGET", tmp_path / tin_codes.FILE)
    monkeypatch.setattr(files, "DATA", tmp_path)
    script.main()
    first = (tmp_path / tin_codes.FILE).read_bytes()
    kept = load_tin_codes()
    np.testing.assert_allclose(kept.z, z, rtol=1e-3)
    np.testing.assert_allclose(
        kept.decode(z[:9]).reshape(9, -1), decoder(torch.tensor(z[:9])).detach().numpy(), atol=0.01
    )
    script.main()
    assert (tmp_path / tin_codes.FILE).read_bytes() == first

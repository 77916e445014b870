"""PixelRNN against enumeration, gradients, the paper's equations pixel by pixel, and drawing without cached state."""

import itertools

import numpy as np
import pytest
import torch
from scipy import stats

from course_utils.models import PixelRNN
from course_utils.models.pixelrnn import _draw, _probabilities
from course_utils.models.pixelrnn_layers import skew, unskew

KINDS = ["row_lstm", "diagonal_bilstm"]


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def zeros(*shape: int) -> torch.Tensor:
    return torch.zeros(*shape, dtype=torch.long)


def rough(*args, **options) -> PixelRNN:
    """Return a small model in float64 whose weights are large enough to matter, behind the masks too."""
    model = PixelRNN(*args, **{"n_values": 4, "n_features": 12, "n_layers": 2, "n_embedding": 3} | options).double()
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(torch.randn(p.shape, generator=rng(1), dtype=torch.float64) / p.shape[-1] ** 0.5)
    return model


def pictures(model: PixelRNN, N: int, H: int, W: int) -> torch.Tensor:
    return torch.randint(model.n_values, (N, model.n_channels, H, W), generator=rng(2))


def all_pictures(model: PixelRNN, H: int, W: int) -> torch.Tensor:
    states = itertools.product(range(model.n_values), repeat=model.n_channels * H * W)
    return torch.tensor(list(states)).view(-1, model.n_channels, H, W)


def influence(model: PixelRNN, H: int, W: int) -> np.ndarray:
    """Return how much the logits of each sub-pixel (rows) depend on each sub-pixel (columns), in the chain's order."""
    vectors = model.embed(pictures(model, 1, H, W)).detach().requires_grad_()  # (1, C, H, W, E)
    logits = model.logits_of(vectors)[0].permute(2, 3, 1, 0).flatten(0, 2)  # (H W C, V)
    weights = torch.randn(logits.shape, generator=rng(3), dtype=logits.dtype)
    gradients = [torch.autograd.grad(y, vectors, retain_graph=True)[0] for y in (weights * logits).sum(dim=1)]
    return torch.stack([g[0].abs().sum(dim=-1).permute(1, 2, 0).flatten() for g in gradients]).numpy()


@pytest.mark.parametrize("C", [1, 2, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_no_logit_depends_on_itself_or_on_what_comes_later(kind, C):
    assert not np.triu(influence(rough(kind, C), 4, 6)).any()


@pytest.mark.parametrize("H, W, C", [(3, 12, 1), (5, 6, 3), (6, 1, 2)])
def test_the_diagonal_kind_sees_all_that_came_before(H, W, C):
    seen = influence(rough("diagonal_bilstm", C, n_features=24, n_layers=1), H, W)
    assert seen[np.tril_indices(len(seen), -1)].all()


def test_the_row_kind_sees_a_triangle():
    """One layer, pixel (5, 9) of 6 × 20: from row 5 − r its states reach r columns to each side, and one more left; the
    first convolution 3 columns further, and 3 rows above each of these."""
    seen = influence(rough("row_lstm", 1, n_features=24, n_layers=1), 6, 20)[5 * 20 + 9].reshape(6, 20) > 0
    expected = np.zeros((6, 20), dtype=bool)
    for row in range(6):
        for column in range(9 - (5 - row) - 1, 9 + (5 - row) + 1):
            expected[max(row - 3, 0) : row, max(column - 3, 0) : column + 4] = True  # the upper part of 7 × 7
            expected[row, max(column - 3, 0) : column] = True
    np.testing.assert_array_equal(seen, expected)


@pytest.mark.parametrize("V, C, H, W", [(2, 1, 2, 2), (2, 3, 2, 2), (2, 2, 1, 4), (3, 3, 2, 1), (2, 1, 3, 3)])
@pytest.mark.parametrize("kind", KINDS)
def test_the_probabilities_of_all_pictures_sum_to_one(kind, V, C, H, W):
    model = rough(kind, C, n_values=V)
    p = model.log_prob(all_pictures(model, H, W)).exp()
    assert p.sum().item() == pytest.approx(1, abs=1e-12)
    assert p.std() > 0.1 * p.mean()  # they are not all the same


def group(k: int, n: int, C: int) -> int:
    return k * C // n


def masked(layer: torch.nn.Linear, n_in: int, C: int, mask: str, n_gates: int = 1) -> np.ndarray:
    """Return the weights (out, taps, in) of a masked convolution with the zeros of its mask, one by one."""
    weight = layer.weight.detach().numpy().copy().reshape(layer.out_features, -1, n_in)
    n_out = layer.out_features // n_gates
    for out, into in np.ndindex(layer.out_features, n_in):
        a, b = group(out % n_out, n_out, C), group(into, n_in, C)
        if a < b or (a == b and mask == "A"):
            weight[out, -1, into] = 0  # the last tap is the current pixel
    return weight


def sigmoid(a: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-a))


def new_state(a: np.ndarray, c: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    i, f, o, g = np.split(a, 4)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def row_lstm(x: np.ndarray, layer, C: int) -> np.ndarray:
    """The paper's section 3.1 for x (H, W, 2h): K^is * x_i + K^ss * h_{i-1}, then the LSTM of equation 3."""
    H, W, F = x.shape
    k_is, bias = masked(layer.input, F, C, "B", n_gates=4), layer.input.bias.detach().numpy()
    k_ss = layer.weight[0].detach().numpy().reshape(3, F // 2, 2 * F)
    h, c = np.zeros((H + 1, W + 2, F // 2)), np.zeros((H + 1, W, F // 2))  # a row of zeros above, a column on each side
    for i, j in np.ndindex(H, W):
        a = bias + k_is[:, 1] @ x[i, j] + (k_is[:, 0] @ x[i, j - 1] if j else 0)
        a = a + sum(h[i, j + k] @ k_ss[k] for k in range(3))
        h[i + 1, j + 1], c[i + 1, j] = new_state(a, c[i, j])
    return x + h[1:, 1:-1] @ masked(layer.up, F // 2, C, "B")[:, 0].T + layer.up.bias.detach().numpy()


def diagonal_lstm(x: np.ndarray, conv, k_ss: np.ndarray, C: int) -> np.ndarray:
    """The paper's section 3.2 for x (H, W, 2h): skew with zeros, go over the columns, undo the skewing."""
    H, W, F = x.shape
    k_is, bias = masked(conv, F, C, "B", n_gates=4)[:, 0], conv.bias.detach().numpy()
    skewed = np.zeros((H, H + W - 1, F))
    for i in range(H):
        skewed[i, i : i + W] = x[i]
    h, c = np.zeros((H, H + W - 1, F // 2)), np.zeros((H, H + W - 1, F // 2))
    for d in range(H + W - 1):
        for i in range(max(d - W + 1, 0), min(d, H - 1) + 1):  # the pixels of column d that are no filling
            above = h[i - 1, d - 1] if i and d else np.zeros(F // 2)
            beside, c_beside = (h[i, d - 1], c[i, d - 1]) if d else (np.zeros(F // 2), np.zeros(F // 2))
            a = bias + k_is @ skewed[i, d] + above @ k_ss[: F // 2] + beside @ k_ss[F // 2 :]
            h[i, d], c[i, d] = new_state(a, c_beside)
    return np.stack([h[i, i : i + W] for i in range(H)])


def diagonal_bilstm(x: np.ndarray, layer, C: int) -> np.ndarray:
    left, right = (
        diagonal_lstm(y, conv, weight, C)
        for y, conv, weight in zip((x, x[:, ::-1]), layer.inputs, layer.weight.detach().numpy())
    )
    h = left
    h[1:] += right[:-1, ::-1]  # the other direction's map moves down by one row
    return x + h @ masked(layer.up, h.shape[-1], C, "B")[:, 0].T + layer.up.bias.detach().numpy()


def by_the_paper(model: PixelRNN, x: np.ndarray, layers: dict) -> float:
    """Return log p(x) of one picture (C, H, W), by loops over pixels and taps."""
    C, H, W = x.shape
    V, E = model.n_values, model.n_embedding
    margin = 1 if model.arguments["kind"] == "diagonal_bilstm" else 0
    p = {name: value.detach().numpy() for name, value in model.named_parameters()}
    values = np.zeros((H + 3, W + 7, C * E))  # with zeros around: 3 above, 3 on the left, 4 on the right
    for c, i, j in np.ndindex(C, H, W):
        values[i + 3, j + 3, c * E : (c + 1) * E] = p["embedding.weight"][c * V + x[c, i, j]]
    kernel = masked(model.first, C * E, C, "A")
    F = len(kernel)
    maps = np.zeros((H, W + margin, F))
    taps = [(di, dj) for di in range(4) for dj in range(7)][:25]  # of the 7 × 7, up to the pixel itself
    for i, j in np.ndindex(H, W + margin):
        position = np.array([np.linspace(-1, 1, H)[i], np.linspace(-1, 1, W + margin)[j]])
        maps[i, j] = p["first.bias"] + p["position.weight"] @ position
        for k, (di, dj) in enumerate(taps):
            maps[i, j] += kernel[:, k] @ values[i + di, j + dj]
    for layer in model.layers:
        maps = layers[model.arguments["kind"]](maps, layer, C)
    hidden = np.maximum(maps, 0) @ masked(model.hidden, F, C, "B")[:, 0].T + p["hidden.bias"]
    logits = np.maximum(hidden, 0) @ masked(model.output, F, C, "B")[:, 0].T + p["output.bias"]
    total = 0.0
    for c, i, j in np.ndindex(C, H, W):
        y = logits[i, j, c * V : (c + 1) * V]
        total += y[x[c, i, j]] - np.log(np.exp(y).sum())
    return total


@pytest.mark.parametrize("C, H, W", [(3, 5, 4), (1, 4, 9), (2, 6, 3), (1, 1, 5), (3, 4, 1)])
@pytest.mark.parametrize("kind", KINDS)
def test_log_prob_is_the_paper_s(kind, C, H, W):
    model = rough(kind, C, n_features=5, n_layers=1)
    x = pictures(model, 3, H, W)
    expected = [by_the_paper(model, y, {"row_lstm": row_lstm, "diagonal_bilstm": diagonal_bilstm}) for y in x.numpy()]
    np.testing.assert_allclose(model.log_prob(x), expected, rtol=1e-10)


@pytest.mark.parametrize("kind", KINDS)
def test_log_prob_gathers_the_logits(kind):
    model = rough(kind)
    model.chunk = 3
    x = pictures(model, 7, 4, 5)
    logits = model.logits(x)
    assert logits.shape == (7, 4, 3, 4, 5)
    expected = logits.log_softmax(dim=1).gather(1, x[:, None]).sum(dim=(1, 2, 3, 4))
    torch.testing.assert_close(model.log_prob(x), expected.detach())
    torch.testing.assert_close(model.loss(x.to(torch.uint8)), -expected.mean())


@pytest.mark.parametrize("H, W", [(4, 6), (6, 4), (5, 5), (1, 7), (7, 1)])
def test_unskew_undoes_skew(H, W):
    x = torch.arange(H * W * 2).view(H, W, 2)
    torch.testing.assert_close(unskew(skew(x), H, W), x)
    i, j = torch.meshgrid(torch.arange(H), torch.arange(W), indexing="ij")
    lines = [(int(d), int(row)) for d, row in zip(skew(i + j), skew(i))]
    assert lines == sorted(lines)  # diagonal after diagonal, each from its top


@pytest.mark.parametrize("C, size", [(3, (5, 6)), (1, (12, 12))])
@pytest.mark.parametrize("kind", KINDS)
def test_cached_state_gives_the_same_pictures_as_recomputation(kind, C, size):
    model = rough(kind, C)
    generator = rng(4)
    x = torch.zeros(3, C, *size, dtype=torch.long)
    for i, j, c in np.ndindex(*size, C):
        p = model.logits(x)[:, :, c, i, j].softmax(dim=1).detach()
        x[:, c, i, j] = _draw(p, generator)
    assert torch.equal(model.sample(3, rng(4), size), x)


@pytest.mark.parametrize("C", [1, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_each_step_draws_from_the_model_s_conditional(kind, C):
    model = rough(kind, C)
    steps = [(where, p, x.clone()) for x, where, p in model.steps(2, rng(5), (12, 12), temperature=0.7)]
    assert [(i, j, c) for (c, i, j), _, _ in steps] == list(np.ndindex(12, 12, C))
    final = steps[-1][2]
    conditionals = (model.logits(final) / 0.7).softmax(dim=1)
    for (c, i, j), p, x in steps:
        torch.testing.assert_close(p, conditionals[:, :, c, i, j].detach(), rtol=1e-9, atol=1e-12)
        assert torch.equal(x[:, c, i, j], final[:, c, i, j])


@pytest.mark.parametrize("kind", KINDS)
def test_known_pixels_stay_and_are_heard_of(kind):
    model = rough(kind)
    given = pictures(model, 2, 7, 6)
    known = torch.rand(7, 6, generator=rng(6)) < 0.5
    steps = [(where, p) for _, where, p in model.steps(2, rng(7), given=given, known=known)]
    x = model.sample(2, rng(7), given=given, known=known)
    assert torch.equal(x[:, :, known], given[:, :, known])
    assert [(i, j, c) for (c, i, j), _ in steps] == [k for k in np.ndindex(7, 6, 3) if not known[k[:2]]]
    conditionals = model.logits(x).softmax(dim=1).detach()
    for (c, i, j), p in steps:
        torch.testing.assert_close(p, conditionals[:, :, c, i, j], rtol=1e-9, atol=1e-12)
    assert torch.equal(model.sample(2, rng(7), given=given, known=torch.ones(7, 6, dtype=torch.bool)), given)
    one = model.sample(3, rng(7), given=given[:1], known=known)
    assert torch.equal(one[:, :, known], given[:1, :, known].expand(3, -1, -1))
    assert len(one.unique(dim=0)) > 1


@pytest.mark.parametrize("kind", KINDS)
def test_pictures_come_as_often_as_log_prob_says(kind):
    model = rough(kind, 2, n_values=2)
    x = all_pictures(model, 2, 1)
    n = 20_000
    counts = (model.sample(n, rng(8), (2, 1))[:, None] == x).flatten(2).all(dim=2).sum(dim=0)
    assert stats.chisquare(counts, n * model.log_prob(x).exp()).pvalue > 0.01


def test_no_temperature_is_too_low():
    logits = torch.tensor([[0.0, 900.0, 1000.0]])
    assert _probabilities(logits, 1e-37).tolist() == [[0, 0, 1]]


def test_draw_takes_values_by_their_probability_and_never_one_without():
    p = torch.tensor([0.0, 0.2, 0.0, 0.5, 0.3, 0.0]).expand(20_000, -1)
    counts = torch.bincount(_draw(p, rng(10)), minlength=6)
    assert counts[p[0] == 0].sum() == 0
    assert stats.chisquare(counts[p[0] > 0], 20_000 * p[0][p[0] > 0]).pvalue > 0.01


@pytest.mark.parametrize("kind", KINDS)
def test_float64_and_float32_agree(kind):
    model = PixelRNN(kind, n_features=12, n_layers=2)
    x = pictures(model, 2, 9, 8)
    single = model.log_prob(x)
    assert single.dtype == torch.float32
    double = model.double().log_prob(x)
    assert double.dtype == torch.float64
    torch.testing.assert_close(single.double(), double, rtol=1e-5, atol=0)


@pytest.mark.parametrize("kind", KINDS)
def test_training_learns_a_pattern(kind):
    rows = torch.arange(6)[:, None].expand(6, 5)
    x = torch.stack([rows % 2, (rows + 1) % 2]).repeat(16, 1, 1)[:, None]  # one of two pictures: ln 2 nats
    model = PixelRNN(kind, 1, 2, n_features=8, n_layers=1, n_embedding=2, size=(6, 5))
    model.fit(x, epochs=15, batch_size=4, lr=1e-2, rng=rng(13), progress=False)
    assert np.log(2) < -model.log_prob(x).mean() < np.log(2) + 0.1
    drawn = model.sample(40, rng(14))
    assert (drawn[:, None] == x[:2]).flatten(2).all(dim=2).any(dim=1).float().mean() > 0.9


@pytest.mark.parametrize(
    "options, message",
    [
        ({"kind": "column_lstm"}, "kind must be one of 'row_lstm', 'diagonal_bilstm', got 'column_lstm'"),
        ({"n_channels": 0}, "n_channels must be a whole number from 1 upwards, got 0"),
        ({"n_values": 1}, "n_values must be a whole number from 2 upwards, got 1"),
        ({"n_features": 2}, "n_features must be a whole number from 3 upwards, got 2"),
        ({"n_layers": 1.5}, "n_layers must be a whole number from 1 upwards, got 1.5"),
        ({"size": (32,)}, "size must be"),
        ({"size": (32, 0)}, "size must be"),
    ],
)
def test_settings_that_make_no_sense_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        PixelRNN(**options)


@pytest.mark.parametrize(
    "x, message",
    [
        (np.zeros((1, 3, 4, 4)), "got ndarray"),
        (torch.zeros(1, 3, 4, 4), r"got torch.float32 \(1, 3, 4, 4\)"),
        (torch.zeros(1, 4, 4, 3, dtype=torch.uint8), r"got torch.uint8 \(1, 4, 4, 3\)"),
        (torch.zeros(3, 4, 4, dtype=torch.uint8), r"got torch.uint8 \(3, 4, 4\)"),
        (torch.zeros(1, 3, 0, 4, dtype=torch.uint8), r"got torch.uint8 \(1, 3, 0, 4\)"),
        (torch.full((1, 3, 4, 4), 7), "got values in 7..7"),
        (torch.full((1, 3, 4, 4), -1), "got values in -1..-1"),
    ],
)
def test_pictures_of_the_wrong_kind_are_refused(x, message):
    model = PixelRNN(n_values=7, n_features=3, n_layers=1)
    for use in (model.log_prob, model.loss, model.logits, lambda x: model.fit(x, epochs=1, progress=False)):
        with pytest.raises(ValueError, match=rf"x must be a tensor \(N, 3, H, W\) of integers in 0..6, {message}"):
            use(x)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"n": 0}, "n must be a whole number from 1 upwards, got 0"),
        ({"temperature": 0}, "temperature must be above 0, got 0"),
        ({"temperature": float("nan")}, "temperature must be above 0, got nan"),
        ({"size": (4, -1)}, "size must be"),
        ({"given": zeros(1, 3, 4, 4)}, "given and known come together"),
        ({"known": zeros(4, 4) == 0}, "given and known come together"),
        ({"given": torch.zeros(1, 3, 4, 4), "known": zeros(4, 4) == 0}, "integers in 0..6"),
        ({"given": zeros(3, 3, 4, 4), "known": zeros(4, 4) == 0}, r"must be \(2 or 1, 3, 4, 4\), got \(3, 3, 4, 4\)"),
        ({"given": zeros(2, 3, 4, 4), "known": zeros(4, 4) == 0, "size": (5, 4)}, r"must be \(2 or 1, 3, 5, 4\)"),
        ({"given": zeros(2, 3, 4, 4), "known": zeros(4, 4)}, r"known must be \(4, 4\) booleans, got torch.int64"),
        ({"given": zeros(2, 3, 4, 4), "known": zeros(4) == 0}, r"known must be \(4, 4\) booleans"),
    ],
)
def test_drawing_refuses_what_makes_no_sense(options, message):
    model = PixelRNN(n_values=7, n_features=3, n_layers=1, size=(4, 4))
    for draw in (model.sample, model.steps):
        with pytest.raises(ValueError, match=message):
            draw(**{"n": 2, "rng": rng()} | options)

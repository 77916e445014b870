"""PixelRNN, pictures one pixel after the other: lesson 12."""

import copy
from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import nn

from course_utils.models.deep import DeepModel, seeded
from course_utils.models.networks import check_dropout
from course_utils.models.pixelrnn_layers import DiagonalBiLSTM, MaskedConv, RowLSTM

KINDS = {"row_lstm": RowLSTM, "diagonal_bilstm": DiagonalBiLSTM}


def _probabilities(logits: torch.Tensor, temperature: float) -> torch.Tensor:
    return ((logits - logits.amax(dim=-1, keepdim=True)) / temperature).softmax(dim=-1)


def _draw(p: torch.Tensor, rng: torch.Generator) -> torch.Tensor:
    """Draw a value for each row of p (n, n_values), (n,): the first where the sum so far is above a uniform number."""
    u = torch.rand(len(p), 1, generator=rng, device=rng.device, dtype=torch.float64).to(p.device)
    sums = p.double().cumsum(dim=-1)
    return torch.searchsorted(sums, u * sums[:, -1:], right=True)[:, 0].clamp(max=p.shape[-1] - 1)


def _check_size(size: tuple[int, int]) -> tuple[int, int]:
    if len(size) != 2 or not all(isinstance(length, int) and length >= 1 for length in size):
        raise ValueError(f"size must be (H, W), two whole numbers from 1 upwards, got {size}")
    return tuple(size)


class PixelRNN(DeepModel):
    """p(x) = ∏ p(x_k|x_<k) over pixels in raster order, R before G before B (van den Oord et al. 2016).

    Pictures are integers (N, n_channels, H, W) in 0 … n_values − 1, of any height and width; `size` is what sample()
    draws unless told otherwise. n_features is the paper's h: the maps between the layers have 2h features, split into
    one group for each colour channel. As in the paper: a 7 × 7 convolution with mask A, n_layers of the given kind with
    residual connections, twice ReLU and a 1 × 1 convolution with mask B, and a softmax over n_values for each channel
    of each pixel.

    Three deviations. A value comes in as a learned vector of n_embedding numbers, not as a number between 0 and 1: of
    256 values the network is to tell each one. A pixel's row and column, in [−1, 1], go into the first layer. And the
    diagonal kind's maps have an empty column to the right of the picture: mask A hides a pixel from its own features,
    and without a pixel beside it the last one of a row would stay unseen at the beginning of the next row.
    """

    chunk = 16  # pictures at a time: n_values logits for each number in them

    def __init__(
        self,
        kind: str = "row_lstm",
        n_channels: int = 3,
        n_values: int = 256,
        n_features: int = 32,
        n_layers: int = 3,
        n_embedding: int = 8,
        size: tuple[int, int] = (32, 32),
        dropout: float = 0.0,
        seed: int = 0,
    ) -> None:
        """Make an untrained model; raises ValueError for a setting that makes no sense."""
        if kind not in list(KINDS):
            raise ValueError(f"kind must be one of {', '.join(map(repr, KINDS))}, got {kind!r}")
        numbers = {"n_channels": (n_channels, 1), "n_values": (n_values, 2), "n_features": (n_features, n_channels),
                   "n_layers": (n_layers, 1), "n_embedding": (n_embedding, 1)}  # fmt: skip
        for name, (value, least) in numbers.items():
            if not isinstance(value, int) or value < least:
                raise ValueError(f"{name} must be a whole number from {least} upwards, got {value!r}")
        arguments = {name: value for name, (value, _) in numbers.items()}
        check_dropout(dropout)
        super().__init__(kind=kind, **arguments, size=list(size), dropout=dropout, seed=seed)
        self.dropout = dropout
        self.n_channels, self.n_values, self.n_embedding = n_channels, n_values, n_embedding
        self.size = _check_size(size)
        self.margin = KINDS[kind].margin
        C, E, F2 = n_channels, n_embedding, 2 * n_features
        with seeded(seed):
            self.embedding = nn.Embedding(C * n_values, E)
            self.first = MaskedConv(C * E, F2, C, mask="A", n_earlier=24)  # of 7 × 7 pixels, 24 are earlier
            self.position = nn.Linear(2, F2, bias=False)
            self.layers = nn.ModuleList(KINDS[kind](n_features, C) for _ in range(n_layers))
            self.hidden = MaskedConv(F2, F2, C)
            self.output = MaskedConv(F2, C * n_values, C)

    def _check(self, x: torch.Tensor) -> torch.Tensor:
        C = self.n_channels
        expected = f"x must be a tensor (N, {C}, H, W) of integers in 0..{self.n_values - 1}"
        if not isinstance(x, torch.Tensor):
            raise ValueError(f"{expected}, got {type(x).__name__}")
        if x.ndim != 4 or x.shape[1] != C or 0 in x.shape[2:] or x.is_floating_point() or x.is_complex():
            raise ValueError(f"{expected}, got {x.dtype} {tuple(x.shape)}")
        x = x.long()
        if x.numel() and (x.min() < 0 or x.max() >= self.n_values):
            raise ValueError(f"{expected}, got values in {x.min()}..{x.max()}")
        return x

    def embed(self, x: torch.Tensor) -> torch.Tensor:
        """Return the vectors that stand for the values of x (N, C, H, W), (N, C, H, W, n_embedding)."""
        x = self._check(x).to(self.like["device"])
        return self.embedding(x + self.n_values * torch.arange(self.n_channels, device=x.device)[:, None, None])

    def logits_of(self, vectors: torch.Tensor) -> torch.Tensor:
        """Return the logits (N, n_values, C, H, W) from embed(x); the gradient shows what each pixel sees."""
        features = self._features(vectors)
        logits = torch.stack([self._logits(features, c) for c in range(self.n_channels)])  # (C, H, W, N, n_values)
        return logits.permute(3, 4, 0, 1, 2)

    def logits(self, x: torch.Tensor) -> torch.Tensor:
        """Return the logits of p(x_k|x_<k) for all sub-pixels of the pictures x at once, (N, n_values, C, H, W)."""
        return self.logits_of(self.embed(x))

    def _position(self, H: int, W: int) -> torch.Tensor:
        rows, columns = (torch.linspace(-1, 1, n, **self.like) for n in (H, W + self.margin))
        return self.position(torch.stack(torch.meshgrid(rows, columns, indexing="ij"), dim=-1))  # (H, W + margin, 2h)

    def _features(self, vectors: torch.Tensor) -> torch.Tensor:
        """Return features (H, W, N, 2h) from embed(x); with the axes in this order a row of pixels is one piece."""
        N, C, H, W, E = vectors.shape
        x = vectors.permute(0, 2, 3, 1, 4).reshape(N, H, W, C * E)
        x = F.pad(x, (0, 0, 3, 3 + self.margin, 3, 0)).permute(0, 3, 1, 2)  # channels last
        kernel = F.pad(self.first.kernel(), (0, 3 * C * E))  # 4 × 7 taps, the last three in the future
        x = F.conv2d(x, kernel.view(-1, 4, 7, C * E).permute(0, 3, 1, 2), self.first.bias)  # (N, 2h, H, W + margin)
        x = x.permute(2, 3, 0, 1) + self._position(H, W)[:, :, None]
        x = x.contiguous()  # (H, W + margin, N, 2h)
        for layer in self.layers:
            x = self._dropped(layer(x))
        return self._dropped(self.hidden(x[:, :W].relu()).relu())

    def _dropped(self, x: torch.Tensor) -> torch.Tensor:
        return F.dropout(x, self.dropout, self.training)

    def _logits(self, features: torch.Tensor, c: int) -> torch.Tensor:
        """Return colour channel c's logits (…, n_values) from features (…, 2h): one channel at a time saves memory."""
        rows = slice(c * self.n_values, (c + 1) * self.n_values)
        seen = -(-(c + 1) * features.shape[-1] // self.n_channels)  # features that c sees; the other weights are 0
        return F.linear(features[..., :seen], self.output.kernel()[rows, :seen], self.output.bias[rows])

    def _log_prob(self, x: torch.Tensor) -> torch.Tensor:
        features = self._features(self.embed(x)).flatten(0, 2)  # (H W N, 2h)
        targets = x.to(features.device).permute(1, 2, 3, 0).flatten(1)  # (C, H W N)
        nats = sum(F.cross_entropy(self._logits(features, c), t, reduction="none") for c, t in enumerate(targets))
        return -nats.view(-1, len(x)).sum(dim=0)

    def sample(
        self,
        n: int,
        rng: torch.Generator,
        size: tuple[int, int] | None = None,
        temperature: float = 1.0,
        given: torch.Tensor | None = None,
        known: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Draw n pictures (n, C, H, W), integers, one sub-pixel after the other.

        size: (H, W), by default given's or the model's own. A step computes its own pixel only, from what the LSTMs
        remember. temperature: the logits are divided by it, and below 1 the likely becomes likelier. given (n or 1, C,
        H, W) and known (H, W), booleans: pixels to keep. The model hears of a known pixel when its turn comes, in
        raster order: what is drawn before cannot fit to it. Raises ValueError for what makes no sense.
        """
        x, known = self._begin(n, size, temperature, given, known)
        for _ in self._steps(x, known, rng, temperature):
            pass
        return x

    def steps(
        self,
        n: int,
        rng: torch.Generator,
        size: tuple[int, int] | None = None,
        temperature: float = 1.0,
        given: torch.Tensor | None = None,
        known: torch.Tensor | None = None,
    ) -> Iterator[tuple[torch.Tensor, tuple[int, int, int], torch.Tensor]]:
        """Yield (x, (c, i, j), p) for each sub-pixel that sample(), called in the same way, draws.

        x (n, C, H, W): the pictures so far, 0 where nothing is known yet; always the same tensor. c, i, j: the colour
        channel, row and column just drawn. p (n, n_values): the probabilities that it was drawn from.
        """
        x, known = self._begin(n, size, temperature, given, known)
        return self._steps(x, known, rng, temperature)

    def _begin(
        self,
        n: int,
        size: tuple[int, int] | None,
        temperature: float,
        given: torch.Tensor | None,
        known: torch.Tensor | None,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Check what sample() was called with; return x (n, C, H, W) with the known pixels in it, and known (H, W)."""
        if not isinstance(n, int) or n < 1:
            raise ValueError(f"n must be a whole number from 1 upwards, got {n!r}")
        if not temperature > 0:
            raise ValueError(f"temperature must be above 0, got {temperature}")
        if (given is None) != (known is None):
            raise ValueError("given and known come together: pictures, and which of their pixels to keep")
        if given is not None:
            given = self._check(given)
        H, W = _check_size(size if size is not None else self.size if given is None else given.shape[2:])
        x = torch.zeros(n, self.n_channels, H, W, dtype=torch.long, device=self.like["device"])
        if given is None:
            return x, torch.zeros(H, W, dtype=torch.bool)
        if len(given) not in (1, n) or given.shape[2:] != (H, W):
            raise ValueError(f"given must be ({n} or 1, {self.n_channels}, {H}, {W}), got {tuple(given.shape)}")
        known = torch.as_tensor(known)
        if known.dtype != torch.bool or known.shape != (H, W):
            raise ValueError(f"known must be ({H}, {W}) booleans, got {known.dtype} {tuple(known.shape)}")
        return torch.where(known.to(x.device), given.to(x.device), x), known.cpu()

    @torch.no_grad()
    def _steps(
        self, x: torch.Tensor, known: torch.Tensor, rng: torch.Generator, temperature: float
    ) -> Iterator[tuple[torch.Tensor, tuple[int, int, int], torch.Tensor]]:
        model = copy.deepcopy(self)  # whose weights no training will change meanwhile
        for conv in model.modules():
            if isinstance(conv, MaskedConv):
                conv.fix()
        n, C, H, W = x.shape
        vectors = F.pad(self.embed(x), (0, 0, 3, 3 + self.margin, 3, 0)).permute(0, 2, 3, 1, 4).contiguous()
        states = [layer.start(n, H, W + self.margin) for layer in model.layers]
        position = self._position(H, W)

        def features(i: int, j: int) -> torch.Tensor:
            patch = vectors[:, i : i + 4, j : j + 7].flatten(1)[:, : model.first.in_features]  # 25 of its 28 pixels
            y = model.first(patch) + position[i, j]
            for layer, state in zip(model.layers, states):
                y = layer.step(y, state, i, j)
            return model.hidden(y.relu()).relu()

        for i in range(H):
            for j in range(W + self.margin):
                if j == W or known[i, j]:
                    features(i, j)  # for those to come
                    continue
                for c in range(C):
                    p = _probabilities(model._logits(features(i, j), c), temperature)
                    x[:, c, i, j] = _draw(p, rng)
                    vectors[:, i + 3, j + 3, c] = model.embedding(x[:, c, i, j] + c * self.n_values)
                    yield x, (c, i, j), p
            for layer, state in zip(model.layers, states):
                layer.end_row(state, i)

"""The layers of PixelRNN: masked convolutions, Row LSTM, Diagonal BiLSTM (van den Oord et al. 2016, sections 3.1–3.4).

Each layer has two forms that agree. `forward` takes the maps of whole pictures, (H, W, N, 2h). `step` takes the
features of one pixel, (N, 2h), and keeps in `state` what the pixels after it will need.
"""

import torch
import torch.nn.functional as F
from torch import nn

State = dict[str, list[list[torch.Tensor]]]  # what is known of each pixel, [row][column]


def groups(n: int, n_channels: int) -> torch.Tensor:
    """Return the colour channel of each of n features, (n,): groups in order, of equal size or nearly so."""
    return torch.arange(n) * n_channels // n


class MaskedConv(nn.Linear):
    """A convolution up to the current pixel, as a matrix product: (…, (n_earlier + 1) n_in) → (…, n_gates n_out).

    The input holds the features of n_earlier earlier pixels, and then of the current one. Of these, the features of a
    colour channel see the channels before it (mask "A"), or those and their own (mask "B"). A convolution's taps on
    later pixels are zero, and left out.
    """

    def __init__(
        self, n_in: int, n_out: int, n_channels: int, mask: str = "B", n_earlier: int = 0, n_gates: int = 1
    ) -> None:
        super().__init__((n_earlier + 1) * n_in, n_gates * n_out)
        out, into = groups(n_out, n_channels).repeat(n_gates)[:, None], groups(n_in, n_channels)
        now = out > into if mask == "A" else out >= into
        earlier = torch.ones(n_gates * n_out, n_earlier * n_in)
        self.register_buffer("mask", torch.cat([earlier, now], dim=1), persistent=False)
        self.fixed: torch.Tensor | None = None

    def fix(self) -> None:
        """Apply the mask for good, where no weight will change any more: else it takes half of sample()'s time."""
        self.fixed = self.kernel()

    def kernel(self) -> torch.Tensor:
        """Return the weights under the mask."""
        return self.weight * self.mask if self.fixed is None else self.fixed

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.linear(x, self.kernel(), self.bias)


def cell(a: torch.Tensor, c: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the LSTM's new h and c (…, h) from the sums in its gates (…, 4h) and the last c (equation 3)."""
    h = c.shape[-1]
    i, f, o = a[..., : 3 * h].sigmoid().split(h, dim=-1)
    c = f * c + i * a[..., 3 * h :].tanh()
    return o * c.tanh(), c


def lstm(a: torch.Tensor, weight: torch.Tensor, lengths: list[int], before: list[int]) -> torch.Tensor:
    """Run D LSTMs side by side over lines of pixels, rows or diagonals; return h (D, P, N, h).

    a: input-to-state of the P pixels, line after line, (D, P, N, 4h). lengths: pixels in each line. weight
    (D, K h, 4h): the state-to-state convolution, from K neighbours on the last line. before: how many zeros the last
    line needs before it, so that pixel k of this line has the neighbours k … k + K − 1, and the cell k + 1.
    """
    (D, _, N, _), K = a.shape, weight.shape[1] * 4 // weight.shape[2]
    h = c = a.new_zeros(D, lengths[0], N, a.shape[-1] // 4)
    lines = []
    for line, length, zeros in zip(a.split(lengths, dim=1), lengths, before):
        h, c = (F.pad(s, (0, 0, 0, 0, zeros, 1)) for s in (h, c))
        neighbours = torch.cat([h[:, k : k + length] for k in range(K)], dim=-1)  # (D, L, N, K h)
        gates = torch.baddbmm(line.flatten(1, 2), neighbours.flatten(1, 2), weight).view(line.shape)
        h, c = cell(gates, c[:, 1 : length + 1])
        lines.append(h)
    return torch.cat(lines, dim=1)


def recurrent_weight(n_directions: int, n_neighbours: int, n_features: int) -> nn.Parameter:
    n_in = n_neighbours * n_features
    return nn.Parameter(torch.empty(n_directions, n_in, 4 * n_features).uniform_(-(n_in**-0.5), n_in**-0.5))


def grid(value: torch.Tensor, H: int, W: int) -> list[list[torch.Tensor]]:
    return [[value] * W for _ in range(H)]


class RowLSTM(nn.Module):
    """From row to row; each pixel hears three neighbours above: H steps, and a triangle of context (section 3.1).

    Of the input-to-state convolution over three pixels of a row, the third lies in the future.
    """

    margin = 0  # columns that the maps need to the right of the picture

    def __init__(self, n_features: int, n_channels: int) -> None:
        super().__init__()
        self.input = MaskedConv(2 * n_features, n_features, n_channels, n_earlier=1, n_gates=4)
        self.weight = recurrent_weight(1, 3, n_features)
        self.up = MaskedConv(n_features, 2 * n_features, n_channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        H, W, N, _ = x.shape
        left = F.pad(x, (0, 0, 0, 0, 1, 0))[:, :-1]
        a = self.input(torch.cat([left, x], dim=-1)).view(1, H * W, N, -1)
        h = lstm(a, self.weight, [W] * H, [1] * H)
        return x + self.up(h).view(x.shape)

    def start(self, n: int, H: int, W: int) -> State:
        """Return the state before the first pixel: zero, all around the picture too."""
        zero = self.weight.new_zeros(n, self.weight.shape[2] // 4)
        return {"x": grid(zero.repeat(1, 2), H, W + 1), "h": grid(zero, H + 1, W + 2), "c": grid(zero, H + 1, W)}

    def step(self, x: torch.Tensor, state: State, i: int, j: int) -> torch.Tensor:
        """Return the output at pixel (i, j) from the input there, (n, 2h); may be called again with another input."""
        above = torch.cat(state["h"][i][j : j + 3], dim=-1)
        a = self.input(torch.cat([state["x"][i][j], x], dim=-1))
        h, c = cell(torch.addmm(a, above, self.weight[0]), state["c"][i][j])
        state["x"][i][j + 1], state["h"][i + 1][j + 1], state["c"][i + 1][j] = x, h, c
        return x + self.up(h)

    def end_row(self, state: State, i: int) -> None:
        """Do what can be done when row i is complete: nothing."""


def diagonals(H: int, W: int) -> torch.Tensor:
    """Return the pixels' raster numbers diagonal after diagonal, from the top left and each from its top, (H W,)."""
    i, j = torch.meshgrid(torch.arange(H), torch.arange(W), indexing="ij")
    return torch.argsort((i + j).flatten() * H + i.flatten())


def skew(x: torch.Tensor) -> torch.Tensor:
    """Return the maps (H, W, …) with each diagonal as one line, (H W, …).

    The paper shifts row i by i places, so that diagonals become columns of an H × (H + W − 1) map. Here the corners of
    that map, which are empty, are left out: half of the work.
    """
    H, W = x.shape[:2]
    return x.flatten(0, 1).index_select(0, diagonals(H, W).to(x.device))


def unskew(x: torch.Tensor, H: int, W: int) -> torch.Tensor:
    """Undo skew: return (H, W, …) from (H W, …)."""
    return x.index_select(0, diagonals(H, W).argsort().to(x.device)).unflatten(0, (H, W))


class DiagonalBiLSTM(nn.Module):
    """From diagonal to diagonal, once from each upper corner: H + W − 1 steps, and the whole context (section 3.2).

    Each pixel hears the one above it and the one beside it. In the direction from the right, that one lies in the
    future: its map moves down by one row before the two are added.
    """

    margin = 1  # where the last pixel of a row can be seen

    def __init__(self, n_features: int, n_channels: int) -> None:
        super().__init__()
        self.inputs = nn.ModuleList(MaskedConv(2 * n_features, n_features, n_channels, n_gates=4) for _ in range(2))
        self.weight = recurrent_weight(2, 2, n_features)
        self.up = MaskedConv(n_features, 2 * n_features, n_channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        H, W = x.shape[:2]
        a = torch.stack([conv(skew(y)) for conv, y in zip(self.inputs, (x, x.flip(1)))])  # (2, H W, N, 4h)
        lengths = [min(d, H - 1) - max(d - W + 1, 0) + 1 for d in range(H + W - 1)]
        before = [int(d < W) for d in range(H + W - 1)]  # while the diagonals begin in the top row
        left, right = (unskew(h, H, W) for h in lstm(a, self.weight, lengths, before))
        right = F.pad(right.flip(1), (0, 0, 0, 0, 0, 0, 1, 0))[:-1]  # one row down
        return x + self.up(left + right)

    def start(self, n: int, H: int, W: int) -> State:
        """Return the state before the first pixel: zero, all around the picture too."""
        zero = self.weight.new_zeros(n, self.weight.shape[2] // 4)
        names = "left h", "left c", "right h", "right c"
        return {"x": grid(zero.repeat(1, 2), H, W)} | {name: grid(zero, H + 1, W + 1) for name in names}

    def step(self, x: torch.Tensor, state: State, i: int, j: int) -> torch.Tensor:
        """Return the output at pixel (i, j) from the input there, (n, 2h); may be called again with another input."""
        h, c = state["left h"], state["left c"]  # pixel (i, j) stands at [i + 1][j + 1]
        a = torch.addmm(self.inputs[0](x), torch.cat([h[i][j + 1], h[i + 1][j]], dim=-1), self.weight[0])
        h[i + 1][j + 1], c[i + 1][j + 1] = cell(a, c[i + 1][j])
        state["x"][i][j] = x
        return x + self.up(h[i + 1][j + 1] + state["right h"][i][j])

    def end_row(self, state: State, i: int) -> None:
        """Go through the complete row i from the right, for the row below."""
        h, c = state["right h"], state["right c"]  # pixel (i, j) stands at [i + 1][j]
        row = self.inputs[1](torch.stack(state["x"][i]))  # (W, n, 4h)
        for j in reversed(range(len(row))):
            a = torch.addmm(row[j], torch.cat([h[i][j], h[i + 1][j + 1]], dim=-1), self.weight[1])
            h[i + 1][j], c[i + 1][j] = cell(a, c[i + 1][j + 1])

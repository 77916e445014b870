"""What the VAE and the GAN share: networks from a picture to numbers and from numbers to a picture, and two checks."""

import torch
from torch import nn

LEAK = 0.2  # slope of the activation below 0
N_HALVINGS = 3


def _sides(side: int) -> list[int]:
    """Return side and what is left of it after each halving, rounded up: 28 → [28, 14, 7, 4]."""
    sides = [side]
    for _ in range(N_HALVINGS):
        sides.append(-(-sides[-1] // 2))
    return sides


class Downwards(nn.Sequential):
    """(N, n_inputs side²) → (N, n_outputs): convolutions with stride 2, then a linear layer."""

    def __init__(self, n_inputs: int, side: int, n_outputs: int, n_channels: int) -> None:
        widths = [n_inputs, n_channels, 2 * n_channels, 4 * n_channels]
        layers: list[nn.Module] = [nn.Unflatten(1, (n_inputs, side, side))]
        for a, b in zip(widths, widths[1:]):
            layers += [nn.Conv2d(a, b, 3, stride=2, padding=1), nn.LeakyReLU(LEAK)]
        super().__init__(*layers, nn.Flatten(), nn.Linear(widths[-1] * _sides(side)[-1] ** 2, n_outputs))


class Upwards(nn.Module):
    """(N, n_inputs) → (N, n_outputs, side, side): a small picture, doubled by transposed convolutions.

    The small picture comes from two hidden layers of n_hidden units, so that all pixels can change together where the
    input crosses a border, from one hair colour to the next (Karras et al. 2019 map their noise in the same way).
    Each doubling adds a learnt map, a bias for each channel and pixel, so that a feature can begin or end at a pixel's
    own edge: a convolution alone has the same bias everywhere. The last layer sees one pixel at a time.
    """

    def __init__(self, n_inputs: int, side: int, n_outputs: int, n_channels: int, n_hidden: int) -> None:
        super().__init__()
        self.sides = _sides(side)[::-1]
        widths = [4 * n_channels, 4 * n_channels, 2 * n_channels, n_channels]
        self.first = mlp(n_inputs, n_hidden, widths[0] * self.sides[0] ** 2)
        for layer in self.first[::2]:
            nn.init.kaiming_normal_(layer.weight, LEAK)  # torch's own choice would shrink the input to a sixth
        self.convs = nn.ModuleList(
            nn.ConvTranspose2d(a, b, 4, stride=2, padding=1, bias=False) for a, b in zip(widths, widths[1:])
        )
        self.maps = nn.ParameterList(torch.zeros(b, s, s) for b, s in zip(widths[1:], self.sides[1:]))
        self.last = nn.Conv2d(n_channels, n_outputs, 1)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        """Return the picture (N, n_outputs, side, side)."""
        x = nn.functional.leaky_relu(self.first(z), LEAK).unflatten(1, (-1, self.sides[0], self.sides[0]))
        for conv, bias, side in zip(self.convs, self.maps, self.sides[1:]):
            x = nn.functional.leaky_relu(conv(x)[:, :, :side, :side] + bias, LEAK)  # an odd side is cut
        return self.last(x)


def mlp(n_inputs: int, n_hidden: int, n_outputs: int) -> nn.Sequential:
    """Return a network with two hidden layers of n_hidden units."""
    return nn.Sequential(
        nn.Linear(n_inputs, n_hidden),
        nn.LeakyReLU(LEAK),
        nn.Linear(n_hidden, n_hidden),
        nn.LeakyReLU(LEAK),
        nn.Linear(n_hidden, n_outputs),
    )


def check_sizes(**sizes: int) -> None:
    """Raise ValueError unless each is a whole number from 1 upwards."""
    for name, value in sizes.items():
        if not isinstance(value, int) or value < 1:
            raise ValueError(f"{name} must be a whole number from 1 upwards, got {value!r}")


def check_dropout(dropout: float) -> None:
    """Raise ValueError unless it is a share from 0 to below 1."""
    if not 0 <= dropout < 1:
        raise ValueError(f"dropout must be a number from 0 to below 1, got {dropout!r}")


def check_reals(x: torch.Tensor, D: int) -> None:
    """Raise ValueError unless x is a tensor (N, D) of finite numbers."""
    if not isinstance(x, torch.Tensor) or x.ndim != 2 or x.shape[1] != D:
        came = tuple(x.shape) if isinstance(x, torch.Tensor) else type(x).__name__
        raise ValueError(f"x must be a tensor (N, {D}), got {came}")
    if not torch.isfinite(x).all():
        raise ValueError("x must hold finite numbers")


def check_values(x: torch.Tensor, D: int, n_values: int) -> None:
    """Raise ValueError unless x is a tensor (N, D) of whole numbers in 0 … n_values − 1."""
    if not isinstance(x, torch.Tensor) or x.ndim != 2 or x.shape[1] != D or x.is_floating_point():
        came = f"{x.dtype} {tuple(x.shape)}" if isinstance(x, torch.Tensor) else type(x).__name__
        raise ValueError(f"x must be a tensor (N, {D}) of whole numbers, got {came}")
    if x.numel() and not 0 <= x.min() <= x.max() < n_values:
        raise ValueError(f"x must lie in 0..{n_values - 1}, got {x.min()} to {x.max()}")


def check_codes(z: torch.Tensor, n_latent: int) -> None:
    """Raise ValueError unless z is a tensor (N, n_latent)."""
    if not isinstance(z, torch.Tensor) or z.ndim != 2 or z.shape[1] != n_latent:
        came = tuple(z.shape) if isinstance(z, torch.Tensor) else type(z).__name__
        raise ValueError(f"z must be a tensor (N, {n_latent}), got {came}")

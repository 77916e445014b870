"""A causal transformer on byte-pair tokens: lesson 17."""

import math
from collections.abc import Iterable, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from course_utils.models.byte_pairs import BytePairs
from course_utils.models.deep import DeepModel, seeded
from course_utils.models.networks import check_dropout, check_sizes, check_values

Cache = list[tuple[torch.Tensor, torch.Tensor]]  # for each block the keys and values so far, (B, heads, T, d)


class Block(nn.Module):
    """x + attention(norm(x)), then x + mlp(norm(x)): Vaswani et al. (2017), with the norms first (Xiong et al. 2020)."""

    def __init__(self, n_features: int, n_heads: int, dropout: float) -> None:
        super().__init__()
        self.n_heads, self.dropout = n_heads, dropout
        self.norms = nn.ModuleList(nn.LayerNorm(n_features) for _ in range(2))
        self.qkv = nn.Linear(n_features, 3 * n_features)
        self.out = nn.Linear(n_features, n_features)
        self.mlp = nn.Sequential(
            nn.Linear(n_features, 4 * n_features), nn.GELU(), nn.Linear(4 * n_features, n_features)
        )

    def heads(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return queries, keys and values (B, heads, T, d) of x (B, T, h), before its norm."""
        return tuple(self.qkv(self.norms[0](x)).unflatten(2, (3, self.n_heads, -1)).permute(2, 0, 3, 1, 4))

    def forward(self, x: torch.Tensor, past: tuple[torch.Tensor, torch.Tensor] | None = None) -> tuple:
        """Return x (B, T, h) after this block, and keys and values. With those of the past, x is what comes next."""
        q, k, v = self.heads(x)
        if past is not None:
            k, v = torch.cat([past[0], k], dim=2), torch.cat([past[1], v], dim=2)
        dropout = self.dropout if self.training else 0.0
        looked_up = F.scaled_dot_product_attention(q, k, v, dropout_p=dropout, is_causal=past is None)
        x = x + self._dropped(self.out(looked_up.transpose(1, 2).flatten(2)))
        return x + self._dropped(self.mlp(self.norms[1](x))), (k, v)

    def attention(self, x: torch.Tensor) -> torch.Tensor:
        """Return softmax(q kᵀ/√d) with the causal mask, (B, heads, T, T): row t is where token t looks."""
        q, k, _ = self.heads(x)
        scores = q @ k.transpose(2, 3) / math.sqrt(q.shape[-1])
        return scores.masked_fill(torch.ones_like(scores[0, 0]).triu(1).bool(), -torch.inf).softmax(dim=-1)

    def _dropped(self, x: torch.Tensor) -> torch.Tensor:
        return F.dropout(x, self.dropout, self.training)


class Transformer(DeepModel):
    """p(x) = ∏_t p(token_t | tokens before) over sequences of n_places symbols, for pictures in raster order.

    merges: those of a BytePairs; none: each symbol is a token. A token that would reach past the last place has
    probability 0, so the probabilities of all token sequences that fill the places sum to one. A sequence of symbols has many
    tokenisations: log_prob is that of the canonical one, a lower bound of log p(x) (and equal to it without merges).
    Each token is embedded with the row and the column, n_columns wide, at which the next one begins.
    x: tensors (N, n_places) of whole numbers.
    """

    chunk = 256
    alike = 8  # sequences at a time

    def __init__(
        self,
        n_symbols: int,
        n_places: int,
        n_columns: int,
        merges: Iterable[Sequence[int]] = (),
        *,
        n_features: int = 96,
        n_layers: int = 3,
        n_heads: int = 4,
        dropout: float = 0.0,
        seed: int = 0,
    ) -> None:
        """Make an untrained model; the seed draws its first weights. Raises ValueError for what makes no sense."""
        sizes = {"n_places": n_places, "n_columns": n_columns, "n_features": n_features, "n_layers": n_layers}
        check_sizes(**sizes, n_heads=n_heads)
        if n_features % n_heads:
            raise ValueError(f"n_features must be a multiple of n_heads, got {n_features} and {n_heads}")
        check_dropout(dropout)
        self.pairs = BytePairs(n_symbols, merges)
        super().__init__(
            n_symbols=n_symbols, merges=self.pairs.merges, n_heads=n_heads, dropout=dropout, seed=seed, **sizes
        )
        self.n_places, self.n_columns, self.dropout = n_places, n_columns, dropout
        V = len(self.pairs.tokens)
        with seeded(seed):
            self.embedding = nn.Embedding(V + 1, n_features)  # the last one stands before the first token
            self.row = nn.Embedding(-(-n_places // n_columns) + 1, n_features)
            self.column = nn.Embedding(n_columns, n_features)
            for table in (self.embedding, self.row, self.column):
                nn.init.normal_(table.weight, std=0.02)
            self.blocks = nn.ModuleList(Block(n_features, n_heads, dropout) for _ in range(n_layers))
            self.norm = nn.LayerNorm(n_features)
            self.head = nn.Linear(n_features, V)
        self.register_buffer("lengths", torch.from_numpy(self.pairs.lengths), persistent=False)
        self._known: dict[bytes, np.ndarray] = {}  # encoded once

    def tokens(self, x: torch.Tensor) -> torch.Tensor:
        """Return the canonical tokens of x (N, n_places), (N, T); what is shorter than the longest ends with −1."""
        x = self._check(x).cpu().numpy().astype(np.int64)
        rows = [row.tobytes() for row in x]
        new = {row: i for i, row in enumerate(rows) if row not in self._known}
        self._known.update(zip(new, self.pairs.encode(x[list(new.values())])))
        found = [torch.from_numpy(self._known[row]) for row in rows]
        padded = (
            nn.utils.rnn.pad_sequence(found, batch_first=True, padding_value=-1)
            if found
            else torch.empty(0, 0, dtype=torch.long)
        )
        return padded.to(self.lengths.device)

    def logits(self, tokens: torch.Tensor) -> torch.Tensor:
        """Return log p(token_t | before) up to a constant, (N, T, V), from tokens (N, T); −∞ for what is too long."""
        begins = self._begins(tokens)
        x, _ = self._run(self._shifted(tokens), begins)
        return self._logits(x, begins)

    def token_log_prob(self, tokens: torch.Tensor) -> torch.Tensor:
        """Return log p(token_t | before), (N, T), 0 after the end."""
        log_p = self.logits(tokens).log_softmax(dim=-1)
        return torch.where(tokens >= 0, log_p.gather(2, tokens.clamp(min=0)[..., None])[..., 0], 0.0)

    @torch.no_grad()
    def attention(self, tokens: torch.Tensor) -> torch.Tensor:
        """Return where each token looks, (N, layers, heads, T, T): rows sum to 1. Place t holds what came before token t."""
        begins, maps = self._begins(tokens), []
        x = self._embedded(self._shifted(tokens), begins)
        for block in self.blocks:
            maps.append(block.attention(x))
            x, _ = block(x)
        return torch.stack(maps, dim=1)

    @torch.no_grad()
    def sample(self, n: int, rng: torch.Generator, temperature: float = 1.0, cached: bool = True) -> torch.Tensor:
        """Draw n sequences (n, n_places), token by token: keys and values are kept, or with cached=False made anew.

        temperature below 1 makes the likely likelier.
        """
        if not isinstance(n, int) or n < 0:
            raise ValueError(f"n must be a whole number from 0 upwards, got {n!r}")
        if not temperature > 0:
            raise ValueError(f"temperature must be above 0, got {temperature}")
        device, V = self.lengths.device, len(self.pairs.tokens)
        drawn = torch.full((n, 0), -1, device=device)
        at, cache = torch.zeros(n, dtype=torch.long, device=device), None
        going = torch.arange(n, device=device)  # the numbers of those that are computed
        while n and (at < self.n_places).any():
            done = at >= self.n_places
            if done[going].float().mean() > 0.2:  # with fewer, it takes longer to leave them out
                cache = cache and [tuple(part[~done[going]] for part in both) for both in cache]
                going = going[~done[going]]
            if cached:
                last = drawn[going, -1:] if drawn.shape[1] else torch.full((n, 1), V, device=device)
                x, cache = self._run(torch.where(last < 0, V, last), at[going, None], cache)
            else:
                whole = torch.cat([drawn, drawn.new_full((n, 1), -1)], dim=1)[going]
                x, _ = self._run(self._shifted(whole), self._begins(whole))
            p = x.new_empty(n, V)
            p[going] = (self._logits(x[:, -1], at[going]) / temperature).softmax(dim=-1)
            p[done] = 1 / V  # drawn and thrown away, so that the random numbers of the others stay theirs
            token = torch.multinomial(p.to(rng.device), 1, generator=rng)[:, 0].to(device).masked_fill(done, -1)
            drawn = torch.cat([drawn, token[:, None]], dim=1)
            at = at + torch.where(done, 0, self.lengths[token])
        rows = [self.pairs.decode(row[row >= 0]) for row in drawn.cpu().numpy()]
        return torch.from_numpy(np.array(rows, dtype=np.int64).reshape(n, self.n_places))

    def _check(self, x: torch.Tensor) -> torch.Tensor:
        check_values(x, self.n_places, self.pairs.n_symbols)
        return x

    def _log_prob(self, x: torch.Tensor) -> torch.Tensor:
        tokens = self.tokens(x)
        lengths = (tokens >= 0).sum(dim=1)
        order = lengths.argsort()
        parts = [  # of about the same length, so that little is computed of what only fills up
            self.token_log_prob(tokens[part, : lengths[part].max()]).sum(dim=1) for part in order.split(self.alike)
        ]
        return torch.cat(parts)[order.argsort()] if parts else torch.zeros(0, **self.like)

    def _shifted(self, tokens: torch.Tensor) -> torch.Tensor:
        """Return what stands before each token, (N, T)."""
        before = F.pad(tokens, (1, 0), value=len(self.pairs.tokens))[:, :-1]
        return torch.where(before < 0, len(self.pairs.tokens), before)

    def _begins(self, tokens: torch.Tensor) -> torch.Tensor:
        """Return the place at which each token begins, (N, T)."""
        lengths = torch.where(tokens < 0, 0, self.lengths[tokens.clamp(min=0)])
        return lengths.cumsum(dim=1) - lengths

    def _embedded(self, before: torch.Tensor, begins: torch.Tensor) -> torch.Tensor:
        return self.embedding(before) + self.row(begins // self.n_columns) + self.column(begins % self.n_columns)

    def _run(
        self, before: torch.Tensor, begins: torch.Tensor, cache: Cache | None = None
    ) -> tuple[torch.Tensor, Cache]:
        x, kept = F.dropout(self._embedded(before, begins), self.dropout, self.training), []
        for i, block in enumerate(self.blocks):
            x, keys_and_values = block(x, None if cache is None else cache[i])
            kept.append(keys_and_values)
        return x, kept

    def _logits(self, x: torch.Tensor, begins: torch.Tensor) -> torch.Tensor:
        too_long = self.lengths > (self.n_places - begins).clamp(min=1)[..., None]
        return self.head(self.norm(x)).masked_fill(too_long, -torch.inf)

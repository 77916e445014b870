"""Byte-pair encoding: symbols that often come together become one token: lesson 17."""

from collections.abc import Iterable, Sequence
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

END = -1  # between two sequences


class BytePairs:
    """A vocabulary: the symbols 0 … n_symbols − 1, and for each merge (a, b) one token more, which stands for a, then b.

    Gage (1994); for language models Sennrich, Haddow and Birch (2016). tokens: for each token the symbols that it stands
    for. Encoding merges in the order in which the merges were learnt, from left to right: one sequence has many
    tokenisations, and this is the canonical one.
    """

    def __init__(self, n_symbols: int, merges: Iterable[Sequence[int]] = ()) -> None:
        """Make the vocabulary; raises ValueError for a merge of what is no token yet."""
        if not isinstance(n_symbols, int) or n_symbols < 1:
            raise ValueError(f"n_symbols must be a whole number from 1 upwards, got {n_symbols!r}")
        self.n_symbols, self.merges = n_symbols, [(int(a), int(b)) for a, b in merges]
        self.tokens: list[tuple[int, ...]] = [(s,) for s in range(n_symbols)]
        for a, b in self.merges:
            if not (0 <= a < len(self.tokens) and 0 <= b < len(self.tokens)):
                raise ValueError(f"a merge joins two of the {len(self.tokens)} tokens before it, got {(a, b)}")
            self.tokens.append(self.tokens[a] + self.tokens[b])
        self.lengths = np.array([len(token) for token in self.tokens])  # (V,) symbols

    @classmethod
    def learn(cls, sequences: Iterable[ArrayLike], n_symbols: int, n_merges: int | None = None, least: int = 2) -> Self:
        """Merge the most frequent pair of neighbours, again and again: n_merges times, or while it comes `least` times.

        Of pairs that are equally frequent, the one with the smaller tokens.
        """
        flat, merges = _joined(sequences, n_symbols), []
        while n_merges is None or len(merges) < n_merges:
            V = n_symbols + len(merges)
            left, right = flat[:-1], flat[1:]
            inside = (left != END) & (right != END)
            counts = np.bincount(left[inside] * V + right[inside], minlength=1)
            pair = int(counts.argmax())
            if counts[pair] < max(least, 1):
                break
            merges.append(divmod(pair, V))
            flat = _merge(flat, *merges[-1], V)
        return cls(n_symbols, merges)

    def encode(self, sequences: Iterable[ArrayLike]) -> list[np.ndarray]:
        """Return for each sequence of symbols its tokens, in the canonical form."""
        flat = _joined(sequences, self.n_symbols)
        present = np.bincount(flat[flat != END], minlength=len(self.tokens))
        for k, (a, b) in enumerate(self.merges):
            if present[a] and present[b]:
                before = len(flat)
                flat = _merge(flat, a, b, self.n_symbols + k)
                present[self.n_symbols + k] = before - len(flat)
        ends = np.flatnonzero(flat == END)
        return [flat[start:end] for start, end in zip([0, *(ends[:-1] + 1)], ends)]

    def decode(self, tokens: ArrayLike) -> np.ndarray:
        """Return the symbols of a sequence of tokens; raises ValueError for what is no token."""
        tokens = np.asarray(tokens, dtype=np.int64)
        if tokens.size and not 0 <= tokens.min() <= tokens.max() < len(self.tokens):
            raise ValueError(f"tokens lie in 0..{len(self.tokens) - 1}, got {tokens.min()} to {tokens.max()}")
        return np.array([symbol for token in tokens for symbol in self.tokens[token]], dtype=np.int64)


def _joined(sequences: Iterable[ArrayLike], n_symbols: int) -> np.ndarray:
    parts = []
    for sequence in sequences:
        sequence = np.asarray(sequence)
        if sequence.ndim != 1 or (sequence.size and sequence.dtype.kind not in "iu"):
            raise ValueError(f"each sequence must be whole numbers (L,), got {sequence.dtype} {sequence.shape}")
        if sequence.size and not 0 <= sequence.min() <= sequence.max() < n_symbols:
            raise ValueError(f"symbols lie in 0..{n_symbols - 1}, got {sequence.min()} to {sequence.max()}")
        parts += [sequence.astype(np.int64), np.array([END])]
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)


def _merge(flat: np.ndarray, a: int, b: int, token: int) -> np.ndarray:
    """Return flat with token for each a, b from the left: of three times the same, the first two."""
    at = np.flatnonzero((flat[:-1] == a) & (flat[1:] == b))
    if a == b and len(at):
        starts = np.r_[True, np.diff(at) > 1]  # of a run
        at = at[(at - at[starts][np.cumsum(starts) - 1]) % 2 == 0]
    flat = flat.copy()
    flat[at] = token
    return np.delete(flat, at + 1)

"""Byte pairs against a plain replacement of strings; the transformer against enumeration, its gradients and its formula."""

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils.datasets import load_planet_pixel, planet_pixel_distribution
from course_utils.models import BytePairs, Transformer

TEXTS = st.lists(st.text("abc", max_size=40), min_size=1, max_size=4)


def symbols(text: str) -> np.ndarray:
    return np.frombuffer(text.encode(), dtype=np.uint8)


def by_replacing(text: str, merges: list[tuple[int, int]]) -> list[int]:
    """Merge as Python's str.replace does, in the order of the merges: each token is a letter of its own."""
    for k, (a, b) in enumerate(merges):
        text = text.replace(chr(a) + chr(b), chr(256 + k))
    return [ord(letter) for letter in text]


@settings(deadline=None, max_examples=60)
@given(TEXTS, st.integers(0, 12))
def test_every_text_comes_back_and_is_merged_from_the_left(texts, n_merges):
    pairs = BytePairs.learn([symbols(text) for text in texts], 256, n_merges)
    for text, tokens in zip(texts, pairs.encode([symbols(text) for text in texts])):
        assert bytes(pairs.decode(tokens).astype(np.uint8)).decode() == text
        assert tokens.tolist() == by_replacing(text, pairs.merges)


def test_each_merge_is_the_most_frequent_pair():
    texts = ["aaabdaaabac", "abab", ""]
    pairs = BytePairs.learn([symbols(text) for text in texts], 256)
    for k in range(len(pairs.merges)):
        rows = [by_replacing(text, pairs.merges[:k]) for text in texts]
        counts = {}
        for row in rows:
            for pair in zip(row, row[1:]):
                counts[pair] = counts.get(pair, 0) + 1
        best = max(counts.values())
        assert best >= 2 and pairs.merges[k] == min(pair for pair in counts if counts[pair] == best)
    assert pairs.tokens[256] == (ord("a"), ord("a")) and pairs.lengths[256] == 2


def test_every_face_and_any_picture_comes_back():
    pairs = BytePairs.learn(load_planet_pixel("train").pixels[:60], 256, least=40)
    faces = planet_pixel_distribution().pixels[::20]
    noise = np.random.default_rng(0).integers(256, size=(3, 1024))
    for rows in (faces, noise):
        for row, tokens in zip(rows, pairs.encode(rows)):
            assert (pairs.decode(tokens) == row).all()
            assert (pairs.encode([pairs.decode(tokens)])[0] == tokens).all(), "the canonical form"
        assert tokens.tolist() == by_replacing("".join(map(chr, row)), pairs.merges)
    assert len(pairs.encode(faces[:1])[0]) < 500


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def tiny(merges=((0, 1), (2, 2), (0, 0)), n_symbols: int = 2, n_places: int = 5, n_columns: int = 2, **settings):
    """Return a model in float64 with weights large enough to matter."""
    model = Transformer(
        n_symbols, n_places, n_columns, merges, n_features=8, n_layers=2, n_heads=2, **settings
    ).double()
    g = rng(1)
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(0.5 * torch.randn(p.shape, generator=g, dtype=torch.float64))
    return model


def tokenisations(lengths: list[int], n_places: int):
    """Yield every sequence of tokens that fills the places."""
    if n_places == 0:
        yield ()
    for token, length in enumerate(lengths):
        if length <= n_places:
            yield from ((token, *rest) for rest in tokenisations(lengths, n_places - length))


def test_all_token_sequences_together_have_probability_one():
    model = tiny()
    everything = [torch.tensor(tokens) for tokens in tokenisations(model.pairs.lengths.tolist(), 5)]
    padded = torch.nn.utils.rnn.pad_sequence(everything, batch_first=True, padding_value=-1)
    p = model.token_log_prob(padded).sum(dim=1).exp()
    assert p.sum().item() == pytest.approx(1, abs=1e-12)
    # The canonical one of a picture is one of its tokenisations, so log_prob is a lower bound; without merges it is log p.
    x = torch.tensor([*itertools.product(range(2), repeat=5)])
    of_picture = {}
    for tokens, each in zip(everything, p.tolist()):
        key = tuple(model.pairs.decode(tokens.numpy()))
        of_picture[key] = of_picture.get(key, 0) + each
    bound, exact = model.log_prob(x).exp(), torch.tensor([of_picture[tuple(row.tolist())] for row in x])
    assert (bound <= exact + 1e-12).all() and (bound < 0.999 * exact).any()
    assert tiny(merges=()).log_prob(x).exp().sum().item() == pytest.approx(1, abs=1e-12)


def test_nothing_leaks_from_later_tokens():
    """By gradients: what is said of token t does not move with the embeddings of t and after it, but with all before."""
    model, tokens = tiny(n_symbols=3, merges=(), n_places=6), torch.tensor([[0, 2, 1, 1, 0, 2]])
    begins, seen = model._begins(tokens), []
    x = model._embedded(model._shifted(tokens), begins).detach().requires_grad_()
    y = x
    for block in model.blocks:
        y, _ = block(y)
    for t in range(6):
        (slope,) = torch.autograd.grad(y[0, t].sum() + y[0, t, 0], x, retain_graph=True)
        seen.append(slope[0].abs().sum(dim=1) > 0)
    assert torch.equal(
        torch.stack(seen), torch.ones(6, 6).tril().bool()
    )  # row t: before token t, so 0 … t of the shifted
    changed = tokens.clone()
    changed[0, 3:] = torch.tensor([0, 1, 1])
    same = (model.logits(tokens) - model.logits(changed)).abs().amax(dim=2)[0] < 1e-12
    assert same.tolist() == [True] * 4 + [False] * 2


def test_attention_is_the_formula_and_each_row_sums_to_one():
    model, tokens = tiny(n_symbols=3, merges=(), n_places=6), torch.tensor([[0, 2, 1, 1, 0, 2]])
    maps = model.attention(tokens)
    assert maps.shape == (1, 2, 2, 6, 6)
    torch.testing.assert_close(maps.sum(dim=-1), torch.ones_like(maps[..., 0]))
    block = model.blocks[0]
    x = model._embedded(model._shifted(tokens), model._begins(tokens))
    h, d = block.norms[0](x)[0], 4
    W, b = block.qkv.weight, block.qkv.bias
    looked_up = []
    for head in range(2):
        q, k, v = (h @ W[i * 8 + head * d : i * 8 + (head + 1) * d].T + b[i * 8 + head * d : i * 8 + (head + 1) * d] for i in range(3))  # fmt: skip
        for t in range(6):
            weights = [math.exp((q[t] @ k[s]).item() / math.sqrt(d)) for s in range(t + 1)]
            assert maps[0, 0, head, t, : t + 1].tolist() == pytest.approx([w / sum(weights) for w in weights])
        looked_up.append(maps[0, 0, head] @ v)
    after = x[0] + block.out(torch.cat(looked_up, dim=1))
    after = after + block.mlp(block.norms[1](after))
    torch.testing.assert_close(block(x)[0][0], after)


@pytest.mark.parametrize("merges", [(), ((0, 1), (2, 2), (0, 0))])
def test_kept_keys_and_values_give_the_same_pictures(merges):
    model = tiny(merges)
    assert torch.equal(model.sample(40, rng()), model.sample(40, rng(), cached=False))


def test_samples_follow_the_probabilities():
    model = tiny()
    drawn = model.sample(4000, rng()) @ torch.tensor([16, 8, 4, 2, 1])
    p = np.zeros(32)
    for tokens in tokenisations(model.pairs.lengths.tolist(), 5):
        row = torch.tensor([tokens])
        p[model.pairs.decode(row[0].numpy()) @ [16, 8, 4, 2, 1]] += model.token_log_prob(row).sum().exp().item()
    shares = np.bincount(drawn, minlength=32) / 4000
    assert (abs(shares - p) <= 4 * np.sqrt(p * (1 - p) / 4000) + 1e-9).all()


def test_a_temperature_divides_the_logits():
    """Of one token of the last place, by p^(1/T) and by counts: cold is likelier to be the likeliest."""
    model = tiny(merges=(), n_symbols=4, n_places=1)
    p = model.log_prob(torch.arange(4)[:, None]).exp()
    for T in (0.4, 2.5):
        shares = np.bincount(model.sample(4000, rng(), temperature=T)[:, 0], minlength=4) / 4000
        tempered = (p ** (1 / T) / (p ** (1 / T)).sum()).tolist()
        assert shares == pytest.approx(tempered, abs=0.04)
        assert max(abs(p - torch.tensor(tempered))) > 0.08, "another distribution than p"


def test_dropout_is_for_training_only():
    """In training two passes differ, also in the attention alone; else never."""
    model = tiny(dropout=0.5)
    x = torch.tensor([[0, 1, 1, 0, 1]])
    model.eval()
    assert torch.equal(model.log_prob(x), model.log_prob(x))
    model.train()
    assert not torch.equal(model.logits(model.tokens(x)), model.logits(model.tokens(x)))
    block, h = model.blocks[0], torch.randn(1, 6, 8, generator=rng(2), dtype=torch.float64)
    block._dropped = lambda x: x  # what is left: the weights of the attention
    assert not torch.equal(block(h)[0], block(h)[0])
    block.eval()
    assert torch.equal(block(h)[0], block(h)[0])


def test_a_pair_is_merged_as_long_as_it_comes_often_enough():
    text = "ababab" + "cdcd" + "ef"  # three times, twice, once
    for least, tokens in [(3, {"ab"}), (2, {"ab", "cd"}), (4, set())]:
        pairs = BytePairs.learn(
            [symbols("".join(f"{text[i : i + 2]}{chr(40 + i)}" for i in range(0, 12, 2)))], 256, least=least
        )
        assert {bytes(token).decode() for token in pairs.tokens[256:]} == tokens


def test_it_learns_a_small_language_and_its_file_gives_it_back(tmp_path):
    x = torch.tensor([[0, 1, 0, 1, 2, 2], [1, 1, 0, 0, 2, 2], [0, 1, 1, 1, 0, 2]]).repeat(30, 1)
    model = Transformer(3, 6, 3, [(2, 2)], n_features=16, n_layers=2, n_heads=2)
    model.fit(x, epochs=40, batch_size=30, lr=1e-2, progress=False, weight_decay=0.01, average=0.9)
    assert -model.log_prob(x).mean().item() < math.log(3) + 0.1
    again = Transformer(**model.arguments)
    again.load_state_dict(model.state_dict())
    torch.testing.assert_close(again.log_prob(x), model.log_prob(x))


def test_what_it_does_not_take():
    with pytest.raises(ValueError, match="multiple of n_heads"):
        Transformer(2, 4, 2, n_features=6, n_heads=4)
    with pytest.raises(ValueError, match=r"\(N, 5\) of whole numbers, got torch.float32"):
        tiny().log_prob(torch.zeros(1, 5))
    with pytest.raises(ValueError, match="0..1, got 0 to 7"):
        tiny().log_prob(torch.tensor([[0, 7, 0, 0, 0]]))
    with pytest.raises(ValueError, match="temperature"):
        tiny().sample(1, rng(), temperature=0)
    with pytest.raises(ValueError, match="joins two of the 3 tokens"):
        BytePairs(3, [(0, 3)])
    with pytest.raises(ValueError, match="0..2, got 0 to 5"):
        BytePairs(3).encode([[0, 5]])
    with pytest.raises(ValueError, match="tokens lie in 0..2"):
        BytePairs(3).decode([3])

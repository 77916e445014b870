"""The numbers of lesson 17, beside computations that use none of the course's models."""

import json
import math
from collections import Counter

import numpy as np
import pytest
from oracle import header

from course_utils import files


def softmax(a):
    powers = [math.exp(x) for x in a]
    return [x / sum(powers) for x in powers]


def by_replacing(symbols, merges, n_symbols) -> list[int]:
    """Merge as Python's str.replace does, in the order of the merges: each token is a letter of its own."""
    text = "".join(chr(int(s) + 1) for s in symbols)  # 0 would be no letter
    for k, (a, b) in enumerate(merges):
        text = text.replace(chr(a + 1) + chr(b + 1), chr(n_symbols + k + 1))
    return [ord(letter) - 1 for letter in text]


def test_17_attention_by_hand(lesson):
    weights = softmax(x / math.sqrt(3) for x in (6, 3, 3, 0, 0, 3))
    np.testing.assert_allclose(lesson["weights"], weights)
    np.testing.assert_allclose(lesson["looked_up"], [weights[0], weights[2]])


def test_17_the_root_of_d(lesson):
    np.testing.assert_allclose(lesson["variance"], lesson["sizes"], rtol=0.03)  # of a sum of d products
    rng = np.random.default_rng(5)
    for d, plain, scaled in zip(lesson["sizes"], lesson["slope"], lesson["slope_scaled"]):
        dots = rng.normal(size=(3000, 32)) * np.sqrt(d)  # normal scores of the same variance
        for a, found in [(dots, plain), (dots / np.sqrt(d), scaled)]:
            w = np.exp(a - a.max(axis=1, keepdims=True))
            w /= w.sum(axis=1, keepdims=True)
            assert found == pytest.approx((w * (1 - w)).sum(axis=1).mean(), abs=0.05)


def test_17_the_bag(lesson):
    a, b, with_places = lesson[
        "attend(six)[-1].numpy(), attend(shuffled)[-1].numpy(), attend(shuffled + place)[-1].numpy()"
    ]
    np.testing.assert_allclose(a, b)
    assert abs(lesson["attend(six + place)[-1].numpy()"] - with_places).max() > 0.05
    assert (lesson["depends(lambda x: attend(x), six).numpy()"] == np.tri(6, dtype=bool)).all()


def norm(x, scale, shift):
    return (x - x.mean()) / np.sqrt(x.var() + 1e-5) * scale + shift


def gelu(x):
    return np.array([0.5 * v * (1 + math.erf(v / math.sqrt(2))) for v in x])


def by_loops(tokens, w, n_columns=3, heads=4) -> float:
    """Return log p of a sequence of symbols by a two-layer transformer with these weights, place by place."""
    V = len(w["head.bias"])
    x = [w["embedding.weight"][before] + w["row.weight"][t // n_columns] + w["column.weight"][t % n_columns]
         for t, before in enumerate([V, *tokens[:-1]])]  # fmt: skip
    for block in ("blocks.0.", "blocks.1."):
        n = {name.removeprefix(block): value for name, value in w.items() if name.startswith(block)}
        qkv = [n["qkv.weight"] @ norm(r, n["norms.0.weight"], n["norms.0.bias"]) + n["qkv.bias"] for r in x]
        h, after = len(x[0]), []
        d = h // heads
        for t, r in enumerate(x):
            heard = []
            for i in range(heads):
                q = qkv[t][i * d : (i + 1) * d]
                share = softmax(q @ qkv[s][h + i * d : h + (i + 1) * d] / math.sqrt(d) for s in range(t + 1))
                heard.append(sum(a * qkv[s][2 * h + i * d : 2 * h + (i + 1) * d] for s, a in enumerate(share)))
            r = r + n["out.weight"] @ np.concatenate(heard) + n["out.bias"]
            z = norm(r, n["norms.1.weight"], n["norms.1.bias"])
            after.append(r + n["mlp.2.weight"] @ gelu(n["mlp.0.weight"] @ z + n["mlp.0.bias"]) + n["mlp.2.bias"])
        x = after
    bets = [softmax(w["head.weight"] @ norm(r, w["norm.weight"], w["norm.bias"]) + w["head.bias"]) for r in x]
    return sum(math.log(bet[token]) for bet, token in zip(bets, tokens))


def test_17_the_model_of_one_page(lesson):
    weights = lesson["{name: value.numpy() for name, value in page.state_dict().items()}"]
    sequences = lesson["everything.tolist()"]
    log_p = np.array(lesson["[page.log_prob(x).item() for x in everything]"])
    for i in range(0, 729, 91):
        assert log_p[i] == pytest.approx(by_loops(sequences[i], weights))
    assert np.exp(log_p).sum() == pytest.approx(1)


def test_17_byte_pairs_of_the_wrodlers(lesson):
    rows, merges, n = lesson[
        "rows, BytePairs.learn(rows, len(sorted(set(''.join(wrodlers)))), 60).merges, len(sorted(set(''.join(wrodlers))))"
    ]
    for k, pair in enumerate(merges):
        encoded = [by_replacing(row, merges[:k], n) for row in rows]
        counts = Counter(both for row in encoded for both in zip(row, row[1:]))
        assert counts[pair] == max(counts.values())


def test_17_the_planet_in_words(lesson, planet):
    assert len(set(lesson["world"])) == 3552
    p = planet["p"]
    assert lesson["H"] == pytest.approx(-p @ np.log(p))
    assert lesson["-p @ log_p"] > lesson["H"]  # no model can be better


def test_17_a_small_nucleus_is_the_likeliest_token(lesson):
    rows, lengths = lesson[
        "draw(speaker, 2, torch.Generator().manual_seed(1), 1.0, 0.01).tolist(), speaker.lengths.tolist()"
    ]
    assert rows[0] == rows[1]
    best = lesson[
        "speaker.logits(draw(speaker, 1, torch.Generator().manual_seed(1), 1.0, 0.01)).argmax(dim=2).tolist()"
    ]
    assert rows[0] == best[0] and sum(lengths[t] for t in rows[0]) == lesson["n_places"]


def test_17_tokens_of_the_miniatures(lesson, planet):
    x, merges = lesson["small_world.numpy(), merges"]  # the last ones: a hundred
    n = len(lesson["colours"])
    counts = [len(by_replacing(row, merges, n)) for row in x]
    assert lesson["(model.tokens(small_world) >= 0).sum(dim=1).tolist()"] == counts
    assert lesson["mini[100]['tokens a face']"] == pytest.approx(planet["p"] @ counts)
    for row in lesson["list(mini.values())"]:
        assert row["nats a face"] == pytest.approx(row["nats a token"] * row["tokens a face"])
        assert row["nats a face"] > lesson["H"]
    assert lesson["[row['tokens a face'] for row in mini.values()][:2]"] == [64, 64]
    assert len(np.unique(x, axis=0)) == 3552


def test_17_the_words_of_a_face(lesson, planet):
    facts, _ = header("transformer")
    merges = facts["arguments"]["merges"]
    for colour, face in lesson["overalls"].items():
        assert planet["p"][(planet["pixels"] == face).all(axis=1)].size == 1
        tokens = by_replacing(face, merges, 256)
        assert lesson[f"cuts[{colour!r}].tolist()"] == tokens
    assert lesson["V"] == 256 + len(merges)


def test_17_the_longest_word(lesson, planet):
    """By pixels: whose face begins with what the token stands for."""
    train = planet["pixels"][planet["train"]]
    token = lesson["painter.pairs.tokens[int(longest)]"]
    assert len(token) == max(map(len, lesson["painter.pairs.tokens"]))
    begins = (train[:, : len(token)] == np.array(token)).all(axis=1)
    assert (lesson["with_it"] == begins).all() and begins.any()


def test_17_both_straps_in_one_word(lesson, planet):
    """By the cuts between tokens: is there one behind the left strap's first pixel, and up to the right strap's?"""
    merges = header("transformer")[0]["arguments"]["merges"]
    lengths = [1] * 256
    for a, b in merges:
        lengths.append(lengths[a] + lengths[b])
    shares = {}
    for colour, face in lesson["overalls"].items():
        ends = set(np.cumsum([lengths[token] for token in by_replacing(face, merges, 256)]).tolist())
        cut = any(lesson["left"] < end <= lesson["right"] for end in ends)
        assert cut == (colour in lesson["separate"]), colour
        shares[cut] = shares.get(cut, 0) + planet["p"][(planet["pixels"] == face).all(axis=1)].sum()
    assert lesson["apart / in_all"] == pytest.approx(shares[True] / sum(shares.values()))


def test_17_an_untrained_network_guesses_among_its_tokens(lesson, planet):
    """Before training nearly all tokens are equally likely, of those that still fit in."""
    counts = lesson["(speaker.tokens(to_letters(world)) >= 0).sum(dim=1).numpy()"]
    at_random = planet["p"] @ counts * np.log(lesson["len(speaker.pairs.tokens)"])
    assert lesson["untrained"] == pytest.approx(at_random, rel=0.05)


def test_17_spellings(lesson):
    lengths, ways = lesson["binary.lengths.tolist()"], [1] + [0] * 6
    for place in range(1, 7):
        ways[place] = sum(ways[place - length] for length in lengths if length <= place)
    assert lesson["len(spellings)"] == ways[6] == len({tuple(row) for row in lesson["spellings"]})
    assert lesson["masses()[0]"] == pytest.approx(1, abs=1e-4)
    assert 0.9 < lesson["masses()[1]"] <= 1


def test_17_scores_are_those_of_the_headers(lesson):
    for kind, file in [("NADE", "nade"), ("PixelRNN", "pixelrnn_diagonal"), ("Transformer", "transformer")]:
        assert lesson[f"scores.loc['nats', {kind!r}]"] == header(file)[0]["score"]["nats"]
    assert lesson["scores.loc['nats', 'VAE']"] == header("vae")[0]["score"]["bound"]


@pytest.mark.parametrize("name", ["vocabulary", "scaling"])
def test_17_studies_are_those_of_the_files(lesson, name):
    records = json.loads((files.DATA / "checkpoints" / f"{name}.json").read_text(encoding="utf-8"))["records"]
    assert lesson[f"{name}.to_dict('records')"] == records


def test_17_exercises(solution):
    assert solution("17.1") == pytest.approx((1 * 8 + 2 * 16 + 5 * 32) / 8, rel=1e-4)
    text = "aabaabaaab"
    for old, new in [("aa", "A"), ("Ab", "B"), ("BB", "C")]:
        text = text.replace(old, new)
    assert solution("17.4") == (len(text), 10 / len(text))
    top_p, attend = solution("17.5"), solution("17.2")
    np.testing.assert_allclose(top_p(np.array([0.1, 0.6, 0.3]), 0.8), [0, 2 / 3, 1 / 3])
    Q, K, V = np.random.default_rng(0).normal(size=(3, 4, 4))
    np.testing.assert_allclose(attend(Q, K, V)[0], V[0])
    assert solution("17.3") == 1 and [k for k, yes in solution("17.6").items() if yes] == ["a", "c", "d"]

#!/usr/bin/env python3
"""Writes tests/golden/sentences/: a small BERT with drawn weights, and what it makes of texts.

    make_sentences.py TOKENIZER.json

Needs numpy and `tokenizers` (the original of the word pieces); TOKENIZER.json is that of any
uncased BERT model. The forward pass is written here once more, in double precision, one text at a
time. characters.txt holds a checksum (FNV-1a) of what the original makes of all characters.
"""
import json
import math
import os
import random
import struct
import sys

import numpy as np
from tokenizers import BertWordPieceTokenizer, Tokenizer

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "sentences")
HIDDEN, LAYERS, HEADS, INNER, POSITIONS = 32, 2, 4, 64, 64
EPSILON = 1e-12
WORDS = ("the of and a film toy story love wooden train red blue men women ##s ##ing ##ed ##er ##ly "
         "un play play##er un##like 19 ##95 20 ##00 children christmas 電 影 愛 情 日 本 русск ##ий "
         "фильм αγ ##απη").split()
TEXTS = [
    "", " ", "The Toy Story", "Playing players unlikely", "wooden-train, red & blue!", "Café über naïve",
    "1995 2000 20001995", "電影愛情", "日本の映画 love", "Русский фильм", "ΑΓΆΠΗ αγάπη", "한국 영화",
    "toys 🚂🚂 love 👩\u200d👧", "tab\tand\nnew\u00a0line\u3000wide", "nul\x00 bell\x07 soft\u00adhyphen",
    "[SEP] in [MASK] text [sep] [UNK]", "a" * 100, "a" * 101, "b" * 300 + " toy", "Ａ ｆｕｌｌ ｗｉｄｔｈ",
    "İstanbul ıŞ ﬁlm Ǆ ß ẞ", "e\u0301e\u0300\u0323 x\u0315\u0300", "\ufeffbom \ufffd bad", "«quotes» “x” ‘y’ 、。！",
    "𝒻𝒾𝓁𝓂 𝟙𝟡 ①②", "नमस्ते हिन्दी", "שָׁלוֹם עולם", "مَرْحَبًا", "ไทย ภาษา", "$5.99 €3 £4 100%", "don't can't o'clock",
    "x\u0085y\u2028z", "the " * 80, "電" * 90, "ab\U000e0041cd \U0010fffd",
]


def fnv(text, state):
    for byte in text.encode("utf-8"):
        state = ((state ^ byte) * 0x100000001b3) & 0xffffffffffffffff
    return state


def write_vocabulary():
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    letters = [chr(c) for c in range(33, 127) if not chr(c).isupper()]
    letters += list("абвгдежзийклмнопрстуфхцчшщыьэюяαβγδεζηθικλμνοπρσςτυφχψωß«»“”‘’、。！€£の映画ｆａ")
    letters += [chr(c) for c in (0x1112, 0x1161, 0x11ab, 0x1100, 0x116e, 0x11a8, 0x110b, 0x1167, 0x11bc)]
    letters += list("नमसतहदשלוםערבהतमرحباไทยภาษ")
    for word in letters + ["##" + letter for letter in letters] + WORDS:
        for piece in ([word] if word.startswith("##") or "##" not in word
                      else [word.split("##")[0], "##" + word.split("##")[1]]):
            if piece not in pieces:
                pieces.append(piece)
    with open(os.path.join(HERE, "vocab.txt"), "w", encoding="utf-8") as file:
        file.write("".join(piece + "\n" for piece in pieces))
    return len(pieces)


def shapes(pieces):
    yield "embeddings.word_embeddings.weight", (pieces, HIDDEN), "F16"
    yield "embeddings.position_embeddings.weight", (POSITIONS, HIDDEN), "BF16"
    yield "embeddings.token_type_embeddings.weight", (2, HIDDEN), "F32"
    yield "embeddings.LayerNorm.weight", (HIDDEN,), "F32"
    yield "embeddings.LayerNorm.bias", (HIDDEN,), "F32"
    for layer in range(LAYERS):
        of = f"encoder.layer.{layer}."
        for name, rows, columns in (("attention.self.query", HIDDEN, HIDDEN),
                                    ("attention.self.key", HIDDEN, HIDDEN),
                                    ("attention.self.value", HIDDEN, HIDDEN),
                                    ("attention.output.dense", HIDDEN, HIDDEN),
                                    ("intermediate.dense", INNER, HIDDEN),
                                    ("output.dense", HIDDEN, INNER)):
            yield f"{of}{name}.weight", (rows, columns), "F32"
            yield f"{of}{name}.bias", (rows,), "F32"
        for name in ("attention.output", "output"):
            yield f"{of}{name}.LayerNorm.weight", (HIDDEN,), "F32"
            yield f"{of}{name}.LayerNorm.bias", (HIDDEN,), "F32"


def stored(numbers, kind):
    """The bytes of a type, and the numbers that they hold."""
    if kind == "F16":
        half = numbers.astype("<f2")
        return half.tobytes(), half.astype(np.float64)
    if kind == "BF16":
        bits = numbers.astype("<f4").view("<u4") & 0xffff0000
        return (bits >> 16).astype("<u2").tobytes(), bits.view("<f4").astype(np.float64)
    return numbers.astype("<f4").tobytes(), numbers.astype("<f4").astype(np.float64)


def write_model(pieces):
    rng = np.random.default_rng(7)
    header, data, weights = {"__metadata__": {"format": "pt"}}, b"", {}
    for name, shape, kind in shapes(pieces):
        numbers = rng.normal(0, 0.35, shape)
        if "LayerNorm.weight" in name:
            numbers = 1 + 0.2 * numbers
        raw, weights[name] = stored(numbers, kind)
        header[name] = {"dtype": kind, "shape": list(shape),
                        "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(os.path.join(HERE, "model.safetensors"), "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)
    with open(os.path.join(HERE, "config.json"), "w", encoding="ascii") as file:
        json.dump({"model_type": "bert", "hidden_act": "gelu", "num_hidden_layers": LAYERS,
                   "num_attention_heads": HEADS, "hidden_size": HIDDEN,
                   "intermediate_size": INNER, "max_position_embeddings": POSITIONS,
                   "vocab_size": pieces, "layer_norm_eps": EPSILON}, file, indent=1)
        file.write("\n")
    return weights


def norm(weights, of, x):
    mean = x.mean(-1, keepdims=True)
    spread = ((x - mean) ** 2).mean(-1, keepdims=True)
    return ((x - mean) / np.sqrt(spread + EPSILON) * weights[of + ".LayerNorm.weight"]
            + weights[of + ".LayerNorm.bias"])


def dense(weights, of, x):
    return x @ weights[of + ".weight"].T + weights[of + ".bias"]


GELU = np.vectorize(lambda x: x * (1 + math.erf(x / math.sqrt(2))) / 2)


def encode(weights, numbers, layers=LAYERS, heads=HEADS):
    x = (weights["embeddings.word_embeddings.weight"][numbers]
         + weights["embeddings.position_embeddings.weight"][:len(numbers)]
         + weights["embeddings.token_type_embeddings.weight"][0])
    x = norm(weights, "embeddings", x)
    size = x.shape[1] // heads
    for layer in range(layers):
        of = f"encoder.layer.{layer}."
        query, key, value = (dense(weights, f"{of}attention.self.{part}", x)
                             for part in ("query", "key", "value"))
        attended = np.zeros_like(x)
        for head in range(heads):
            part = slice(head * size, (head + 1) * size)
            scores = query[:, part] @ key[:, part].T / math.sqrt(size)
            scores = np.exp(scores - scores.max(-1, keepdims=True))
            attended[:, part] = scores / scores.sum(-1, keepdims=True) @ value[:, part]
        x = norm(weights, of + "attention.output",
                 x + dense(weights, of + "attention.output.dense", attended))
        inside = GELU(dense(weights, of + "intermediate.dense", x))
        x = norm(weights, of + "output", x + dense(weights, of + "output.dense", inside))
    mean = x.mean(0)
    return mean / np.linalg.norm(mean)


def texts():
    rng = random.Random(3)
    yield from TEXTS
    alphabet = "aeitrs  .,-ÀéñŠ愛電é🚂ß한й#[]"
    for _ in range(60):
        yield "".join(rng.choice(alphabet) for _ in range(rng.randrange(1, 40)))
    for _ in range(40):
        yield "".join(chr(rng.choice((rng.randrange(1, 0x250), rng.randrange(0x3040, 0x3100),
                                      rng.randrange(0x1f300, 0x1f700)))) for _ in range(20))


def check_sum(original):
    state = 0xcbf29ce484222325
    for code in range(1, 0x110000):
        if not 0xd800 <= code < 0xe000:
            state = fnv(original.normalizer.normalize_str(chr(code)) + "\n", state)
    return state


def main():
    os.makedirs(HERE, exist_ok=True)
    pieces = write_vocabulary()
    weights = write_model(pieces)
    words = BertWordPieceTokenizer(os.path.join(HERE, "vocab.txt"), lowercase=True)
    words.enable_truncation(POSITIONS)
    with open(os.path.join(HERE, "expected.txt"), "w", encoding="ascii") as file:
        for text in texts():
            numbers = words.encode(text).ids
            vector = encode(weights, numbers)
            print(text.encode("utf-8").hex() or "-", file=file)
            print(len(numbers), *numbers, file=file)
            print(*(f"{number:.6f}" for number in vector), file=file)
    with open(os.path.join(HERE, "characters.txt"), "w", encoding="ascii") as file:
        print(f"{check_sum(Tokenizer.from_file(sys.argv[1])):x}", file=file)


if __name__ == "__main__":
    main()

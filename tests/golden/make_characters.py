#!/usr/bin/env python3
"""Writes embed/text/character_tables.h: what BERT's tokenizer makes of every character.

    make_characters.py TOKENIZER.json >embed/text/character_tables.h

It asks the original (the Python package `tokenizers`, with the tokenizer.json of any uncased BERT
model) about each code point, so the tables agree with the original, not with some version of
Unicode. Han characters and Hangul syllables are not in the tables: embed/text/characters.c computes
them.
"""
import sys

from tokenizers import Tokenizer

LAST = 0x10FFFF


def is_computed(code):
    return (0xAC00 <= code < 0xAC00 + 11172 or 0x4E00 <= code <= 0x9FFF or 0x3400 <= code <= 0x4DBF
            or 0x20000 <= code <= 0x2CEAF)


def codes():
    return (code for code in range(LAST + 1) if not 0xD800 <= code < 0xE000)


def ranges(chosen):
    """[first, last] of the runs of code points."""
    found = []
    for code in chosen:
        if found and found[-1][1] == code - 1:
            found[-1][1] = code
        else:
            found.append([code, code])
    return found


def runs(pairs):
    """[first, count, step, to]: code points first, first + step ... become to, to + step ..."""
    found = []
    for code, to in pairs:
        if found:
            first, count, step, start = found[-1]
            last = first + (count - 1) * step
            distance = code - last
            if count == 1 and distance in (1, 2) and to - start == distance:
                found[-1] = [first, 2, distance, start]
                continue
            if count > 1 and distance == step and to == start + count * step:
                found[-1][1] += 1
                continue
        found.append([code, 1, 1, to])
    return found


def lines(items):
    """C initialisers, as many to a line as fit."""
    line = "   "
    for item in items:
        if len(line) + 1 + len(item) > 100:
            yield line
            line = "   "
        line += " " + item
    yield line


def print_table(declaration, items):
    print(f"static const {declaration} = {{")
    for line in lines(items):
        print(line)
    print("};\n")


def main():
    original = Tokenizer.from_file(sys.argv[1])
    become = {code: original.normalizer.normalize_str(chr(code)) for code in codes()
              if not is_computed(code)}
    split = [code for code in codes() if len(original.pre_tokenizer.pre_tokenize_str(
        "a" + chr(code) + "b")) == 3]
    singles, several = [], []
    for code, text in become.items():
        text = text if text == " " else text.strip(" ")  # Han characters stand between blanks
        if len(text) == 1 and ord(text) != code and text != " ":
            singles.append((code, ord(text)))
        elif len(text) > 1:
            several.append((code, [ord(char) for char in text]))
    longest = max(len(to) for _, to in several)
    print("/* What BERT's tokenizer makes of a character: made by tests/golden/make_characters.py. */\n"
          "#ifndef FRESHET_EMBED_TEXT_CHARACTER_TABLES_H\n"
          "#define FRESHET_EMBED_TEXT_CHARACTER_TABLES_H\n\n#include \"base/base.h\"\n\n"
          "/* In each table, code points ascend. */\n"
          "struct code_range {\n    uint32_t first, last;\n};\n"
          "/* The code points first, first + step ... become to, to + step ... */\n"
          "struct code_run {\n    uint32_t first;\n    uint16_t count, step;\n    uint32_t to;\n};\n"
          f"enum {{ CODE_SEVERAL_MAX = {longest} }};\n"
          "/* One becomes several. */\n"
          "struct code_several {\n    uint32_t code;\n    uint32_t to[CODE_SEVERAL_MAX];\n};\n")
    pair = "{{0x{:x}, 0x{:x}}},".format
    print_table("struct code_range dropped_codes[]",
                [pair(*span) for span in ranges(c for c, text in become.items() if not text)])
    print_table("struct code_range blank_codes[]",
                [pair(*span) for span in ranges(c for c, text in become.items() if text == " ")])
    print_table("struct code_range punctuation_codes[]", [pair(*span) for span in ranges(split)])
    print_table("struct code_run changed_codes[]",
                ["{0x%x, %d, %d, 0x%x}," % tuple(run) for run in runs(singles)])
    print_table("struct code_several several_codes[]",
                ["{0x%x, {%s}}," % (code, ", ".join("0x%x" % char for char in to))
                 for code, to in several])
    print("#endif")


main()

"""The console's Chinese follows its English: who changes one of the two has looked at the other.

tests/golden/console_texts.txt names the English of which each Chinese text is the translation, by
checksums. Once both say the same: python3 tests/deploy/test_translated_console.py keep"""

import re
import sys
import zlib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CONSOLE = ROOT / "serve/console"
GOLDEN = ROOT / "tests/golden/console_texts.txt"
LITERAL = r'"((?:[^"\\]|\\.)*)"'


def texts():
    """Name, English and Chinese of each row of the table."""
    rows = re.findall(rf"\[(TEXT_\w+)\] = \{{((?:\s*(?:{LITERAL}|,))+)\}}",
                      (CONSOLE / "texts.c").read_text())
    for name, row, _ in rows:
        sides = re.split(r',\s*(?=(?:[^"]*"[^"]*")*[^"]*$)', row)
        english, chinese = ("".join(re.findall(LITERAL, side)) for side in sides)
        yield name, english, chinese


def checksum(text):
    return f"{zlib.crc32(text.encode()):08x}"


def kept():
    return {name: tuple(sums) for name, *sums in map(str.split, GOLDEN.read_text().splitlines())}


def test_one_is_not_changed_without_the_other():
    told = kept()
    named = [name for name, _, _ in texts()]
    assert len(named) > 200 and sorted(named) == sorted(told), \
        f"{sorted(set(named) ^ set(told))}: say them in both languages, then: {__file__} keep"
    for name, english, chinese in texts():
        now = (checksum(english), checksum(chinese))
        assert now == told[name], (
            f"{name} has changed: does its Chinese say what its English says? "
            f"Then: python3 {Path(__file__).relative_to(ROOT)} keep\n{english}\n{chinese}")


def test_chinese_is_chinese():
    """Words of English are left only where they are names."""
    names = {"Freshet", "Kafka", "ID", "JSON", "UTC", "UTF", "CPU", "Transformer", "English",
             "sequence", "clusters.every.ms", "freshet", "redrive", "state.dir", "base"}
    for name, english, chinese in texts():
        left = set(re.findall(r"[A-Za-z][A-Za-z.]+", chinese)) - names
        assert not left, (name, left)
        assert chinese != english, name


def test_figures_are_the_same():
    for name, english, chinese in texts():
        assert sorted(re.findall(r"\d+", english)) == sorted(re.findall(r"\d+", chinese)), name


# Tags, arguments in addresses, entities, an attribute by itself, and the name of a topic.
NO_WORDS = r"<[^>]*>?|(?:&amp;|[?])\w+=|&\w+;|data-\w+|dead-letters"


def words_in_markup(literal):
    """The words between the tags of a piece of markup, which may begin and end inside a tag."""
    literal = literal.replace(r"\"", "'").replace(r"\n", " ")
    literal = re.sub(r"^[^<>]*='[^<>]*>?|^[^<>]*>", "", literal)
    return re.findall(r"[A-Za-z]{3,}", re.sub(NO_WORDS, " ", literal))


def test_pages_have_no_words_beside_the_table():
    """Markup is written as literals; what is to be read comes from the table of texts."""
    for path in sorted(CONSOLE.glob("*.c")):
        for call in re.findall(rf"html_put\([^,]+,((?:\s*{LITERAL})+)\)", path.read_text()):
            literal = "".join(re.findall(LITERAL, call[0]))
            command = re.match(r" ?(freshet|--)", literal)
            if not command and ("='" not in literal.replace(r"\"", "'") or "<" in literal):
                assert not words_in_markup(literal), (path.name, literal)


if __name__ == "__main__" and sys.argv[1:] == ["keep"]:
    GOLDEN.write_text("".join(f"{name} {checksum(english)} {checksum(chinese)}\n"
                              for name, english, chinese in texts()))

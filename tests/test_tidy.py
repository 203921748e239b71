#!/usr/bin/env python3
"""Shows each house rule of tidy.py a good and a bad sample, in a temporary tree."""
import os
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tidy  # noqa: E402

C = "#include \"base/base.h\"\n"


def check(rule, files):
    """The findings of one rule on a tree of the given files, as (path, line)."""
    with tempfile.TemporaryDirectory() as root:
        for path, content in files.items():
            full = os.path.join(root, path)
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "wb") as file:
                file.write(content if isinstance(content, bytes) else content.encode())
        subprocess.run(["git", "init", "-q", root], check=True)
        subprocess.run(["git", "-C", root, "add", "-A", "-f"], check=True)
        found = tidy.RULES[rule](tidy.Tree(root))
        return [(path, line) for path, line, _ in found]


def function(lines):
    """A C function that is so many lines long."""
    return "int f(void)\n{\n" + "    x();\n" * (lines - 3) + "}\n"


class Rules(unittest.TestCase):
    checked = set()

    def good(self, rule, files):
        self.checked.add(rule)
        self.assertEqual(check(rule, files), [])

    def bad(self, rule, files, *expected):
        self.assertEqual(sorted(check(rule, files)), sorted(expected))

    def includes(self, room, target):
        return check("arrows", {f"{room}/a.c": C + f"#include \"{target}\"\n"})

    def test_arrows(self):
        allowed = [("base", "base/b.h"), ("stream", "base/b.h"), ("stream", "stream/b.h"),
                   ("stream", "stream/kafka/b.h"), ("stream/kafka", "stream/config/b.h"),
                   ("stream/sim", "stream/kafka/b.h"), ("schemas", "stream/avro/codec.h"),
                   ("schemas", "schemas/b.h"), ("model", "base/b.h"), ("model", "model/b.h"),
                   ("model/counting", "model/b.h"), ("scorer", "model/transformer/b.h"),
                   ("scorer", "scorer/b.h"), ("trainer/similarity", "schemas/b.h"),
                   ("ingest", "ingest/mapping/b.h"), ("ingest/mapping", "schemas/b.h"),
                   ("ingest/mapping", "stream/config/options.h"), ("evaluate", "model/b.h"),
                   ("evaluate", "evaluate/models/b.h"), ("cli", "evaluate/b.h"),
                   ("cli/generations", "cli/b.h"), ("cli", "ingest/mapping/b.h"),
                   ("serve", "syntax/b.h"), ("ingest/mapping", "pseudonyms/b.h"),
                   ("tests", "scorer/b.h"), ("bench", "model/b.h"), ("model", "sys/stat.h")]
        refused = [("base", "stream/b.h"), ("base", "model/b.h"), ("stream", "model/b.h"),
                   ("stream", "schemas/b.h"), ("stream", "stream/sim/b.h"),
                   ("stream/kafka", "stream/b.h"), ("stream/avro", "stream/config/b.h"),
                   ("model", "model/counting/b.h"), ("model/counting", "model/transformer/b.h"),
                   ("model", "stream/b.h"), ("model", "schemas/b.h"), ("schemas", "stream/store.h"),
                   ("schemas", "model/b.h"), ("schemas", "ingest/mapping/b.h"),
                   ("scorer", "trainer/similarity/b.h"), ("scorer", "evaluate/models/b.h"),
                   ("trainer/similarity", "trainer/sequence/b.h"), ("cli", "scorer/b.h"),
                   ("cli", "cli/generations/b.h"), ("ingest", "cli/b.h"),
                   ("scorer", "ingest/mapping/b.h"), ("ingest/mapping", "stream/store.h"),
                   ("serve", "ingest/mapping/b.h"), ("syntax", "pseudonyms/b.h"),
                   ("ingest/mapping", "model/b.h"), ("evaluate/models", "evaluate/b.h"),
                   ("evaluate", "cli/b.h")]
        for room, target in allowed:
            with self.subTest(room=room, target=target):
                self.assertEqual(self.includes(room, target), [])
        for room, target in refused:
            with self.subTest(room=room, target=target):
                self.assertEqual(self.includes(room, target), [(f"{room}/a.c", 2)])
        self.good("arrows", {"base/a.c": C})

    def test_rooms(self):
        self.good("rooms", {"stream/kafka/a.c": C, "tests/x/a.c": C, "bench/a.c": C,
                            "deploy/a.py": ""})
        self.bad("rooms", {"mapping/a.c": C, "stream/odd/a.h": ""},
                 ("mapping/a.c", 1), ("stream/odd/a.h", 1))

    def test_circles(self):
        def ring(room):
            return {f"{room}/{one}.{ext}": f"#include \"{room}/{target}\"\n"
                    for one, ext, target in (("a", "h", "b.h"), ("b", "c", "c_internal.h"),
                                             ("c", "h", "a.h"))}
        self.good("circles", {"base/a.c": "#include \"base/a.h\"\n#include \"base/b.h\"\n",
                              "base/b.h": "", "base/a_internal.h": "#include \"base/a.h\"\n",
                              **ring("stream/kafka"), **ring("tests/x")})
        self.bad("circles", ring("base"), ("base/a.h", 1))

    def test_room_size(self):
        small = {f"{room}/a.c": "\n" * 4001 for room in tidy.ROOMS}
        self.good("room-size", {**small, "tests/a.c": "\n" * 90000})
        self.bad("room-size", {**small, "model/a.c": "\n" * 20000}, ("model/", 1))
        self.good("room-size", {"base/a.c": "\n" * 4000})

    def test_vocabulary(self):
        good = "struct thread_pool {\n};\nint a_round(void)\n{\n    int lesson = 1;\n}\n"
        left = "bool roll_back(int a,\n          int b)\n{\n}\n"
        self.good("vocabulary", {"base/a.c": C + good, "docs/season.md": "",
                                 "scorer/b.c": C + left})
        bad = "\nstruct pool_place {\n};\nenum lesson_kind {\n};\n"
        self.bad("vocabulary", {"base/crew.c": C + bad, "tests/judge.py": "",
                                "base/a.h": "static inline int end_seasons(void)\n{\n}\n",
                                "base/b.h": "typedef int lesson_count;\ntypedef struct {\n"
                                            "} judge;\nstatic struct crew {\n} c;\n",
                                "model/c.cc": "FILE *exam_open()\n{\n}\n"},
                 ("base/b.h", 1), ("base/b.h", 2), ("base/b.h", 4), ("model/c.cc", 1),
                 ("base/crew.c", 1), ("base/crew.c", 3), ("base/crew.c", 5), ("base/a.h", 1),
                 ("tests/judge.py", 1))
        self.bad("vocabulary", {"HACKING.md": "", "base/a.c": C},
                 *[("tests/tidy.py", 1)] * len(tidy.LEFTOVERS))

    def test_full_path(self):
        self.good("full-path", {"model/a.c": C + "#include \"a.avsc.inc\"\n#include <b.h>\n"})
        self.bad("full-path", {"model/a.c": C + "#include \"b.h\"\n"}, ("model/a.c", 2))

    def test_plain_includes(self):
        self.good("plain-includes", {"a/a.c": C + "#include <sys/stat.h>\n#include \"a.inc\"\n"
                                                  "#include \"a/b.h\" /* why */\n#define X 1\n"})
        for odd in ("#include \"../scorer/a.h\"", "#include \"./a.h\"", "# /* x */ include <a.h>",
                    "#include/**/\"a/b.h\"", "#import \"a/b.h\"", "#include_next <a.h>",
                    "#include HEADER", "#include \"base/../scorer/a.h\"", "#\\"):
            with self.subTest(odd=odd):
                self.bad("plain-includes", {"a/a.c": C + odd + "\n"}, ("a/a.c", 2))

    def test_function_braces(self):
        self.good("function-braces", {"a/a.c": C + function(5) + "struct a f = {1};\nint b(int),"
                                                   "\n    c[] = {\n1};\nstruct d {\n};\n"})
        self.bad("function-braces", {"a/a.c": "int f(void) {\n}\n",
                                     "a/b.h": "static int f(int a,\n  int b) { return 1; }\n"},
                 ("a/a.c", 1), ("a/b.h", 2))

    def test_doors(self):
        door = "#include \"stream/kafka/kafka_internal.h\"\n"
        self.good("doors", {"stream/kafka/kafka_internal.h": "#include <librdkafka/rdkafka.h>\n",
                            "stream/kafka/kafka.c": C + door, "stream/kafka/kafka_send.c": C + door,
                            "stream/avro/schema_cache.c": C + "#include <avro.h>\n",
                            "tests/unit/test_x.c": C + "#include <librdkafka/rdkafka.h>\n",
                            "bench/x.c": C + "#include <rocksdb/c.h>\n"})
        for header in tidy.DOORS:
            with self.subTest(header=header):
                self.bad("doors", {"scorer/a.c": C + f"#  include <{header}>\n"},
                         ("scorer/a.c", 2))

        for path in ("stream/run.c", "stream/kafkaesque.c"):
            self.bad("doors", {path: C + door}, (path, 2))

    def test_door_calls(self):
        self.good("door-calls", {"base/thread.c": C + "int x = pthread_create(a);\n",
                                 "stream/a.c": C + "/* rename(a) */ int x = file_rename(a);\n",
                                 "tests/unit/test_x.c": C + "int x = rename(a, b);\n"})
        for call in tidy.DOOR_CALLS:
            with self.subTest(call=call):
                self.bad("door-calls", {"stream/a.c": C + f"int x = {call} (a, b);\n"},
                         ("stream/a.c", 2))

    def test_internal_headers(self):
        text = C + "#include \"stream/run_internal.h\"\n"
        self.good("internal-headers", {"stream/a.c": text, "tests/unit/test_a.c": text})
        self.bad("internal-headers", {"scorer/a.c": text}, ("scorer/a.c", 2))

    def test_first_include(self):
        self.good("first-include", {"a/a.c": "/* x */\n" + C + "#include <x.h>\n",
                                    "a/b.h": "#include <x.h>\n"})
        self.bad("first-include", {"a/a.c": "\n#include <x.h>\n" + C, "a/b.c": "int x;\n"},
                 ("a/a.c", 2), ("a/b.c", 1))

    def test_pure_model(self):
        self.good("pure-model", {"model/a.c": C + "/* time(x) */ int y = my_time(p->time(2));\n"
                                                  "char *z = \"printf(\"; snprintf(z);\n",
                                 "stream/a.c": "fopen(x);\n"})
        self.bad("pure-model", {"model/a.c": C + "x = time(NULL);\n",
                                "model/b.h": "\n\nfopen (x);\n"},
                 ("model/a.c", 2), ("model/b.h", 3))

    def test_function_length(self):
        python = "def f():\n" + "    x()\n" * 59
        self.good("function-length", {"a/a.c": C + "\n" + function(60) + "\n" + function(3),
                                      "a/a.py": python, "a/array.c": "int a[] = {\n" + "1,\n" * 99
                                      + "};\n"})
        self.bad("function-length", {"a/a.c": C + "\nint x;\n" + function(61),
                                     "a/b.c": "/* why */\n" + function(60)
                                     + "\nint\ng(int a,\n  int b)\n" + function(58)[12:],
                                     "a/c.h": function(5) + "\nstatic inline " + function(61),
                                     "a/a.py": "x = 1\n" + python + "    y()\n",
                                     "a/tool": "#!/usr/bin/env python3\n" + python + "    y()\n"},
                 ("a/a.c", 4), ("a/c.h", 7), ("a/a.py", 2), ("a/tool", 2))

    def test_function_spread(self):
        short, long = function(11) + "\n", function(40) + "\n"
        self.good("function-spread", {"base/a.c": C + "\n" + short * 10 + long,
                                      "tests/a.c": C + "\n" + long * 30})
        self.bad("function-spread", {"base/a.c": C + "\n" + short * 8 + long * 2}, (".", 1))
        self.bad("function-spread", {"base/a.c": C + "\n" + function(12)}, (".", 1))

    def test_designs(self):
        essay, hazard = "/* How.\n * And\n * why. */\n", C + "int x = thread_start(y);\n"
        self.good("designs", {"base/a.c": essay + hazard, "base/b.c": essay + "\n" * 300,
                              "base/c.c": C + "/* CRASH_POINT(x) */\n", "base/d.h": hazard,
                              "tests/e.c": hazard, "base/f.c": C + "\n" * 290})
        self.bad("designs", {"base/a.c": hazard, "base/b.c": C + "\n" * 300,
                             "base/c.c": C + "enum { PHASE_ONE };\n",
                             "base/d.c": C + "CRASH_POINT(\"x\");\n",
                             "base/e.c": "/* How. */\n" + hazard},
                 *((f"base/{one}.c", 1) for one in "abcde"))

    def test_line_length(self):
        self.good("line-length", {"a/a.c": "x" * 100 + "\n", "a/a.txt": "x" * 101,
                                  "README.md": "x" * 101, "a/b.c": "é" * 100,
                                  "Makefile": "\t" + "x" * 92})
        long = "\n" + "x" * 101
        self.bad("line-length", {"a/a.c": long, "a/a.h": long, "a/a.py": long, "a/a.sh": long,
                                 "a/run": "#!/bin/sh" + long, "Makefile": "\t" + "x" * 93},
                 ("a/a.c", 2), ("a/a.h", 2), ("a/a.py", 2), ("a/a.sh", 2), ("a/run", 2),
                 ("Makefile", 1))

    def test_file_length(self):
        self.good("file-length", {"a/a.c": "\n" * 600, "a/a.txt": "\n" * 601})
        self.bad("file-length", {"a/a.c": "\n" * 601}, ("a/a.c", 601))

    def test_blobs(self):
        self.good("blobs", {"a/a": b"\0" * (200 << 10)})
        self.bad("blobs", {"a/a": b"\0" * ((200 << 10) + 1)}, ("a/a", 1))

    def test_unique_names(self):
        self.good("unique-names", {"a/x.c": "", "a/x.h": "", "b/y.h": "", "b/x.py": ""})
        self.bad("unique-names", {"a/x.c": "", "b/x.c": ""}, ("b/x.c", 1))
        self.bad("unique-names", {"a/x.h": "", "b/x.h": ""}, ("b/x.h", 1))
        self.bad("unique-names", {"a/x.c": "", "b/x.h": ""}, ("b/x.h", 1))

    def test_nouns(self):
        self.good("nouns", {"a/commonplace.c": "", "futile/a.c": ""})
        self.bad("nouns", {"a/string_utils.c": "", "common/a.c": "", "a/Helpers.py": "",
                           "tests/misc": ""},
                 ("a/string_utils.c", 1), ("common/a.c", 1), ("a/Helpers.py", 1),
                 ("tests/misc", 1))

    def test_tested(self):
        self.good("tested", {"base/a.c": "", "tests/unit/base/test_a.c": "", "model/b.h": "",
                             "scorer/c.c": "", "stream/kafka/kafka.c": "",
                             "stream/d.c": "", "tests/topology/test_d.c": ""})
        self.bad("tested", {"base/a.c": "", "stream/b.c": "", "model/c.c": "",
                            "tests/unit/base/test_c.c": "",
                            "ingest/mapping/d.c": ""},
                 ("base/a.c", 1), ("stream/b.c", 1), ("model/c.c", 1), ("ingest/mapping/d.c", 1))
        self.bad("tested", {"stream/kafka/kafka.c": "", "tests/unit/stream/kafka/test_kafka.c": ""},
                 ("tests/tidy.py", 1))

    def test_pairs(self):
        declared = "struct a;\nint f(struct a *x,\n      int y) _printf_(1, 2);\n"
        inline = "static inline int f(int x)\n{\n    if (x) { g(x); }\n    return g(x);\n}\n"
        fields = ("struct s {\n    int (*call)(void *arg);\n};\n#define F(x) g(x); \\\n    h(x);\n"
                  "enum { A = (1) };\n/* int f(void); */\n_Static_assert(x, \"y\");\n")
        self.good("pairs", {"base/a.h": declared, "base/a.c": "", "base/b.h": inline,
                            "base/c.h": fields.replace("_Static_assert(x, \"y\");\n", ""),
                            "base/a_internal.h": declared, "tests/unit/t.h": declared})
        self.bad("pairs", {"base/a.h": declared, "model/b.h": inline + "\nvoid g(void);\n",
                           "model/a.c": ""}, ("base/a.h", 1), ("model/b.h", 1))

    def test_dead_headers(self):
        self.good("dead-headers", {"base/a.h": "", "base/a.c": "#include \"base/a.h\"\n"})
        self.bad("dead-headers", {"base/a.h": "", "base/a.c": C}, ("base/a.h", 1))

    def test_block_comments(self):
        self.good("block-comments", {"a/a.c": "/* // */ char *x = \"http://x\\\"//\"; char y = '\"'"
                                              "; /*\n// x */\n", "a/a.py": "1 // 2\n"})
        self.bad("block-comments", {"a/a.c": "int x;\nint y; // why\n", "a/a.h": "// x\n"},
                 ("a/a.c", 2), ("a/a.h", 1))

    def test_scratch_words(self):
        words = ["TO" "DO", "FIX" "ME", "X" "XX", "HA" "CK"]
        self.good("scratch-words", {"a/a.c": "char x[] = \"/tmp/x-XXXXXX\"; /* todo, HACKING */\n",
                                    "a/a.bin": words[0].encode() + b"\0",
                                    "tests/fuzz/corpus/x/a": words[0]})
        for word in words:
            with self.subTest(word=word):
                self.bad("scratch-words", {"README.md": f"a\n{word}: b\n"}, ("README.md", 2))

    def test_hosts(self):
        self.good("hosts", {"README.md": "https://kafka.apache.org http://localhost/repo.\n"})
        for host in ("repo.maven.apache.org", "repo1.maven.org", "pypi.org", "registry.npmjs.org"):
            with self.subTest(host=host):
                self.bad("hosts", {"deploy/a": "x\nhttps:" f"//{host}/x\n"}, ("deploy/a", 2))

    def test_cut_defaults(self):
        self.good("cut-defaults",
                  {"Makefile": "a:\n\t@B=$(or $(B),1) C=$(or $(C),x y),z\nD ?= 1,3\n"})
        self.bad("cut-defaults", {"Makefile": "a:\n\t@B=$(or $(B),1,3)\n"},
                 ("Makefile", 2))

    def test_blanks(self):
        self.good("blanks", {"a/a.c": "int x;\n", "Makefile": "a:\n\tb\n", "a/a.bin": b"x \n\0"})
        self.bad("blanks", {"a/a.c": "int x; \n\tint y;\n", "a/a.md": "a\nb  \n"},
                 ("a/a.c", 1), ("a/a.c", 2), ("a/a.md", 2))

    def test_readme(self):
        self.good("readme", {"README.md": "`make demo`, `make test`\n"})
        self.good("readme", {"a/a": ""})
        self.bad("readme", {"README.md": "`make demo`\n"}, ("README.md", 1))

    def test_program(self):
        program = os.path.join(os.path.dirname(os.path.abspath(tidy.__file__)), "tidy.py")
        for text, code in (("int x;\n", 0), ("int x; \n", 1)):
            with tempfile.TemporaryDirectory() as root:
                with open(os.path.join(root, "a.h"), "w", encoding="utf-8") as file:
                    file.write(text)
                with open(os.path.join(root, "a.c"), "w", encoding="utf-8") as file:
                    file.write(C + "#include <a.h>\n")
                subprocess.run(["git", "init", "-q", root], check=True)
                subprocess.run(["git", "-C", root, "add", "-A"], check=True)
                done = subprocess.run([sys.executable, "-B", program, root], check=False,
                                      capture_output=True, text=True)
                expected = "a.h:1: blanks: remove the blanks at the end\n" if code else ""
                self.assertEqual((done.returncode, done.stdout), (code, expected))

    @classmethod
    def tearDownClass(cls):
        assert not set(tidy.RULES) - cls.checked, set(tidy.RULES) - cls.checked


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/env python3
"""The house rules as a program: walks the tracked files of a tree and prints what breaks a rule.

    tests/tidy.py [ROOT]        file:line: rule: what to do        exit 1 when there is a finding

Each rule is one function below, marked @rule; tests/test_tidy.py shows each of them a good and a
bad sample. An exception is a line in a table here, with its reason; one that is no longer needed
is itself a finding.
"""
import ast
import os
import re
import subprocess
import sys

LINE_MAX = 100
FUNCTION_MAX = 60
FUNCTION_MEDIAN_MAX = 11
FUNCTION_P90_MAX = 24
LONG_FILE = 300
FILE_MAX = 600
BLOB_MAX = 200 << 10

# What a room may include, besides itself: rooms, by name. A room is a folder.
RUNTIME = ("base", "stream", "stream/avro", "stream/config", "stream/http", "stream/kafka",
           "stream/registry", "stream/state", "schemas")
ARROWS = {
    "base": (),
    "stream/config": ("base",),
    "stream/avro": ("base",),
    "stream/registry": ("base", "stream/avro", "stream/config"),
    "stream/kafka": ("base", "stream/config"),
    # The in-process broker: only tests include it.
    "stream/sim": ("base", "stream/kafka"),
    "stream/state": ("base", "stream/kafka"),
    "stream/http": ("base",),
    "stream": ("base", "stream/avro", "stream/config", "stream/http", "stream/kafka",
               "stream/registry", "stream/state"),
    "schemas": ("base", "stream/avro"),
    "model": ("base",),
    "model/counting": ("base", "model"),
    "model/transformer": ("base", "model"),
    # Rules of placements: pure, for the scorer and for `freshet rules` alike.
    "rules": ("base", "schemas", "stream/config", "model"),
    # What outsiders write as JSON, as times and as kinds of actions; and a user's id under a key:
    # for ingest, for requests and for commands alike.
    "syntax": ("base", "schemas"),
    "pseudonyms": ("base", "syntax"),
    # Foreign records as ours: pure, for the worker and for `freshet map` alike. The payload's bytes
    # become JSON texts, and the mapping makes our objects of them.
    "ingest/payload": ("base", "stream/avro", "stream/kafka"),
    "ingest/mapping": ("base", "schemas", "stream/avro", "stream/config", "stream/kafka",
                       "ingest/payload", "pseudonyms", "syntax"),
    "ingest": RUNTIME + ("ingest/mapping", "pseudonyms", "syntax"),
    "features": RUNTIME + ("model", "model/counting"),
    "trainer/similarity": RUNTIME + ("model", "model/counting"),
    "trainer/sequence": RUNTIME + ("embed/text", "model", "model/transformer"),
    # Lists from tables, pure: for the scorer and for requests alike.
    "scorer/lists": ("base", "schemas", "stream/avro", "stream/config", "embed/text", "model",
                     "model/counting", "model/transformer", "rules"),
    "serve": RUNTIME + ("serve/console", "embed/text", "model", "model/counting",
                        "model/transformer", "pseudonyms", "scorer/lists", "syntax"),
    "serve/console": RUNTIME + ("model", "model/counting", "pseudonyms", "scorer/lists", "serve",
                                "syntax"),
    # Texts as vectors, pure but for the model's files: for the worker, and for queries.
    "embed/text": ("base", "model", "model/transformer"),
    "embed": RUNTIME + ("embed/text",),
    "scorer": RUNTIME + ("model", "model/counting", "model/transformer", "rules",
                         "scorer/lists"),
    "evaluate/models": ("base", "model", "model/counting", "model/transformer"),
    "evaluate": ("base", "model", "model/counting", "evaluate/models"),
    "cli": RUNTIME + ("ingest/mapping", "model", "model/counting", "evaluate", "evaluate/models",
                      "pseudonyms", "rules", "syntax"),
    "cli/dead_letters": RUNTIME + ("cli", "ingest/mapping", "syntax"),
    "cli/generations": RUNTIME + ("cli", "model"),
    "cli/provision": RUNTIME + ("cli",),
    "cli/doctor": RUNTIME + ("cli",),
    "cli/placements": RUNTIME + ("cli", "embed/text", "model", "model/counting",
                                 "model/transformer", "rules", "scorer/lists"),
}
ROOMS = tuple(ARROWS)

# Rooms whose files are one object: includes among them may go in a circle.
ONE_OBJECT = ("stream/kafka", "stream/sim")

# No room holds more than this share of the code.
ROOM_SHARE_MAX = 0.12
ROOM_LINES_LEAST = 4000

# Foreign header -> the one file that may include it; tests/ and bench/ are free. A door that is an
# internal header is open only to the files of its noun: kafka.c, kafka_send.c.
DOORS = {
    "rdkafka.h": "stream/kafka/kafka_internal.h",
    "rocksdb/c.h": "stream/state/store.c",
    "avro.h": "stream/avro/schema_cache.c",
    "cblas.h": "model/gemm.c",
    "lapacke.h": "model/gemm.c",
    "microhttpd.h": "stream/http/http_server.c",
    "curl/curl.h": "stream/registry/http.c",
    "zlib.h": "base/gunzip.c",
    "google/protobuf/descriptor.h": "ingest/payload/protobuf.cc",
    "google/protobuf/message.h": "ingest/payload/protobuf.cc",
    "openssl/evp.h": "base/digest.c",
    "openssl/crypto.h": "base/digest.c",
    "openssl/core_names.h": "base/digest.c",
}

# A call that one file makes for all: what to call instead; tests/ and bench/ are free.
DOOR_CALLS = {
    "pthread_create": ("base/thread.c", "thread_start(), which blocks signals in the thread"),
    "rename": ("base/atomic_file.c", "atomic_file_write()"),
}

# Words of our own that gave way to the field's: what to say instead. No part of a file's, a type's
# or a function's name is one of them.
VOCABULARY = {
    "foretelling": "transformer_recommender", "following": "transformer_online",
    "foresight": "transformer_inference", "recipe": "counting_recommender",
    "knob": "hyperparameter", "lesson": "training_example", "diary": "user_items",
    "ledger": "interaction_lists", "crew": "thread_pool", "dice": "rng", "mersenne": "mt19937",
    "season": "training_run", "exam": "validation", "sitter": "entry", "trait": "attribute",
    "graduate": "model_snapshot", "latecomer": "cold_start_item", "prospect": "candidate",
    "opinion": "member_score", "outlook": "member_scores", "slip": "prediction",
    "teacher": "mixture_trainer", "judge": "list_outcome, evaluation or validator",
    "judgement": "outcome", "tally": "quality_counters", "inbox": "pending_histories",
    "desk": "scratch", "affinity": "content_scores", "rack": "changed_rows",
    "shelf": "bucket or changed_users", "shelve": "table_store",
    "intake": "delta_reader or consumer_batch", "leftover": "stale_state",
    "lineup": "generation_resources",
}
# The same for ordinary words, which are fine inside a name but do not begin one.
ORDINARY = {
    "hits": "ranking_metrics", "ground": "model_context", "round": "epoch",
    "refresh": "fine_tune", "question": "validation_example", "pool": "training_set",
    "roll": "vocabulary", "style": "preset", "study": "training_thread",
    "school": "training_state", "press": "publisher", "finder": "schema_fetcher",
    "book": "schema_cache", "places": "partition_offsets", "marks": "ack_tracker",
    "letter": "dead_letter", "letters": "dead_letters", "steps": "generation_log",
    "extent": "offset_range", "children": "child_processes",
}
# Names with such a word that stay: the reason.
LEFTOVERS = {
    "roll_back": "a commit is rolled back, as in every database",
    "round_trip": "there and back again, as every codec's test calls it",
}

FORBIDDEN_NOUNS = {"util", "utils", "common", "helper", "helpers", "misc"}

# .c files of base/, stream/, model/, ingest/mapping/ and ingest/payload/ that need no test_<noun>.c
# in tests/unit/<room>/ or tests/topology/: the reason.
UNTESTED = {
    "stream/at_once.c": "a part of the run: tests/topology/test_standstill.c, test_faults.c",
    "stream/broadcast.c": "a part of the run: tests/topology/test_whole_way.c",
    "stream/dead_letter.c": "a part of the run: tests/topology/test_dead_letters.c",
    "stream/env.c": "a part of the run: all of tests/topology",
    "stream/pace.c": "a part of the run: tests/topology/test_uncommitted.c",
    "stream/run.c": "the run itself: all of tests/topology",
    "stream/run_facts.c": "a part of the run: all of tests/topology",
    "stream/output_watch.c": "tests/topology/test_serving_rows.c, test_lists_at_rest.c",
    "stream/run_spare.c": "a part of the run: tests/topology/test_lists_at_rest.c",
    "stream/run_settings.c": "a table, and one check: tests/topology/test_clear_ends.c",
    "stream/schema_hold.c": "a part of the run: tests/topology/test_registry_ways.c",
    "stream/schema_source.c": "a part of the run: tests/topology/test_registry_ways.c",
    "stream/state_directory.c": "a part of the run: tests/topology/test_restore.c",
    "stream/state/store_directory.c": "a part of the store: tests/unit/stream/state/test_store.c",
    "stream/stored_table.c": "a part of the run: tests/topology/test_sequence.c, test_serve.c",
    "stream/task.c": "a part of the run: all of tests/topology",
    "stream/worker_main.c": "a process with signals and a broker: tests/broker",
    "ingest/payload/source_frame.c": "frames with their messages: .../payload/test_payload.c",
    "ingest/payload/avro_file.c": "tests/unit/ingest/payload/test_payload.c",
    "ingest/mapping/field_set.c": "a part of the setup: test_mapping_setup.c",
    "stream/kafka/kafka.c": "needs a broker: tests/broker",
    "stream/kafka/kafka_request.c": "librdkafka's own: tests/deploy/test_local_broker.py",
    "stream/kafka/kafka_admin.c": "needs a broker: tests/broker",
    "stream/kafka/kafka_oversize.c": "needs a broker: tests/broker",
    "stream/kafka/kafka_rank.c": "needs a broker: tests/broker",
    "stream/kafka/kafka_observers.c": "needs a broker: tests/broker",
    "stream/kafka/kafka_rights.c": "needs a broker: tests/broker/test_security.py",
    "stream/kafka/kafka_told.c": "needs a broker: tests/broker",
    "stream/kafka/kafka_send.c": "needs a broker: tests/broker",
    "stream/kafka/kafka_topics.c": "needs a broker: tests/broker",
    "stream/kafka/kafka_unreadable.c": "needs a broker: tests/broker/test_flood.py",
}

# Headers whose functions live in files of other names: the reason.
UNPAIRED = {
    "stream/worker.h": "what a worker calls: of the run in run_facts.c, of the task in task.c",
}

# Calls that make an answer depend on more than the input.
IMPURE = ("fopen", "fread", "fwrite", "fprintf", "printf", "puts", "getenv", "time", "clock",
          "clock_gettime", "clock_wall_us", "clock_wall_ms", "clock_monotonic_us",
          "clock_monotonic_ms", "gettimeofday", "random", "drand48", "getrandom", "sleep", "usleep")

# Written so that this file does not break its own rule.
SCRATCH_WORDS = re.compile(r"\b(%s)\b" % "|".join(("TO" "DO", "FIX" "ME", "X" "XX", "HA" "CK")))
HOSTS = re.compile(r"https?://" r"(repo[0-9]*\.|pypi|registry)")

C_ENDINGS = (".c", ".h", ".cc", ".hh", ".hpp", ".inl")
# Bytes that are data of tests: no rule about text holds for them.
SAMPLES = ("tests/fuzz/corpus/", "tests/golden/")

C_TOKEN = re.compile(r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.S)
INCLUDE = re.compile(r"^[ \t]*#[ \t]*include[ \t]*[<\"]([^>\"]+)[>\"]", re.M)


class File:
    """One tracked file: its path, bytes and, unless it is binary or a sample, its text."""

    def __init__(self, path, data):
        self.path = path
        self.data = data
        self.folder, self.name = os.path.split(path)
        self.room = self.folder
        self.top = path.split("/")[0] if "/" in path else ""
        self.noun = re.sub(r"_internal$", "", os.path.splitext(path)[0])
        self.stem, self.ext = os.path.splitext(self.name)
        is_text = b"\0" not in data and not path.startswith(SAMPLES)
        self.text = data.decode("utf-8", "replace") if is_text else ""
        self.lines = self.text.splitlines()
        self.is_c = self.ext in C_ENDINGS and is_text

    def is_code(self):
        shebang = self.lines[0] if self.lines and self.lines[0].startswith("#!") else ""
        is_script = re.search(r"\b(sh|bash|python3?)\b", shebang)
        return bool(self.is_c or self.ext in (".py", ".sh", ".mk") or self.name == "Makefile"
                    or is_script)

    def is_python(self):
        first = self.lines[0] if self.lines else ""
        return self.ext == ".py" or (first.startswith("#!") and "python" in first)

    def line_of(self, offset):
        return self.text.count("\n", 0, offset) + 1

    def includes(self):
        return [(self.line_of(found.start()), found.group(1))
                for found in INCLUDE.finditer(self.text)]

    def quiet_c(self):
        """The C text with comments and strings blanked; lines stay where they are."""
        return C_TOKEN.sub(lambda found: re.sub(r"[^\n]", " ", found.group()), self.text)


class Tree:
    """The tracked files under a root, by path."""

    def __init__(self, root):
        listed = subprocess.run(["git", "-C", root, "ls-files", "-z"], check=True,
                                capture_output=True).stdout
        self.files = {}
        for path in listed.decode().split("\0"):
            full = os.path.join(root, path)
            if path and os.path.isfile(full):
                with open(full, "rb") as file:
                    self.files[path] = File(path, file.read())

    def __iter__(self):
        return iter(self.files.values())

    def __contains__(self, path):
        return path in self.files

    def c_files(self):
        return [file for file in self if file.is_c]


RULES = {}


def rule(check):
    """Registers a rule under its function's name; it yields (path, line, what to do)."""
    RULES[check.__name__.replace("_", "-")] = check
    return check


# ---- Rooms ----


@rule
def arrows(tree):
    for file in tree.c_files():
        if file.room not in ARROWS:
            continue
        allowed = ARROWS[file.room]
        for line, target in file.includes():
            room = os.path.dirname(target)
            if room in ROOMS and room != file.room and room not in allowed:
                yield (file.path, line, f"{file.room}/ may include "
                       f"{', '.join(allowed) or 'nothing but itself'}; not {target}")


@rule
def rooms(tree):
    for file in tree.c_files():
        if file.top not in ("", "tests", "bench") and file.folder not in ROOMS:
            yield file.path, 1, f"{file.folder}/ is no room of ARROWS"


def include_graph(tree):
    """noun -> nouns that its files include; a noun is a path without its ending."""
    graph = {}
    for file in tree.c_files():
        if file.room in ROOMS:
            for _, target in file.includes():
                noun = re.sub(r"_internal$", "", os.path.splitext(target)[0])
                if os.path.dirname(target) in ROOMS and noun != file.noun:
                    graph.setdefault(file.noun, set()).add(noun)
    return graph


def reachable(graph, start):
    seen, todo = set(), list(graph.get(start, ()))
    while todo:
        noun = todo.pop()
        if noun not in seen:
            seen.add(noun)
            todo.extend(graph.get(noun, ()))
    return seen


@rule
def circles(tree):
    graph = include_graph(tree)
    reach = {noun: reachable(graph, noun) for noun in graph}
    for noun in sorted(graph):
        circle = sorted(other for other in reach[noun] if noun in reach.get(other, ()))
        one_object = {os.path.dirname(other) for other in circle} <= set(ONE_OBJECT)
        if circle and not one_object and circle[0] == noun:
            path = next(file.path for file in tree.c_files() if file.noun == noun)
            yield path, 1, f"includes go in a circle: {', '.join(circle)}"


@rule
def room_size(tree):
    lines = {}
    for file in tree.c_files():
        if file.room in ROOMS:
            lines[file.room] = lines.get(file.room, 0) + len(file.lines)
    for room, count in sorted(lines.items()):
        share = count / sum(lines.values())
        if share > ROOM_SHARE_MAX and count > ROOM_LINES_LEAST:
            yield f"{room}/", 1, f"{100 * share:.0f} % of the code: which rooms hide in it?"


@rule
def full_path(tree):
    for file in tree.c_files():
        for found in re.finditer(r"^[ \t]*#[ \t]*include[ \t]*\"([^\"/]+)\"", file.text, re.M):
            if not found.group(1).endswith(".inc"):
                yield file.path, file.line_of(found.start()), "include as \"room/file.h\""


@rule
def plain_includes(tree):
    """An include that the other rules could not read."""
    for file in tree.c_files():
        for number, line in enumerate(file.lines, 1):
            directive = re.match(r"\s*#\s*(include|import|include_next)\b(.*)", line)
            if re.match(r"\s*#\s*(/\*|\\$)", line):
                yield file.path, number, "a directive stands on one line, without a comment in it"
            elif directive and not (directive.group(1) == "include" and re.match(
                    r" (<[\w./+-]+>|\"(?!\.)[\w/.-]+\")(\s*/\*.*)?$", directive.group(2))) \
                    or directive and "/../" in line:
                yield file.path, number, "include as #include \"room/file.h\" or <library.h>"


@rule
def function_braces(tree):
    """A function's brace stands on a line of its own: so its length is counted."""
    head = re.compile(r"^[A-Za-z_](?!truct \w+ \{|num\b)[^;={}#]*\)[^;={}]*\{", re.M)
    for file in tree.c_files():
        if file.ext not in (".c", ".h"):
            continue
        for found in head.finditer(file.quiet_c()):
            last = found.group().splitlines()[-1]
            if last.strip() != "{" and not re.match(r"(typedef|struct|enum|union|extern)\b",
                                                    found.group()):
                yield file.path, file.line_of(found.end()), "the brace of a function has its line"


@rule
def doors(tree):
    for file in tree.c_files():
        if file.top in ("tests", "bench"):
            continue
        for line, target in file.includes():
            for header, door in DOORS.items():
                if (target == header or target.endswith("/" + header)) and file.path != door:
                    yield file.path, line, f"only {door} includes {header}: go through its header"
            noun = target.removesuffix("_internal.h")
            if target in DOORS.values() and not file.path.startswith((noun + ".", noun + "_")):
                yield file.path, line, f"only {noun}*.c include {target}: go through {noun}.h"


@rule
def door_calls(tree):
    for file in tree.c_files():
        if file.top in ("tests", "bench"):
            continue
        text = file.quiet_c()
        for call, (door, instead) in DOOR_CALLS.items():
            if file.path == door:
                continue
            for found in re.finditer(r"(?<![\w.>])%s\s*\(" % call, text):
                yield file.path, file.line_of(found.start()), f"call {instead}; not {call}()"


@rule
def internal_headers(tree):
    for file in tree.c_files():
        for line, target in file.includes():
            foreign = os.path.dirname(target) != file.room and file.room in ROOMS
            if target.endswith("_internal.h") and foreign:
                yield file.path, line, f"{target} is for its own room: go through the open header"


@rule
def first_include(tree):
    for file in tree.c_files():
        if file.ext != ".c":
            continue
        found = file.includes()
        if not found or found[0][1] != "base/base.h":
            yield (file.path, found[0][0] if found else 1,
                   "include \"base/base.h\" first")


@rule
def pure_model(tree):
    call = re.compile(r"(?<![\w.>])(%s)\s*\(" % "|".join(IMPURE))
    for file in tree.c_files():
        if file.top == "model":
            for found in call.finditer(file.quiet_c()):
                yield (file.path, file.line_of(found.start()),
                       f"model/ has no I/O, clock or dice: take the result of "
                       f"{found.group(1)}() as an argument")


# ---- Sizes ----


def c_functions(file):
    """(line, length) of each function: from its first line to the closing brace, column 0."""
    lines = file.quiet_c().splitlines()
    for at, line in enumerate(lines):
        if line.rstrip() != "{" or at == 0:
            continue
        start = at
        while start > 0 and lines[start - 1].strip() and not re.match(r"[#}]|.*;\s*$",
                                                                       lines[start - 1]):
            start -= 1
        end = next((i for i in range(at, len(lines)) if lines[i].startswith("}")), at)
        yield start + 1, end - start + 1


def python_functions(file):
    try:
        parsed = ast.parse(file.text)
    except SyntaxError:
        return
    for node in ast.walk(parsed):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.lineno, node.end_lineno - node.lineno + 1


@rule
def function_length(tree):
    for file in tree:
        functions = c_functions(file) if file.is_c else \
            python_functions(file) if file.is_python() else ()
        for line, length in functions:
            if length > FUNCTION_MAX:
                yield (file.path, line,
                       f"{length} lines; split it at {FUNCTION_MAX}: leaves compute")


@rule
def function_spread(tree):
    """Half of the functions of the rooms fit FUNCTION_MEDIAN_MAX lines, nine in ten the P90."""
    lengths = sorted(length for file in tree.c_files() if file.room in ROOMS
                     for _, length in c_functions(file))
    for share, most in ((0.5, FUNCTION_MEDIAN_MAX), (0.9, FUNCTION_P90_MAX)):
        if lengths and lengths[int(share * len(lengths))] > most:
            yield (".", 1, f"{share:.0%} of the functions have up to "
                   f"{lengths[int(share * len(lengths))]} lines; {most} is the measure")


# What makes a .c file hard to read without a word on its design.
HAZARDS = re.compile(r"\b(thread_start|pthread_\w+|CRASH_POINT)\s*\(|\b(?:\w+_)?PHASE_\w+")


@rule
def designs(tree):
    for file in tree.c_files():
        opening = re.match(r"/\*.*?\*/", file.text, re.S)
        if file.ext != ".c" or file.room not in ROOMS or \
                (opening and opening.group().count("\n") >= 2):
            continue
        hazard = HAZARDS.search(file.quiet_c())
        if hazard or len(file.lines) >= LONG_FILE:
            what = hazard.group() if hazard else f"{len(file.lines)} lines"
            yield file.path, 1, f"{what.rstrip('(')}: open the file with its design, 3 to 10 lines"


@rule
def line_length(tree):
    for file in tree:
        for number, line in enumerate(file.lines if file.is_code() else (), 1):
            width = len(line.expandtabs(8))
            if width > LINE_MAX:
                yield file.path, number, f"{width} columns; break the line at {LINE_MAX}"


@rule
def file_length(tree):
    for file in tree:
        if file.ext == ".c" and len(file.lines) > FILE_MAX:
            yield (file.path, FILE_MAX + 1, f"{len(file.lines)} lines; at {FILE_MAX} a second "
                   "noun wants its own file")


@rule
def blobs(tree):
    for file in tree:
        if len(file.data) > BLOB_MAX:
            yield (file.path, 1, f"{len(file.data)} bytes; fetch or generate what is larger than "
                   f"{BLOB_MAX}")


# ---- Names ----


@rule
def unique_names(tree):
    for ext in (".c", ".h"):
        seen = {}
        for file in sorted(tree.c_files(), key=lambda file: file.path):
            if file.ext != ext:
                continue
            if file.name in seen:
                yield file.path, 1, f"{seen[file.name]} has this name: find another noun"
            seen.setdefault(file.name, file.path)
    sources = {file.stem: file for file in tree.c_files() if file.ext == ".c"}
    for file in tree.c_files():
        pair = sources.get(file.stem)
        if file.ext == ".h" and pair and pair.folder != file.folder:
            yield file.path, 1, f"{pair.path} has this noun: find another"


@rule
def nouns(tree):
    for file in tree:
        for part in re.split(r"[/_.-]", file.path):
            if part.lower() in FORBIDDEN_NOUNS:
                yield file.path, 1, f"\"{part}\" is no noun: name what the file holds"


def names_of(file):
    """(line, name) of the file itself, of the types and of the functions that it defines."""
    yield 1, file.stem
    if file.is_python():
        for found in re.finditer(r"^\s*(?:def|class) (\w+)", file.text, re.M):
            yield file.line_of(found.start(1)), found.group(1)
    if not file.is_c:
        return
    text = file.quiet_c()
    types = r"\b(?:struct|enum|union)\s+(?:__attribute__\(\(\w+\)\)\s*)?(\w+)\s*\{"
    for found in re.finditer(types, text):
        yield file.line_of(found.start()), found.group(1)
    for found in re.finditer(r"^typedef\b[^;{]*?(?:\{[^}]*\})?[^;{}]*?\b(\w+)\s*;", text, re.M):
        yield file.line_of(found.start()), found.group(1)
    for found in re.finditer(r"^[A-Za-z_][\w \t*(),]*?\b(\w+)\([^;{}]*\)\s*\{", text, re.M):
        yield file.line_of(found.start()), found.group(1)


def old_word(name):
    """The word of a name that gave way to another, and that other."""
    for at, part in enumerate(re.split(r"[_-]", name.lower())):
        single = part.removesuffix("s")
        for word in (part, single, single.removesuffix("e")):
            if word in VOCABULARY:
                return word, VOCABULARY[word]
        if at == 0 and part in ORDINARY:
            return part, ORDINARY[part]
    return None


@rule
def vocabulary(tree):
    needed = set()
    for file in tree:
        if not file.is_code() or file.path.startswith(SAMPLES):
            continue
        for line, name in names_of(file):
            found = old_word(name)
            if found and name in LEFTOVERS:
                needed.add(name)
            elif found:
                yield file.path, line, f"{name}: say {found[1]}, not {found[0]}"
    for name in LEFTOVERS:
        if name not in needed and "HACKING.md" in tree:
            yield "tests/tidy.py", 1, f"LEFTOVERS: {name} is gone"


# ---- Pairs ----


def exception_findings(table, needed, tree, table_name):
    for path in table:
        if path in tree.files and path not in needed:
            yield "tests/tidy.py", 1, f"{table_name}: {path} needs no exception any more"


@rule
def tested(tree):
    needed = set()
    for file in tree.c_files():
        shared = file.top in ("base", "stream", "model") or file.room in (
            "ingest/mapping", "ingest/payload", "pseudonyms", "syntax")
        if not shared or file.ext != ".c":
            continue
        tests = [f"tests/unit/{file.room}/test_{file.stem}.c",
                 f"tests/topology/test_{file.stem}.c"]
        if tests[0] in tree or tests[1] in tree:
            continue
        needed.add(file.path)
        if file.path not in UNTESTED:
            yield file.path, 1, f"write {tests[0]}"
    yield from exception_findings(UNTESTED, needed, tree, "UNTESTED")


def declares_functions(file):
    text = re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", "", file.quiet_c(), flags=re.M)
    while True:
        shorter = re.sub(r"\{[^{}]*\}", "@", text)
        if shorter == text:
            break
        text = shorter
    declared = re.compile(r"^(?!typedef\b|static\b)\w[^;@()=]*\([^;@]*\)[^;@]*;", re.M)
    return bool(declared.search(text))


@rule
def pairs(tree):
    needed = set()
    for file in tree.c_files():
        if file.ext != ".h" or file.room not in ROOMS or not declares_functions(file):
            continue
        noun = re.sub(r"_internal$", "", file.stem)
        if f"{file.folder}/{noun}.c" in tree:
            continue
        needed.add(file.path)
        if file.path not in UNPAIRED:
            yield file.path, 1, f"its functions belong in {file.folder}/{noun}.c"
    yield from exception_findings(UNPAIRED, needed, tree, "UNPAIRED")


@rule
def dead_headers(tree):
    used = {target for file in tree.c_files() for _, target in file.includes()}
    for file in tree.c_files():
        if file.ext == ".h" and file.path not in used:
            yield file.path, 1, "nobody includes it: remove it or use it"


# ---- Text ----


@rule
def block_comments(tree):
    for file in tree.c_files():
        for found in C_TOKEN.finditer(file.text):
            if found.group().startswith("//"):
                yield file.path, file.line_of(found.start()), "write /* */, or remove the scratch"


@rule
def scratch_words(tree):
    for file in tree:
        for number, line in enumerate(file.lines, 1):
            found = SCRATCH_WORDS.search(line)
            if found:
                yield file.path, number, f"{found.group()}: do it, or say it in an issue"


@rule
def hosts(tree):
    for file in tree:
        for number, line in enumerate(file.lines, 1):
            if HOSTS.search(line):
                yield (file.path, number, "a package host: leave it to the client's own "
                       "configuration")


@rule
def cut_defaults(tree):
    """$(or $(NAME),a,b) of make is a alone: the rest are further arguments."""
    for file in tree:
        if file.name != "Makefile":
            continue
        for number, line in enumerate(file.lines, 1):
            if re.search(r"\$\(or \$\(\w+\),[^()]*,", line):
                yield file.path, number, "the default ends at its comma: give it by ?= instead"


@rule
def blanks(tree):
    for file in tree:
        for number, line in enumerate(file.lines, 1):
            if line != line.rstrip():
                yield file.path, number, "remove the blanks at the end"
            if file.is_c and "\t" in line:
                yield file.path, number, "indent with 4 spaces, not tabs"


@rule
def readme(tree):
    if "README.md" in tree:
        for command in ("make demo", "make test"):
            if command not in tree.files["README.md"].text:
                yield "README.md", 1, f"tell the reader about `{command}`"


def findings(root):
    tree = Tree(root)
    for name, check in RULES.items():
        for path, line, what in sorted(check(tree)):
            yield f"{path}:{line}: {name}: {what}"


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else \
        os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    found = list(findings(root))
    for finding in found:
        print(finding)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

"""Those who read the same messages: fastavro, Java's Avro, and our codec. Each is told schemas by
number and asked what a reader makes of a message: the record as the reader's bytes, or a refusal.
"""

import io
import os
import subprocess
from pathlib import Path

import fastavro
from fastavro.schema import fingerprint, to_parsing_canonical_form

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("BUILD", "build")
RESOLVER = ROOT / "tests" / "evolution" / "resolver"
REFUSED = "! "


def without_logical(schema):
    """fastavro would make dates and decimals of them."""
    if isinstance(schema, dict):
        return {key: without_logical(one) for key, one in schema.items() if key != "logicalType"}
    return [without_logical(one) for one in schema] if isinstance(schema, list) else schema


class FastAvro:
    def __init__(self, schemas):
        self.plain = [without_logical(schema) for schema in schemas]
        self.parsed = [fastavro.parse_schema(schema) for schema in self.plain]
        self.crcs = {}  # number of a schema -> bytes of its fingerprint, which take long
        self.bytes_fields = [[field["name"] for field in schema["fields"]
                              if field["type"] in ("bytes", ["null", "bytes"], ["bytes", "null"])
                              or field["type"] == {"type": "bytes"}]
                             for schema in self.plain]

    def crc(self, number):
        """The fingerprint's bytes as they stand in a message."""
        if number not in self.crcs:
            form = to_parsing_canonical_form(self.plain[number])
            self.crcs[number] = bytes.fromhex(fingerprint(form, "CRC-64-AVRO"))
        return self.crcs[number]

    def write(self, number, record):
        out = io.BytesIO()
        fastavro.schemaless_writer(out, self.parsed[number], record)
        return out.getvalue()

    def read(self, writer, reader, body):
        """The record as the reader sees it; any exception is a refusal."""
        source = io.BytesIO(body)
        read = fastavro.schemaless_reader(source, self.parsed[writer], self.parsed[reader])
        if source.read(1):
            raise ValueError("bytes after the record")
        for name in self.bytes_fields[reader]:  # it leaves their defaults as the schema's text
            if isinstance(read[name], str):
                read[name] = read[name].encode("latin-1")
        return read

    def answer(self, writer, reader, body):
        try:
            return self.write(reader, self.read(writer, reader, body)).hex()
        except Exception as refusal:  # of whatever kind
            return f"{REFUSED}{type(refusal).__name__} {refusal}"


def ask(command, lines):
    """Sends lines to a program; returns an answer for each."""
    done = subprocess.run(command, input="\n".join(lines) + "\n", text=True, encoding="utf-8",
                          stdout=subprocess.PIPE, check=True)
    answers = done.stdout.split("\n")[:-1]
    assert len(answers) == len(lines), (len(answers), len(lines))
    return answers


def java_command():
    """Builds the resolver where it is not built yet; returns how to start it."""
    home = BUILD / "evolution" / "resolver"
    sources = [RESOLVER / "pom.xml", *RESOLVER.glob("src/**/*.java")]
    mark = "".join(source.read_text(encoding="utf-8") for source in sources)
    stamp = home / ".built-from"
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != mark:
        done = subprocess.run(["mvn", "-q", "-B", "-f", RESOLVER / "pom.xml", f"-DbuildTo={home}",
                               "package"], text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        assert done.returncode == 0, f"Maven could not build the resolver:\n{done.stdout[-3000:]}"
        stamp.write_text(mark, encoding="utf-8")
    return ["java", "-Xmx512m", "-XX:+UseSerialGC", "-cp", f"{home}/resolver.jar:{home}/lib/*",
            "resolver.Resolver"]


def ours_command():
    """Our codec with sanitizers where tests/run has built it so; else as it is."""
    sanitized = BUILD / "san-address-undefined" / "tests" / "evolution" / "resolve"
    return [sanitized if sanitized.exists() else BUILD / "tests" / "evolution" / "resolve"]

"""The OpenAPI document of freshet-serve has what the sources answer and docs/serve.md describes."""

import json
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = json.loads((ROOT / "serve/openapi.json").read_text())
PAGE = (ROOT / "docs/serve.md").read_text()
RESPONDER = (ROOT / "serve/responder.c").read_text()
QUERY = (ROOT / "serve/list_query.c").read_text()
LIST = DOCUMENT["paths"]["/v1/users/{id}/recommendations"]["get"]
SCHEMAS = DOCUMENT["components"]["schemas"]


def test_paths():
    described = re.findall(r"^\| `(/[^`]*)` \|", PAGE, re.M)
    assert sorted(described) == sorted(DOCUMENT["paths"])
    told = re.search(r'"no_such_path",\s*"the server has (.*?)"\);', RESPONDER, re.S)[1]
    told = re.sub(r'"\s*"', "", told)
    assert all(path in told for path in DOCUMENT["paths"])


def test_arguments():
    asked = {one["name"] for one in LIST["parameters"] if one["in"] == "query"}
    assert asked == set(re.findall(r'argument->name, slice_str\("(\w+)"\)', QUERY))
    assert asked == set(re.findall(r"^\| `(\w+)=", PAGE, re.M))


def test_errors():
    words = set(re.findall(r'answer_error\(answer, (\d+), "(\w+)"', RESPONDER))
    assert {word for _, word in words} == set(SCHEMAS["Error"]["properties"]["error"]["enum"])
    assert {code for code, _ in words} | {"200"} == set(LIST["responses"])
    assert all(f"`{word}`" in PAGE for _, word in words)


def test_members():
    """Every member that the responder prints, and no other."""
    printed = set(re.findall(r'put_text\(out, "(\w+)"', RESPONDER))
    printed |= set(re.findall(r'\\"(\w+)\\":', RESPONDER)) - {"error", "message", "live", "ready"}
    members = {*SCHEMAS["List"]["properties"], *SCHEMAS["Item"]["properties"]}
    assert printed == members
    for name in ("List", "Item", "Error"):
        assert set(SCHEMAS[name]["required"]) == set(SCHEMAS[name]["properties"])


def test_references():
    def walk(node):
        if isinstance(node, dict):
            if "$ref" in node:
                at = DOCUMENT
                for step in node["$ref"].removeprefix("#/").split("/"):
                    at = at[step]
            for one in node.values():
                walk(one)
        elif isinstance(node, list):
            for one in node:
                walk(one)
    walk(DOCUMENT)

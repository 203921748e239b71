"""The OpenAPI document of freshet-serve has what the sources answer and docs/serve.md describes."""

import json
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = json.loads((ROOT / "serve/openapi.json").read_text())
PAGE = (ROOT / "docs/serve.md").read_text()
SOURCES = {name: (ROOT / f"serve/{name}.c").read_text()
           for name in ("responder", "list_query", "list_body", "list_text", "list_finder",
                        "user_text")}
LIST_JSON = (ROOT / "scorer/lists/list_json.c").read_text()
SCHEMAS = DOCUMENT["components"]["schemas"]
WORD = re.compile(r'(?:answer_error\(answer|fail\((?:finder->)?found), (\d+), "(\w+)"')


def resolved(node):
    if "$ref" not in node:
        return node
    at = DOCUMENT
    for step in node["$ref"].removeprefix("#/").split("/"):
        at = at[step]
    return at


def operations():
    for path in DOCUMENT["paths"].values():
        yield from path.values()


def test_paths():
    described = re.findall(r"^\| `(?:GET|POST) (/[^`]*)` \|", PAGE, re.M)
    assert sorted(described) == sorted(DOCUMENT["paths"])
    told = re.search(r'"no_such_path",\s*"the server has (.*?)"\);', SOURCES["responder"], re.S)[1]
    told = re.sub(r'"\s*"', "", told)
    assert all(path in told for path in DOCUMENT["paths"])


def test_arguments():
    asked = {resolved(one)["name"] for operation in operations()
             for one in operation.get("parameters", ()) if resolved(one)["in"] == "query"}
    taken = r'name, slice_str\("(\w+)"\)'
    assert asked == set(re.findall(taken, SOURCES["list_query"]))
    assert asked == set(re.findall(r"^\| `(\w+)=", PAGE, re.M))


def test_body():
    members = {member for name in ("Query", "Action", "Context", "Profile")
               for member in SCHEMAS[name]["properties"]}
    named = r"\*list_query_(?:word|number)\(.*?\n}"
    words = "".join(re.findall(named, SOURCES["list_query"], re.S))
    taken = set(re.findall(r'strcmp\(name, "(\w+)"\)', SOURCES["list_body"]))
    assert members == taken | set(re.findall(r'slice_str\("(\w+)"\)', words))
    assert all(f"`{name}`" in PAGE for name in members)


def test_errors():
    words = {found for source in SOURCES.values() for found in WORD.findall(source)}
    assert {word for _, word in words} == set(SCHEMAS["Error"]["properties"]["error"]["enum"])
    codes = {code for operation in operations() for code in operation["responses"]}
    assert {code for code, _ in words} | {"200", "413"} == codes
    assert all(f"`{word}`" in PAGE for _, word in words)


def test_members():
    """Every member that is printed, and no other."""
    figures = re.search(r"void list_json_figures\(.*?\n}", LIST_JSON, re.S)[0]
    printed = set(re.findall(r'list_json_text\(out, "(\w+)"', SOURCES["list_text"]))
    printed |= set(re.findall(r'\\"(\w+)\\":', SOURCES["list_text"] + figures))
    printed -= {"error", "message"}
    assert printed == {member for name in ("List", "Item", "UserList", "WantingUser", "GroupList")
                       for member in SCHEMAS[name]["properties"]}
    placed = {"List": {"placement", "rules_offset", "removed", "query", "found_by"},
              "Item": {"rank", "rule", "last_ms", "probability"}}
    assert set(SCHEMAS["ItemList"]["properties"]) < printed
    for name in ("List", "ItemList", "Item", "UserList", "WantingUser", "Removed", "Error"):
        always = set(SCHEMAS[name]["properties"]) - placed.get(name, set())
        assert set(SCHEMAS[name]["required"]) == always


def test_members_of_users():
    printed = set(re.findall(r'\\"(\w+)\\":', SOURCES["user_text"]))
    cluster = SCHEMAS["UserProfile"]["properties"]["cluster"]
    item = cluster["properties"]["items"]["items"]
    described = [SCHEMAS["SimilarUser"], cluster, item]
    shared = {"user", "offset", "total", "as_of_ms", "data_age_ms"}
    profile = set(SCHEMAS["UserProfile"]["properties"]) - shared
    assert printed == profile | {name for one in described for name in one["properties"]}
    for one in described:
        assert set(one["required"]) == set(one["properties"])


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

"""Every change x every contract x both framings, in both directions: our codec reads what fastavro
and Java's Avro read, and refuses what they refuse."""

import changes
import matrix
import pytest


@pytest.fixture(scope="module")
def verdict():
    return matrix.compared(matrix.contracts())


def test_no_difference(verdict):
    first = verdict.differences[:1]
    assert not verdict.differences, f"{len(verdict.differences)} differences, the first: {first}"


def test_every_change_at_every_contract(verdict):
    contracts = matrix.contracts()
    assert len(contracts) >= 13
    wanted = {(ours["name"], change, framing) for ours in contracts
              for change in {case.change for case in changes.cases(ours)}
              for framing in matrix.FRAMINGS}
    assert verdict.seen == wanted
    everywhere = [{case.change for case in changes.cases(ours)} for ours in contracts]
    assert all(one == everywhere[0] for one in everywhere)


def test_each_direction_comes_out_as_avro_says(verdict):
    for ours in matrix.contracts():
        for case in changes.cases(ours):
            for direction in ("onward", "back"):
                said = verdict.says(case.change, direction)
                assert said == getattr(case, direction), (ours["name"], case.change, direction)


def test_docs_table(verdict):
    """docs/schemas.md tells of each change, for either direction, what really comes of it."""
    page = (matrix.resolvers.ROOT / "docs" / "schemas.md").read_text(encoding="utf-8")
    rows = [[cell.strip() for cell in line.strip("|").split("|")]
            for line in page.splitlines() if line.startswith("| ")]
    told = {row[0]: row[1:3] for row in rows}
    words = {"reads": "read", "refused": "refused", "some": "some", None: "-"}
    for change in {change for change, _ in verdict.outcomes}:
        said = [words[verdict.says(change, one)] for one in ("onward", "back")]
        assert [cell.split(":")[0] for cell in told.get(change, [])] == said, change

"""The matrix is made once for all tests here."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import matrix  # noqa: E402 (the path is set above)


@pytest.fixture(scope="session")
def verdict():
    return matrix.judged(matrix.contracts())

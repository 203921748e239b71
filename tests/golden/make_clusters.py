"""Makes tests/golden/clusters.txt with numpy: singular values of a sparse matrix, and K-means of some
points from a given start. Cells and points are those of tests/unit/model/test_truncated_svd.c and
test_k_means.c, from splitmix64.

    python3 tests/golden/make_clusters.py          writes the file anew
    python3 tests/golden/make_clusters.py check    compares it with what it would write
"""
import os
import sys

import numpy as np

FILE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "clusters.txt")
MASK = (1 << 64) - 1
ROWS, WIDTH, VALUES = 120, 80, 12
POINTS, DIMENSIONS, CLUSTERS = 200, 5, 6


def mixed(state):
    """The number that splitmix64 draws from this state."""
    state = (state + 0x9E3779B97F4A7C15) & MASK
    z = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def matrix():
    cells = np.zeros((ROWS, WIDTH))
    for row in range(ROWS):
        for column in range(WIDTH):
            drawn = mixed(row * WIDTH + column)
            if drawn % 8 == 0:
                cells[row, column] = (1 + (drawn >> 8) % 5) / np.sqrt(1 + column % 7)
    return cells


def points():
    return np.array([[(mixed((1 << 32) + p * DIMENSIONS + i) >> 11) * 2.0 ** -53 + (p % CLUSTERS == i)
                      for i in range(DIMENSIONS)] for p in range(POINTS)])


def k_means(at, centroids):
    while True:
        squares = ((at[:, None, :] - centroids[None]) ** 2).sum(axis=2)
        nearest = squares.argmin(axis=1)
        moved = np.array([at[nearest == c].mean(axis=0) for c in range(len(centroids))])
        if np.array_equal(moved, centroids):
            return moved, np.bincount(nearest, minlength=len(centroids))
        centroids = moved


def lines():
    made = [f"value {value:.10g}" for value in
            np.linalg.svd(matrix(), compute_uv=False)[:VALUES]]
    at = points()
    centroids, sizes = k_means(at, at[:CLUSTERS])
    for size, centroid in zip(sizes, centroids):
        made.append(f"cluster {size} " + " ".join(f"{number:.10g}" for number in centroid))
    return "\n".join(made) + "\n"


def main():
    if sys.argv[1:] == ["check"]:
        with open(FILE, encoding="utf-8") as file:
            same = file.read() == lines()
        sys.exit(None if same else f"{FILE} is not what this program makes")
    with open(FILE, "w", encoding="utf-8") as file:
        file.write(lines())


if __name__ == "__main__":
    main()

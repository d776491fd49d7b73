"""Right: a plain function, and one beside it that is none."""


def helper(rows, cols):
    return rows * cols


def scale_rows(A, B):
    return A[:, None] * B

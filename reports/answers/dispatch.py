"""Which backend for a shape, from selection.json alone: copy this file; it needs nothing of diagbench."""

import json
import sys
from bisect import bisect_left
from typing import Any

ITEMSIZE = {"float32": 4, "float16": 2, "bfloat16": 2}


def choose(selection: dict[str, Any], device: str, called: str, dtype: str, rows: int, cols: int) -> str | None:
    """The backend; None where it is not known and has to be measured: another device, another dtype, too far away."""
    if selection["schema_version"] != 1 or device not in selection["devices"] or dtype not in ITEMSIZE:
        return None
    table = selection["devices"][device]
    letter = table["measured"][called].get(f"{rows}x{cols}-{dtype}")
    if letter is None:
        moved = (2 * rows * cols + rows) * ITEMSIZE[dtype]
        kind = "aligned" if cols * ITEMSIZE[dtype] % 16 == 0 else "ragged"
        band = bisect_left(selection["columns"], cols)
        letter = next((line[band] for end, line in table["bands"][called][dtype][kind] if moved <= end), "?")
    return table["backends"].get(letter)


if __name__ == "__main__":
    path, device, called, dtype, rows, cols = sys.argv[1:]
    with open(path, encoding="utf-8") as file:
        print(choose(json.load(file), device, called, dtype, int(rows), int(cols)) or "not known: measure")

"""The measurements as a table and as a file."""

import json
import platform
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.table import Table

from bench.measure import Measurement, Ratio
from golang.toolchain import GO_VERSION


def tables(measurements: Sequence[Measurement]) -> list[Table]:
    """A table for each subject and unit, in it a row for each ratio with both of its sides."""
    made: dict[str, Table] = {}
    for each in measurements:
        title = f"{each.subject}, in {each.unit}"
        if title not in made:
            made[title] = Table("what", "sides", "", "ratio", "claim", title=title)
        for ratio in each.ratios:
            made[title].add_row(
                each.name,
                f"{ratio.of}\n{ratio.to}",
                f"{each.amounts[ratio.of].median:,.0f}\n{each.amounts[ratio.to].median:,.0f}",
                _ratio(ratio),
                _claim(ratio),
            )
    return list(made.values())


def document(measurements: Sequence[Measurement], not_run: dict[str, str]) -> dict[str, Any]:
    """All of it, with what it was measured on."""
    return {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "go": GO_VERSION,
        "measurements": [
            asdict(each)
            | {"ratios": [asdict(ratio) | {"holds": ratio.holds} for ratio in each.ratios]}
            for each in measurements
        ],
        "not_run": not_run,
    }


def write(path: Path, measurements: Sequence[Measurement], not_run: dict[str, str]) -> None:
    """Writes the document as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document(measurements, not_run), indent=2) + "\n")


def _ratio(ratio: Ratio) -> str:
    median, low, high = ratio.value
    return f"{median:.2f}" if low == high else f"{median:.2f}\n{low:.2f} to {high:.2f}"


def _claim(ratio: Ratio) -> str:
    if not ratio.claim:
        return ""
    return f"{ratio.claim}\n{'holds' if ratio.holds else 'DOES NOT HOLD'}"

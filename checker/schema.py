"""The schema of everything a run writes as JSON, in `evidence.schema.json` beside this file."""

import json
from functools import cache
from importlib import resources
from typing import Any

from jsonschema import Draft202012Validator


def schema() -> dict[str, Any]:
    """The schema of the evidence file; `$defs` holds those of its parts."""
    text = resources.files("checker").joinpath("evidence.schema.json").read_text(encoding="utf-8")
    document: dict[str, Any] = json.loads(text)
    return document


def validate(document: Any, part: str = "") -> None:
    """Raises jsonschema.ValidationError when `document` is not such a part (or whole) of evidence."""
    _validator(part).validate(document)


@cache
def _validator(part: str) -> Draft202012Validator:
    whole = schema()
    if part:
        whole = {"$ref": f"#/$defs/{part}", "$defs": whole["$defs"]}
    Draft202012Validator.check_schema(whole)
    return Draft202012Validator(whole)

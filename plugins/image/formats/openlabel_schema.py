"""Validation against the JSON Schema of OpenLABEL 1.0.0, which the package `openlabel-checker` carries."""

import json
from importlib.resources import files
from typing import Any

from studio.domain.errors import AtelierError

SCHEMA_FILE = "schema_data/openlabel_json_schema-v1.0.0.json"


def check_schema(path: str, content: Any) -> None:
    """Raise `import.breaks_schema` naming the first place that the schema does not allow."""
    # 40 ms, and most imports are of another format
    import jsonschema
    import openlabel_checker

    schema = json.loads((files(openlabel_checker) / SCHEMA_FILE).read_text("utf-8"))
    error = next(jsonschema.Draft7Validator(schema).iter_errors(content), None)
    if error is not None:
        raise AtelierError(
            "import.breaks_schema",
            f"{path!r} breaks the schema of OpenLABEL 1.0 at {error.json_path}: {error.message[:200]}.",
            hint="Mend that place, or write the file again with the program that made it.",
        )

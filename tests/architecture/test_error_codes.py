"""One table of error codes: what is raised stands in it, what stands in it is raised, and the page agrees."""

import ast
import re

from studio.domain.error_codes import CODES
from tests.architecture.error_page import PAGE, page
from tests.architecture.sources import ROOT, calls, place, sources


def test_every_error_that_is_raised_stands_in_the_table() -> None:
    unknown = [
        f"{place(path, call)} {ast.unparse(code)}"
        for path, call in calls("AtelierError")
        for code in (_codes(call) or [ast.Constant("no code")])
        if not (isinstance(code, ast.Constant) and code.value in CODES)
        and not isinstance(
            code, ast.Name | ast.Attribute | ast.Subscript
        )  # handed on from where it was first said
    ]
    assert unknown == []


def test_every_code_of_the_table_is_still_used() -> None:
    words = {
        match
        for path in (*sources(), *(ROOT / "tests" / "bench").glob("*.py"))
        if path.name != "error_codes.py"
        for match in re.findall(r"[\"']([a-z_]+\.[a-z_]+)[\"']", path.read_text(encoding="utf-8"))
    }
    assert sorted(set(CODES) - words) == []


def test_each_code_is_a_thing_and_a_problem_and_its_meaning_a_sentence() -> None:
    assert [code for code in CODES if not re.fullmatch(r"[a-z_]+\.[a-z_]+", code)] == []
    assert [code for code, meaning in CODES.items() if not re.fullmatch(r"\S.*\.", meaning)] == []


def test_the_documentations_page_is_made_from_the_table() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `make docs`"


def _codes(call: ast.Call) -> list[ast.expr]:
    given = call.args[:1] or [keyword.value for keyword in call.keywords if keyword.arg == "code"]
    return [part for code in given for part in _alternatives(code)]


def _alternatives(code: ast.expr) -> list[ast.expr]:
    match code:
        case ast.IfExp(body=one, orelse=other):
            return [one, other]
        case ast.BoolOp(values=values):
            return values
    return [code]

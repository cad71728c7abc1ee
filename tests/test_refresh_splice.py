"""Writing values into a sheet's XML: only the bytes of changed cells may change."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from refresh_books import parsed

from factor_core.errors import ExcelError, FactorError
from factor_core.refresh.addresses import address, position
from factor_core.refresh.scan import formula_cells
from factor_core.refresh.splice import CLEAR, Clear, Put, Stub, splice
from factor_core.refresh.values import Stored, number_text, read, same, store, unescaped

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
HEAD = b'<?xml version="1.0" encoding="UTF-8"?>\n<worksheet xmlns="%b">' % MAIN.encode()
TAIL = b'<pageMargins left="0.7"/></worksheet>'


def sheet(rows: bytes, before: bytes = b"") -> bytes:
    return HEAD + before + b"<sheetData>" + rows + b"</sheetData>" + TAIL


def put(xml: bytes, changes: dict) -> bytes:
    return splice("sheet1.xml", xml, {position(cell): c for cell, c in changes.items()})[0]


def cells(xml: bytes) -> dict[str, tuple]:
    """Read a sheet with another parser: cell -> (type, value, array range, style)."""
    found = {}
    for cell in parsed(xml).iter(f"{{{MAIN}}}c"):
        value, formula = cell.find(f"{{{MAIN}}}v"), cell.find(f"{{{MAIN}}}f")
        text = None if value is None else value.text or ""
        ref = None if formula is None else formula.get("ref")
        found[cell.get("r")] = (cell.get("t"), text, ref, cell.get("s"))
    return found


MIXED = sheet(
    b'<row r="1" spans="1:3"><c r="A1" s="2"><f>1&gt;2</f><v>0</v></c>'
    b'<c r="C1" t="inlineStr"><is><t>x &lt; y</t></is></c></row><row r="3"/>'
    b'<row r="5" s="4" customFormat="1"><c r=\'B5\'/></row>',
    b'<dimension ref="A1:C3"/><cols><col min="5" max="5" width="9" style="7"/></cols>',
)


def test_new_cells_keep_the_order_and_take_the_style_of_row_or_column():
    changes = {
        "A1": Put(True), "B1": Put("a&<b"), "E2": Put(1.5), "A3": Put(ExcelError("#N/A")),
        "A5": Put(3.0), "B5": Put("z"), "I9": Put(2.0),
    }  # fmt: skip
    new = put(MIXED, changes)
    assert cells(new) == {
        "A1": ("b", "1", None, "2"), "B1": ("str", "a&<b", None, None),
        "C1": ("inlineStr", None, None, None), "E2": (None, "1.5", None, "7"),
        "A3": ("e", "#N/A", None, None), "A5": (None, "3", None, "4"),
        "B5": ("str", "z", None, None), "I9": (None, "2", None, None),
    }  # fmt: skip
    assert list(cells(new)) == ["A1", "B1", "C1", "E2", "A3", "A5", "B5", "I9"]
    assert [int(r) for r in re.findall(rb'<row r="(\d+)"', new)] == [1, 2, 3, 5, 9]
    assert b'<dimension ref="A1:I9"/>' in new
    assert b"<f>1&gt;2</f>" in new
    assert b"spans" not in new
    assert new.endswith(TAIL)


def test_spans_and_dimension_stay_where_no_cell_is_added():
    new = put(MIXED, {"A1": Put(1.0)})
    assert b'spans="1:3"' in new
    assert b'<dimension ref="A1:C3"/>' in new


def test_equal_values_change_no_byte():
    old = sheet(
        b'<row r="1"><c r="A1"><f>1</f><v>1.0</v></c><c r="B1" t="str"><f>2</f><v>a&amp;b</v></c>'
        b'<c r="C1" t="b"><v>1</v></c><c r="D1" t="e"><v>#N/A</v></c><c r="E1" t="n"><v>1E2</v></c>'
        b'<c r="F1" t="str"><f>""</f><v></v></c><c r="G1"><v>0.10000000000000001</v></c></row>'
    )
    values = {
        "A1": 1.0,
        "B1": "a&b",
        "C1": True,
        "D1": ExcelError("#N/A"),
        "E1": 100.0,
        "F1": "",
        "G1": 0.1,
    }
    assert put(old, {cell: Put(value) for cell, value in values.items()}) == old


def test_kinds_are_not_mistaken_for_one_another():
    old = sheet(b'<row r="1"><c r="A1" t="b"><v>1</v></c><c r="B1" t="str"><v>1</v></c></row>')
    assert cells(put(old, {"A1": Put(1.0), "B1": Put(1.0)})) == {
        "A1": (None, "1", None, None),
        "B1": (None, "1", None, None),
    }
    assert cells(put(old, {"A1": Put("1"), "B1": Put(True)}))["A1"][:2] == ("str", "1")


def test_prefixed_namespace():
    old = (
        b'<x:worksheet xmlns:x="%b"><x:sheetData><x:row r="1"><x:c r="A1"><x:f>B1</x:f><x:v>1</x:v>'
        b"</x:c></x:row></x:sheetData></x:worksheet>" % MAIN.encode()
    )
    assert put(old, {"A1": Put(1.0)}) == old
    new = put(old, {"A1": Put(2.0), "B2": Put("q")})
    assert b"<x:v>2</x:v>" in new
    assert b'<x:row r="2"><x:c r="B2" t="str"><x:v>q</x:v></x:c></x:row>' in new
    assert cells(new)["B2"][1] == "q"


def test_shrinking_array_keeps_styled_shells_and_drops_rich_data():
    old = sheet(
        b'<row r="1"><c r="A1" cm="1" vm="3" t="e"><f t="array" ref="A1:A3" ca="1">SEQUENCE(3)</f>'
        b'<v>#VALUE!</v></c></row><row r="2"><c r="A2" s="5"><v>2</v></c></row>'
        b'<row r="3"><c r="A3"><v>3</v></c></row>'
    )
    new = put(old, {"A1": Put(9.0, "A1"), "A2": CLEAR, "A3": Clear()})
    assert b'<c r="A1" cm="1"><f t="array" ref="A1" ca="1">SEQUENCE(3)</f><v>9</v></c>' in new
    assert b'<c r="A2" s="5"/>' in new
    assert b"A3" not in new.replace(b"A1:A3", b"")
    assert put(old, {"A1": Put(ExcelError("#SPILL!"))}) == old
    assert b"vm=" not in put(old, {"A1": Put(ExcelError("#VALUE!"))})


def test_single_quotes_greater_signs_and_extensions_inside_a_cell_survive():
    old = sheet(
        b"<row r='1' ht='15'><c r='A1' s='1' t='n'>"
        b"<f ca='1'>IF(1&gt;2,\"a>b\",'x>y'!A1)</f><v>1</v>"
        b'<extLst><ext uri="{1}"><y>keep</y></ext></extLst></c><!-- note --><c r="C1"/></row>'
    )
    new = put(old, {"A1": Put("v"), "B1": Put(1.0)})
    assert b"'x>y'!A1)</f><v>v</v><extLst>" in new
    assert b"<y>keep</y>" in new
    assert b"<!-- note -->" in new
    assert cells(new)["A1"] == ("str", "v", None, "1")


def test_cells_and_rows_without_addresses():
    old = sheet(b"<row><c><v>1</v></c><c><f>A1</f></c></row><row><c><f>A2</f><v>5</v></c></row>")
    assert [cell.address for cell in formula_cells("s", old)] == ["B1", "A2"]
    new = put(old, {"B1": Put(4.0), "A2": Put(6.0), "C1": Put(7.0)})
    assert b'<c><f>A1</f><v>4</v></c><c r="C1"><v>7</v></c>' in new
    assert b"<c><f>A2</f><v>6</v></c>" in new


def test_empty_sheet_data_of_both_spellings():
    for empty in (b"<sheetData/>", b"<sheetData></sheetData>", b"<sheetData />"):
        new = put(HEAD + empty + TAIL, {"B2": Put("k")})
        assert b'<sheetData><row r="2"><c r="B2" t="str"><v>k</v></c></row></sheetData>' in new


def test_byte_order_mark_and_multibyte_text_do_not_shift_the_places():
    old = b"\xef\xbb\xbf" + sheet(
        "<row r='1'><c r='A1' t='str'><f>\"é€😀\"</f><v>é€😀</v></c>".encode()
        + b"<c r='B1'><v>1</v></c></row>"
    )
    new = put(old, {"B1": Put("ü")})
    assert new.startswith(b"\xef\xbb\xbf<?xml")
    assert cells(new) == {"A1": ("str", "é€😀", None, None), "B1": ("str", "ü", None, None)}


def test_stub_is_a_formula_without_the_dynamic_mark():
    old = sheet(
        b'<row r="1"><c r="A1" s="3" cm="1"><f t="array" ref="A1">F()</f><v>1</v></c></row>'
    )
    assert b'<c r="A1" s="3"><f>P()</f></c>' in put(old, {"A1": Stub("P()")})
    assert b'<f t="array" ref="A1:A2">P()</f>' in put(old, {"A1": Stub("P()", "A1:A2")})


DAMAGED = {
    "rows out of order": b'<row r="2"><c r="A2"/></row><row r="1"><c r="A1"/></row>',
    "cells out of order": b'<row r="1"><c r="B1"/><c r="A1"/></row>',
    "a cell of another row": b'<row r="1"><c r="A2"/></row>',
    "a tag left open": b'<row r="1"><c r="A1"></row>',
}


@pytest.mark.parametrize("kind", DAMAGED)
def test_damaged_sheet_is_refused(kind):
    with pytest.raises(FactorError, match=r"damaged: sheet1\.xml"):
        put(sheet(DAMAGED[kind]), {"A1": Put(1.0), "A2": Put(2.0)})


def test_other_encodings_and_document_types_are_refused():
    xml = sheet(b'<row r="1"><c r="A1"><f>1</f></c></row>')
    with pytest.raises(FactorError, match="not UTF-8"):
        put(xml.decode().replace("UTF-8", "UTF-16").encode("utf-16"), {"A1": Put(1.0)})
    with pytest.raises(FactorError, match="not UTF-8"):
        put(xml.replace(b"UTF-8", b"ISO-8859-1"), {"A1": Put(1.0)})
    with pytest.raises(FactorError, match="document type"):
        put(xml.replace(b"\n", b'<!DOCTYPE w [<!ENTITY e "1">]>'), {"A1": Put(1.0)})


# ---------------------------------------------------------------------- laws

positions = st.tuples(st.integers(1, 6), st.integers(1, 5))
texts = st.text(st.characters(blacklist_categories=["Cs"]), max_size=6)
values = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    texts,
    st.sampled_from([ExcelError("#N/A"), ExcelError("#NUM!"), ExcelError("#SPILL!")]),
)
styles = st.sampled_from(["", ' s="1"'])


@st.composite
def sheets(draw):
    """Return a sheet's XML with random gaps, styles, empty rows and spellings of cells."""
    grid = draw(st.dictionaries(positions, st.tuples(styles, st.integers(0, 3), values)))
    empty_rows = draw(st.sets(st.integers(1, 6)))
    rows = b""
    for row in sorted({r for r, _ in grid} | empty_rows):
        line = b""
        for column in sorted(c for r, c in grid if r == row):
            style, form, value = grid[row, column]
            line += _cell(address(row, column), style, form, value)
        empty = draw(st.sampled_from([b'<row r="%d"/>', b'<row r="%d"></row>']))
        rows += b'<row r="%d">%b</row>' % (row, line) if line else empty % row
    return sheet(rows)


def _cell(name, style, form, value):
    stored = store(value)
    kind = f' t="{stored.kind}"' if stored.kind else ""
    text = (stored.text or "").replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    forms = [
        f'<c r="{name}"{style}/>',
        f'<c r="{name}"{style}{kind}><v>{text}</v></c>',
        f'<c r="{name}"{style}{kind}><f>1+1</f><v>{text}</v></c>',
        f'<c r="{name}"{style}><f>A1&amp;"&gt;"</f></c>',
    ]
    return forms[form].encode("utf-8", "surrogatepass")


@settings(max_examples=150, deadline=None)
@given(
    sheets(), st.dictionaries(positions, st.one_of(values.map(Put), st.just(CLEAR)), max_size=12)
)
def test_an_independent_reader_finds_new_values_where_they_belong_and_old_ones_elsewhere(
    xml, changes
):
    new, _ = splice("sheet1.xml", xml, changes)
    before, after = cells(xml), cells(new)
    for at, change in changes.items():
        kind, text, _, style = after.get(address(*at), (None, None, None, None))
        old_style = before.get(address(*at), (None,) * 4)[3]
        assert style == old_style
        if isinstance(change, Put):
            expected = store(change.value)
            assert kind == expected.kind
            assert same(Stored(kind, text), expected)
        else:
            assert text is None
    untouched = {cell for cell in before if position(cell) not in changes}
    assert {cell: after[cell] for cell in untouched} == {cell: before[cell] for cell in untouched}
    order = [position(cell) for cell in after]
    assert order == sorted(order)
    assert splice("sheet1.xml", new, changes) == (new, 0)


@settings(max_examples=150, deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_number_text_reads_back_exactly(number):
    assert float(number_text(number)) == number


@settings(max_examples=150, deadline=None)
@given(values)
def test_stored_values_read_back(value):
    back = read(store(value))
    assert back == ("#VALUE!" if value == "#SPILL!" and isinstance(value, ExcelError) else value)
    assert isinstance(back, ExcelError) == isinstance(value, ExcelError)


@settings(max_examples=100, deadline=None)
@given(texts)
def test_escaping_is_undone_by_reading(text):
    assert unescaped(store(text).text or "") == text

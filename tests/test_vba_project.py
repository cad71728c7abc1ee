"""vbaProject.bin: what is written is what other programs read back, and what VBA refuses is named.

Oracles: olefile 0.47 reads the compound file, oletools 0.60.2 the VBA project inside; the examples
of compression are those printed in [MS-OVBA] 3.2.
"""

from __future__ import annotations

import io
import random
import struct

import olefile
import pytest
from check_macros import Project, VBA_Parser, decompress_stream, revealed
from hypothesis import given, settings
from hypothesis import strategies as st

from factor_core.workbook.compound_file import compound_file
from factor_core.workbook.vba_project import (
    IncompressibleError,
    Module,
    VbaProject,
    compress,
    decompress,
)


def project(*modules, name="Models"):
    return VbaProject([Module("ThisWorkbook", "workbook"), *modules], name)


def sources(blob):
    """Return the text of each module as oletools extracts it."""
    found = VBA_Parser("vbaProject.bin", data=blob).extract_macros()
    return {name.rpartition(".")[0]: code for _, _, name, code in found}


def open_ole(blob):
    return olefile.OleFileIO(io.BytesIO(blob), raise_defects=olefile.DEFECT_INCORRECT)


# ---------------------------------------------------------------------------------- compression

EXAMPLES = [  # [MS-OVBA] 3.2.1 nothing repeats, 3.2.2 normal, 3.2.3 one byte over and over
    (
        b"abcdefghijklmnopqrstuv.",
        "01 19 B0 00 61 62 63 64 65 66 67 68 00 69 6A 6B 6C 6D 6E 6F 70 00 71 72 73 74 75 76 2E",
    ),
    (
        b"#aaabcdefaaaaghijaaaaaklaaamnopqaaaaaaaaaaaarstuvwxyzaaa",
        (
            "01 2F B0 00 23 61 61 61 62 63 64 65 82 66 00 70 61 67 68 69 6A 01 38 08 61 6B 6C 00 "
            "30 6D 6E 6F 70 06 71 02 70 04 10 72 73 74 75 76 10 77 78 79 7A 00 3C"
        ),
    ),
    (b"a" * 73, "01 03 B0 02 61 45 00"),
]


@pytest.mark.parametrize(("plain", "container"), EXAMPLES)
def test_examples_of_the_specification(plain, container):
    assert decompress(bytes.fromhex(container)) == plain
    # Office takes a farther repetition in 3.2.2 where a nearer one is as long: not the same bytes.
    assert len(compress(plain)) == len(bytes.fromhex(container))
    assert decompress(compress(plain)) == plain


code_lines = st.lists(st.sampled_from(["Dim x As Long", "    x = x + 1", "End Sub", "' note", ""]))


@given(st.binary(max_size=3600) | code_lines.map(lambda lines: "\r\n".join(lines * 40).encode()))
@settings(max_examples=150, deadline=None)
def test_decompressing_undoes_compressing_here_and_in_oletools(data):
    container = compress(data)
    assert decompress(container) == data
    assert bytes(decompress_stream(bytearray(container))) == data


@pytest.mark.parametrize("size", [1, 4095, 4096, 4097, 8192, 70_000, 300_000])
def test_any_length_of_text_comes_back(size):
    data = (b"    FACTOR_BETA = FactorCall(1)\r\n" * (size // 33 + 1))[:size]
    assert decompress(compress(data)) == data == bytes(decompress_stream(bytearray(compress(data))))


def test_chunk_that_does_not_compress_is_stored_as_it_is():
    data = random.Random(1).randbytes(4096)
    container = compress(data + b"x" * 10)
    assert data in container
    assert decompress(container) == data + b"x" * 10
    assert bytes(decompress_stream(bytearray(container))) == data + b"x" * 10


def test_short_chunk_that_does_not_compress_is_refused():
    with pytest.raises(IncompressibleError, match="its last 4000 bytes hardly repeat"):
        compress(random.Random(1).randbytes(4000))


@given(st.binary(max_size=60))
@settings(max_examples=200, deadline=None)
def test_damaged_container_is_a_sentence(tail):
    try:
        decompress(b"\x01" + tail)
    except ValueError as error:
        assert "chunk" in str(error) or "container" in str(error)  # noqa: PT017  some are sound


@pytest.mark.parametrize(
    "container", ["", "02", "01 19", "01 19 B0", "01 03 B0 02 61 45", "01 00 30 61"]
)
def test_truncated_container_is_a_sentence(container):
    with pytest.raises(ValueError, match=r"container"):
        decompress(bytes.fromhex(container))


# ----------------------------------------------------------------------------- the compound file


@given(
    st.lists(st.integers(0, 9000) | st.sampled_from([63, 64, 65, 4095, 4096, 4097]), max_size=12)
)
@settings(max_examples=40, deadline=None)
def test_streams_of_every_size_come_back(sizes):
    tree = {f"s{i}": bytes([i + 1]) * size for i, size in enumerate(sizes)}
    with open_ole(compound_file({"storage": tree, "top": b"t"})) as file:
        assert {name: file.openstream(f"storage/{name}").read() for name in tree} == tree
        assert file.openstream("top").read() == b"t"


@pytest.mark.parametrize("megabytes", [1, 8, 17])
def test_large_streams_come_back(megabytes):
    # The header names 109 sectors of the table; files of 8 and 17 MB need one and two more lists.
    data = random.Random(megabytes).randbytes(megabytes * 1_000_000)
    blob = compound_file({"big": data, "small": b"s"})
    with open_ole(blob) as file:
        assert file.openstream("big").read() == data
        assert file.openstream("small").read() == b"s"
    assert len(blob) % 512 == 0


@pytest.mark.parametrize("count", [*range(1, 20), 31, 32, 63, 64, 200])
def test_directory_is_a_red_black_search_tree(count):
    tree = {f"{'s' * (i % 7 + 1)}{i}": b"x" for i in range(count)}
    with open_ole(compound_file(tree)) as file:
        entries = file.direntries
        assert sorted(_in_order(entries, file.root.sid_child)) == sorted(tree)
        keys = [(len(name), name.upper()) for name in _in_order(entries, file.root.sid_child)]
        assert keys == sorted(keys)
        assert len(set(_black_heights(entries, file.root.sid_child, is_red_above=False))) == 1


def _in_order(entries, number):
    if number == olefile.NOSTREAM:
        return []
    entry = entries[number]
    below = _in_order(entries, entry.sid_left), _in_order(entries, entry.sid_right)
    return [*below[0], entry.name, *below[1]]


def _black_heights(entries, number, *, is_red_above):
    if number == olefile.NOSTREAM:
        return [0]
    entry = entries[number]
    is_red = entry.color == 0
    assert not (is_red and is_red_above)
    children = entry.sid_left, entry.sid_right
    heights = [h for c in children for h in _black_heights(entries, c, is_red_above=is_red)]
    return [height + (not is_red) for height in heights]


@pytest.mark.parametrize("name", ["", "a/b", "a:b", "a!b", "x" * 32])
def test_bad_stream_name_is_refused(name):
    with pytest.raises(ValueError, match="is no stream name"):
        compound_file({name: b""})


def test_stream_names_that_differ_in_case_are_refused():
    with pytest.raises(ValueError, match="differ only in case"):
        compound_file({"dir": b"", "DIR": b""})


# ---------------------------------------------------------------------------------- the project


def test_project_comes_back_as_written():
    modules = (
        Module("Sheet1", "sheet"),
        Module("Chart1", "chartsheet", "Option Explicit\n"),
        Module("Tools", code="Option Explicit\nSub A()\nEnd Sub\n"),
        Module("Thing", "class", "Public X As Long\n"),
    )
    blob = project(*modules).to_bytes()
    assert sources(blob) == {
        m.name: m.source() for m in (Module("ThisWorkbook", "workbook"), *modules)
    }
    read = Project(blob)
    assert [m.name for m in read.modules] == ["ThisWorkbook", "Sheet1", "Chart1", "Tools", "Thing"]
    assert [m.is_standard for m in read.modules] == [False, False, False, True, False]
    assert read.references == ["stdole", "Office"]
    assert "Document=Sheet1/&H00000000\r\n" in read.text
    assert "Module=Tools\r\nClass=Thing\r\n" in read.text
    assert 'Name="Models"\r\n' in read.text


def test_project_is_source_only():
    with open_ole(project(Module("Tools")).to_bytes()) as file:
        assert file.openstream("VBA/_VBA_PROJECT").read()[:4] == b"\xcc\x61\xff\xff"
        assert not any(name.startswith("__SRP_") for _, *rest in file.listdir() for name in rest)


def test_project_is_neither_locked_nor_hidden():
    text = Project(project().to_bytes()).text
    setting = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    key = sum(setting["ID"].strip('"').encode()) & 0xFF
    assert revealed(setting["CMG"].strip('"')) == (key, bytes(4))
    assert revealed(setting["DPB"].strip('"')) == (key, bytes(1))
    assert revealed(setting["GC"].strip('"')) == (key, b"\xff")


def test_names_stand_in_both_alphabets():
    with open_ole(project(Module("Tools")).to_bytes()) as file:
        stream = file.openstream("PROJECTwm").read()
    assert (
        stream
        == b"".join(
            name.encode() + b"\0" + name.encode("utf-16-le") + b"\0\0"
            for name in ("ThisWorkbook", "Tools")
        )
        + b"\0\0"
    )


def test_two_builds_are_the_same_bytes():
    assert (
        project(Module("Tools", code="x")).to_bytes()
        == project(Module("Tools", code="x")).to_bytes()
    )


def test_two_hundred_modules_come_back():
    modules = [
        Module(f"Module{i}", code=f"' number {i}\nSub S{i}()\nEnd Sub\n") for i in range(200)
    ]
    found = sources(project(*modules).to_bytes())
    assert [found[m.name] for m in modules] == [m.source() for m in modules]


@pytest.mark.parametrize("kilobytes", [64, 65, 400])
def test_long_module_comes_back(kilobytes):
    generator = random.Random(kilobytes)
    lines = [f"' {generator.randbytes(30).hex()}" for _ in range(kilobytes * 16)]
    module = Module("Lengthy", code="\n".join(lines))
    assert len(module.source()) > kilobytes * 1024
    assert sources(project(module).to_bytes())["Lengthy"] == module.source()


def test_text_outside_ascii_comes_back():
    module = Module("Tools", code="' 5 € für Größe\n")
    assert sources(project(module).to_bytes())["Tools"] == module.source()


# ------------------------------------------------------------------------------- module sources


def test_exported_class_loses_its_file_header():
    exported = (
        "VERSION 1.0 CLASS\r\nBEGIN\r\n  MultiUse = -1  'True\r\nEND\r\n"
        'Attribute VB_Name = "Thing"\r\nAttribute VB_Exposed = True\r\nOption Explicit\r\n'
    )
    source = Module("Thing", "class", exported).source()
    assert source.startswith('Attribute VB_Name = "Thing"\r\nAttribute VB_Base = "0{FCFB3D2A')
    assert source.endswith("Attribute VB_Customizable = False\r\nOption Explicit\r\n")
    assert source.count("VB_Exposed") == 1
    assert "MultiUse" not in source


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
def test_every_line_end_becomes_that_of_windows(end):
    source = Module("Tools", code=f"a{end}b{end}").source()
    assert source == 'Attribute VB_Name = "Tools"\r\na\r\nb\r\n'


def test_attributes_of_procedures_stay():
    code = 'Function F()\nAttribute F.VB_Description = "why"\nEnd Function\n'
    assert 'Attribute F.VB_Description = "why"\r\n' in Module("Tools", code=code).source()


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        (
            "a\n' minus \u2212\n",
            r"module Tools, line 2: character U\+2212 is not in code page 1252",
        ),
        ("a\nb\nc\x01\n", r"module Tools, line 3: control character U\+0001"),
        ("x" * 1024, "module Tools, line 1: 1024 characters; VBA takes 1023"),
        ("x = _\n" * 25, "module Tools, line 25: more than 24 continued lines"),
        ("\n" * 65_600, "module Tools has 65601 lines; VBA takes 65534"),
        ('Attribute VB_Name = "Other"\n', "module Tools holds the code of a module named Other"),
    ],
)
def test_text_that_vba_refuses_is_named(code, sentence):
    with pytest.raises(ValueError, match=sentence):
        project(Module("Tools", code=code)).to_bytes()


def test_module_that_cannot_be_stored_is_named():
    generator = random.Random(3)
    letters = bytes(set(range(0x21, 0x100)) - {0x22, 0x81, 0x8D, 0x8F, 0x90, 0x9D}).decode("cp1252")
    lines = ["".join(generator.choices(letters, k=990)) for _ in range(4)]
    with pytest.raises(
        ValueError, match=r"module Tools cannot be stored: its last .* add a comment"
    ):
        project(Module("Tools", code="\n".join(lines))).to_bytes()


@pytest.mark.parametrize(
    "name", ["", "1st", "_x", "a b", "a-b", "Größe", "x" * 32, "Next", "string", "Dir", "a.b"]
)
def test_bad_names_are_refused(name):
    with pytest.raises(ValueError, match=r"no module or project name|cannot name a module"):
        project(Module(name))
    with pytest.raises(ValueError, match=r"no module or project name|cannot name a module"):
        project(name=name)


def test_doubled_names_are_refused():
    with pytest.raises(ValueError, match="have the name tools"):
        project(Module("Tools"), Module("tools"))
    with pytest.raises(ValueError, match="have the name Models"):
        project(Module("Models"))


def test_project_without_modules_is_refused():
    with pytest.raises(ValueError, match="0 modules"):
        VbaProject([], "Models")


def test_longest_name_comes_back():
    name = "M" * 31
    assert name in sources(project(Module(name)).to_bytes())


def test_header_names_the_version_that_every_reader_knows():
    signature, minor, major = struct.unpack_from("<8s16x2H", project().to_bytes())
    assert (signature.hex(), minor, major) == ("d0cf11e0a1b11ae1", 0x3E, 3)

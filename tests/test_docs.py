"""The written lists of functions are those of the catalogue."""

import doctest
import re
from pathlib import Path

import pytest

from factor_core import docs
from factor_core.catalogue import CATALOGUE

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGE = (ROOT / "docs" / "functions.md").read_text(encoding="utf-8")
REWRITE = "run nox -s docs"


def test_the_readmes_table_is_up_to_date():
    assert docs.with_table(README) == README, REWRITE


def test_the_page_of_functions_is_up_to_date():
    assert docs.page() == PAGE, REWRITE


def test_the_page_names_every_function_argument_and_default_once():
    assert re.findall(r"^### (\w+)$", PAGE, re.MULTILINE) == list(CATALOGUE)
    for function in CATALOGUE.values():
        section = PAGE.partition(f"### {function.name}\n")[2].partition("\n#")[0]
        assert f"`={function.usage}`" in section
        assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == [
            argument.name for argument in function.arguments
        ]


def test_writing_again_changes_nothing(tmp_path):
    (tmp_path / "README.md").write_text(README, encoding="utf-8")
    docs.write(tmp_path)
    assert (tmp_path / "README.md").read_text(encoding="utf-8") == README
    assert (tmp_path / "docs" / "functions.md").read_text(encoding="utf-8") == PAGE


def test_a_readme_without_its_markers_is_refused():
    with pytest.raises(ValueError, match=r"README\.md needs the lines"):
        docs.with_table("no markers here")


def test_the_readmes_python_gives_what_it_says():
    found = doctest.testfile(str(ROOT / "README.md"), module_relative=False)
    assert found.failed == 0
    assert found.attempted > 5


def test_links_of_the_readme_lead_somewhere():
    anchors = {name.lower() for name in CATALOGUE}
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", README):
        path, _, anchor = target.partition("#")
        assert (ROOT / path).exists(), target
        assert not anchor or anchor in anchors, target


def test_commands_of_the_readme_exist():
    from typer.testing import CliRunner  # noqa: PLC0415

    from factor_core.__main__ import app  # noqa: PLC0415

    commands = set(re.findall(r"factor-udfs ([a-z][a-z-]+)\b", README)) - {"is", "and"}
    assert {"new", "refresh", "functions"} <= commands
    for command in commands:
        assert CliRunner().invoke(app, [command, "--help"]).exit_code == 0, command

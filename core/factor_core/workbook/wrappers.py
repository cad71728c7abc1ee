"""The VBA modules made from the catalogue.

FactorFunctions has a worksheet function for each entry, FactorWizard the texts that Excel's
function wizard shows for it.
"""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING

from factor_core import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping

    from factor_core.catalogue import Function

WIDTH = 100  # of a line in the module
LAST_COLUMN = "XFD"
LONGEST_TEXT = 255  # of a sentence, category or argument in Excel's function wizard
HEADER = """\
Attribute VB_Name = "FactorFunctions"
Option Explicit
' Written from the catalogue of factor_udfs.py: one worksheet function for each Python function.
' Changes made here are lost when the workbook is built again.
"""

WIZARD_HEADER = f"""\
Attribute VB_Name = "FactorWizard"
Option Explicit
Option Private Module
' Written from the catalogue of factor_udfs.py: the texts of Excel's function wizard.
' Changes made here are lost when the workbook is built again.

Public Const FACTOR_VERSION As String = "{__version__}"
"""
CATEGORY = "Factor models: {}"  # together in the wizard's list, apart from Excel's own

# The reserved identifiers of [MS-VBAL] 3.3.5.2, and the words that are statements or options where
# they stand first in a line: as names they compile in some places only, so none is allowed.
VBA_WORDS = frozenset(
    """
    abs access addressof alias and any append array as attribute base binary boolean byref byte
    byval call case cbool cbyte ccur cdate cdbl cdec cdecl cint circle class clng clnglng clngptr
    close compare const csng cstr currency cvar cverr database date debug decimal declare defbool
    defbyte defcur defdate defdbl defdec defint deflng deflnglng deflngptr defobj defsng defstr
    defvar dim do doevents double each else elseif empty end endif enum eqv erase error event exit
    explicit fix for friend function get global gosub goto if imp implements in input inputb int
    integer is lbound left len lenb let lib like line lineinput lock long longlong longptr loop lset
    me mid midb mod module name new next not nothing null object on open option optional or output
    paramarray preserve print private property pset ptrsafe public put raiseevent random read redim
    rem reset resume return right rset scale seek select set sgn shared single spc static step stop
    string sub tab text then time to true false type typeof ubound unlock until variant
    vb_base vb_control vb_creatable vb_customizable vb_description vb_exposed vb_ext_key
    vb_globalnamespace vb_helpid vb_invoke_func vb_invoke_property vb_invoke_propertyput
    vb_invoke_propertyputref vb_memberflags vb_name vb_predeclaredid vb_procdata
    vb_templatederived vb_usermemid vb_vardescription vb_varhelpid vb_varmemberflags
    vb_varprocdata vb_varusermemid wend while width with withevents write xor
    """.split()  # noqa: SIM905  a list of so many words would hide them in quotes
)


def functions_module(catalogue: Mapping[str, Function]) -> str:
    """Return the text of FactorFunctions.bas; raise ValueError for a name Excel or VBA refuses."""
    for function in catalogue.values():
        check_names(function)
    return "\n".join([HEADER, *map(_wrapper, catalogue.values())])


def wizard_module(catalogue: Mapping[str, Function]) -> str:
    """Return the text of FactorWizard.bas; raise ValueError for a text the wizard would cut."""
    members: dict[str, list[str]] = {}  # one procedure a category: none may grow past 64 KiB
    for function in catalogue.values():
        name = "Describe" + re.sub("[^A-Za-z0-9]", "", function.category)
        members.setdefault(name, []).append(_texts(function))
    procedures = {"Public Sub DescribeFunctions": [f"    {name}" for name in members]}
    procedures |= {f"Private Sub {name}": calls for name, calls in members.items()}
    return "\n".join(
        [
            WIZARD_HEADER,
            _names(catalogue),
            *("\n".join([f"{head}()", *body, "End Sub\n"]) for head, body in procedures.items()),
        ]
    )


def _names(catalogue: Mapping[str, Function]) -> str:
    """Return a VBA function that lists every name, in lines of a readable length."""
    lines = textwrap.wrap(" ".join(catalogue), WIDTH - len('    names = names & " "'))
    return "\n".join(
        [
            "Public Function FactorNames() As Variant",
            "    Dim names As String",
            *(f'    names = names & " {line}"' for line in lines),
            '    FactorNames = Split(Mid$(names, 2), " ")',
            "End Function\n",
        ]
    )


def _texts(function: Function) -> str:
    """Return the call that gives the wizard a function's texts, each in its line."""
    category = CATEGORY.format(function.category)
    texts = [function.summary, *(argument.kind.text for argument in function.arguments)]
    sentence, *rest = (_quoted(function, text) for text in texts)
    start = f"    Describe {_quoted(function, function.name)}, {_quoted(function, category)}"
    gap = ", _\n        "
    return f"{start}{gap}{sentence}{gap}Array({gap.join(rest)})"


def _quoted(function: Function, text: str) -> str:
    """Return a text of the wizard as VBA writes it."""
    if len(text) > LONGEST_TEXT or "\n" in text:
        raise ValueError(
            f'{function.name}: its text "{text[:30]}..." has {len(text)} characters; '
            f"the function wizard shows one line of {LONGEST_TEXT}"
        )
    return '"' + text.replace('"', '""') + '"'


def check_names(function: Function) -> None:
    """Raise ValueError unless the names of a function and its arguments work in VBA and a cell."""
    names = [function.name, *(argument.name for argument in function.arguments)]
    for name in names:
        if not re.fullmatch("[A-Za-z][A-Za-z0-9_]{0,254}", name):
            raise ValueError(f'{function.name}: "{name}" is no VBA name; use letters, digits and _')
        if name.lower() in VBA_WORDS:
            raise ValueError(f'{function.name}: "{name}" is a word of VBA; use another name')
    if len({name.lower() for name in names}) < len(names):
        raise ValueError(f"{function.name}: two of its names differ in case only; VBA sees one")
    if is_cell_address(function.name):
        raise ValueError(f"{function.name} is a cell address; a formula would read that cell")


def is_cell_address(name: str) -> bool:
    """Return whether a formula could take `name` for a cell, row or column: A1 or R1C1 style.

    Examples
    --------
    >>> [is_cell_address(name) for name in ("FF3", "R2", "MSQUARED", "FACTOR_BETA")]
    [True, True, False, False]
    """
    a1 = re.fullmatch(r"([A-Za-z]{1,3})\d+", name)
    if a1 and (len(a1[1]) < len(LAST_COLUMN) or a1[1].upper() <= LAST_COLUMN):
        return True
    return re.fullmatch(r"R\d*(C\d*)?|C\d*", name, re.IGNORECASE) is not None


def _wrapper(function: Function) -> str:
    name = function.name
    parameters = (f"Optional\xa0{a.name}" if a.optional else a.name for a in function.arguments)
    values = ", ".join(argument.name for argument in function.arguments)
    return "\n".join(
        [
            _folded(f"Public Function {name}({', '.join(parameters)})"),
            # an attribute must stand in one line
            f"Attribute {name}.VB_Description = {_quoted(function, function.summary)}",
            _folded(f'    {name} = FactorCall("{name}", Array({values}))'),
            "End Function\n",
        ]
    )


def _folded(line: str) -> str:
    """Return a long line as continued lines, never broken at a no-break space."""
    lines = textwrap.wrap(line, WIDTH, subsequent_indent=" " * 8, break_on_hyphens=False)
    return " _\n".join(lines).replace("\xa0", " ")

"""A formula as a tree: calls with arguments, everything else as tokens kept verbatim."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from openpyxl.formula.tokenizer import Token as Lexeme
from openpyxl.formula.tokenizer import Tokenizer, TokenizerError

if TYPE_CHECKING:
    from collections.abc import Iterator

ENDS_IN_NAME = re.compile(r"(.*):([^:'!\]\[]+)", re.DOTALL)
FUTURE = re.compile(r"^(?:_xlfn\.(?:_xlws\.)?)", re.IGNORECASE)
OPERATORS = frozenset({Lexeme.OP_IN, Lexeme.OP_PRE, Lexeme.OP_POST})


class NotComputableError(Exception):
    """Why a formula cannot be calculated without Excel."""


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a formula that is no call; `kind` is openpyxl's operand kind or our own."""

    kind: str  # RANGE, TEXT, NUMBER, LOGICAL, ERROR, array, space, colon, operator, open, close
    text: str


@dataclass(frozen=True, slots=True)
class Invocation:
    """A function's name, as the file spells it, and its arguments."""

    name: str
    arguments: tuple[Nodes, ...]

    @property
    def plain_name(self) -> str:
        """The name as the user reads it: upper case, no _xlfn."""
        return FUTURE.sub("", self.name).upper()


Node = Token | Invocation
Nodes = tuple[Node, ...]
COLON = Token("colon", ":")


def parse(formula: str) -> Nodes:
    """Return the tree of a formula's text (no leading =)."""
    try:
        reader = _Reader(Tokenizer("=" + formula).items)
        nodes = reader.sequence()
    except (TokenizerError, IndexError, AttributeError):
        raise NotComputableError("the formula cannot be read") from None
    if reader.at != len(reader.lexemes):
        raise NotComputableError("the formula cannot be read")
    return nodes


class _Reader:
    """Recursive descent over openpyxl's tokens."""

    def __init__(self, lexemes: list[Lexeme]) -> None:
        self.lexemes, self.at = lexemes, 0

    def sequence(self) -> Nodes:
        """Read up to the end of the argument, parenthesis or formula."""
        nodes: list[Node] = []
        while self.at < len(self.lexemes):
            lexeme = self.lexemes[self.at]
            if lexeme.subtype in (Lexeme.CLOSE, Lexeme.ARG):
                break
            self.at += 1
            nodes.extend(self._one(lexeme))
        return tuple(nodes)

    def _one(self, lexeme: Lexeme) -> Iterator[Node]:
        if lexeme.type == Lexeme.FUNC:
            yield from self._call(lexeme.value[:-1])
        elif lexeme.type == Lexeme.PAREN:
            yield Token("open", "(")
            yield from self.sequence()
            self.at += 1
            yield Token("close", ")")
        elif lexeme.type == Lexeme.ARRAY:
            yield Token("array", lexeme.value + self._array())
        elif lexeme.type == Lexeme.OPERAND:
            yield from _operand(lexeme)
        elif lexeme.type == Lexeme.WSPACE:
            yield Token("space", lexeme.value)
        elif lexeme.type in OPERATORS:
            yield Token("operator", lexeme.value)
        else:
            raise TokenizerError(lexeme.value)

    def _call(self, name: str) -> Iterator[Node]:
        # The tokenizer knows no range operator: A1:INDEX( arrives as one name.
        joined = ENDS_IN_NAME.fullmatch(name)
        if joined and joined[1].count("'") % 2 == 0:
            if joined[1]:
                yield Token("RANGE", joined[1])
            yield COLON
            name = joined[2]
        arguments = []
        while True:
            arguments.append(self.sequence())
            closing = self.lexemes[self.at].subtype == Lexeme.CLOSE
            self.at += 1
            if closing:
                break
        if len(arguments) == 1 and not without_spaces(arguments[0]):
            arguments = []
        yield Invocation(name, tuple(arguments))

    def _array(self) -> str:
        text = ""
        while True:
            lexeme = self.lexemes[self.at]
            self.at += 1
            text += str(lexeme.value)
            if lexeme.type == Lexeme.ARRAY:
                return text


def _operand(lexeme: Lexeme) -> Iterator[Node]:
    text = lexeme.value
    if text.startswith(":") and len(text) > 1:
        yield COLON
        text = text[1:]
    yield Token(lexeme.subtype, text)


def render(nodes: Nodes) -> str:
    """Return the formula's text."""
    return "".join(
        node.text
        if isinstance(node, Token)
        else f"{node.name}({','.join(render(argument) for argument in node.arguments)})"
        for node in nodes
    )


def tokens(nodes: Nodes) -> Iterator[Token]:
    """Yield every token, those inside calls too."""
    for node in nodes:
        if isinstance(node, Token):
            yield node
        else:
            for argument in node.arguments:
                yield from tokens(argument)


def invocations(nodes: Nodes) -> Iterator[Invocation]:
    """Yield every call, outer ones first."""
    for node in nodes:
        if isinstance(node, Invocation):
            yield node
            for argument in node.arguments:
                yield from invocations(argument)


def without_spaces(nodes: Nodes) -> Nodes:
    """Return the nodes without white space at either end."""
    start, end = 0, len(nodes)
    while start < end and _is_space(nodes[start]):
        start += 1
    while end > start and _is_space(nodes[end - 1]):
        end -= 1
    return nodes[start:end]


def _is_space(node: Node) -> bool:
    return isinstance(node, Token) and node.kind == "space"

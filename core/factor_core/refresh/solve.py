"""Calling our functions until nothing changes: the fixed point of one workbook."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from factor_core.refresh.arguments import Calculated, Constant, Nested, Range, Source, sources
from factor_core.refresh.blocks import Block
from factor_core.refresh.engine import Unavailable
from factor_core.refresh.references import SheetArea
from factor_core.refresh.results import clean
from factor_core.refresh.workbench import Workbench

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from factor_core.refresh.addresses import Area
    from factor_core.refresh.engine import Engine
    from factor_core.refresh.hoist import Call
    from factor_core.refresh.plan import Host, Plan
    from factor_core.refresh.results import Result
    from factor_core.refresh.values import Value
    from factor_core.refresh.workbench import Target

MOST_TIMES = 12  # a call whose arguments still change after so many rounds feeds on itself
CIRCULAR = "circular reference: its result reaches its own arguments"


class SheetFunction(Protocol):
    """One function of the catalogue, as the refresh calls it."""

    def cells(self, *cells: object) -> list[list[object]]:
        """Return the rows of cells that the call shows; never raises."""


@dataclass(slots=True)
class _State:
    """What is known of one call so far."""

    sources: tuple[Source, ...]
    static: bool  # nothing that it reads can change
    fingerprint: int | None = None
    times: int = 0
    waits: str = "it was not called"
    dropped: bool = False


class Solver:
    """Calls the functions of one workbook, each as soon as its arguments are there."""

    def __init__(
        self,
        engine: Engine,
        plan: Plan,
        functions: Mapping[str, SheetFunction],
        progress: Callable[[int, int, str], None],
    ) -> None:
        self.functions, self.progress = functions, progress
        self.calls: list[Call] = plan.hoister.calls
        references = plan.hoister.references
        static = set(references.sheets.values()) - plan.formula_sheets
        self.bench = Workbench(engine, static)
        self.results = self.bench.results
        self.rounds = 0
        self.states: list[_State] = []
        for call in self.calls:
            found = sources(call, references)
            self.states.append(_State(found, all(self._static(s, static) for s in found)))
            for source in found:
                if isinstance(source, Calculated):
                    self.bench.add_slot(source.text)
        for host in plan.hosts:
            self.bench.reader.include(host.sheet, host.cell.area)
            if host.template is not None and host.reason is None:
                self.bench.add_host(host, host.template)
        self.bench.hold(h for h in plan.hosts if h.cell.kind == "dynamic" and (h.ours or h.reason))

    def _static(self, source: Source, static: set[str]) -> bool:
        match source:
            case Constant():
                return True
            case Range(place):
                return place.sheet in static
            case Nested(call):  # a call inside an argument comes before the call around it
                return self.states[call].static
        return False

    def solve(self) -> None:
        """Calculate and call until nothing changes."""
        self.bench.push(target for target in self.bench.targets if not target.template.calls)
        while True:
            self.bench.calculate()
            self.rounds += 1
            changed = self._call_all() or self._circles()
            if not changed:
                return
            self.bench.publish(changed)

    def _call_all(self) -> set[int]:
        """Call whatever is ready and new; return the calls whose results changed or were lost.

        Nothing may be written into the engine in here: it forgets its values at the first edit.
        """
        changed = set()
        for call in self.calls:
            state = self.states[call.id]
            if state.dropped or (state.static and call.id in self.results):
                continue
            blocks = self._arguments(state)
            if isinstance(blocks, str):
                state.waits, state.fingerprint = blocks, None
            elif result := self._call(call, state, blocks):
                self.results[call.id] = result
                changed.add(call.id)
                self.progress(len(self.results), len(self.calls), f"{call.name} in {call.address}")
            if state.fingerprint is None and self.results.pop(call.id, None):
                changed.add(call.id)
        return changed

    def _call(self, call: Call, state: _State, blocks: list[Block | Value]) -> Result | None:
        """Call one function if its arguments are new; return its result if that is new."""
        fingerprint = hash(
            tuple(b.fingerprint if isinstance(b, Block) else (type(b), b) for b in blocks)
        )
        if fingerprint == state.fingerprint:
            return None
        state.fingerprint = fingerprint
        state.times += 1
        if state.times > MOST_TIMES:
            self._drop(state)
            return None
        arguments = [b.argument() if isinstance(b, Block) else b for b in blocks]
        result = clean(self.functions[call.name].cells(*arguments))
        old = self.results.get(call.id)
        return None if old is not None and old.rows == result.rows else result

    def _arguments(self, state: _State) -> list[Block | Value] | str:
        """Return the arguments' values, or why one of them is not there."""
        values: list[Block | Value] = []
        for number, source in enumerate(state.sources, 1):
            value = self._value(source)
            if isinstance(value, Unavailable):
                return f"argument {number}: {value.reason}"
            values.append(value)
        return values

    def _value(self, source: Source) -> Block | Value | Unavailable:
        match source:
            case Constant(value):
                return value
            case Range(place):
                return self.bench.reader.block(place)
            case Nested(call):
                result = self.results.get(call)
                if result is None:
                    inner = self.calls[call]
                    return Unavailable(f"{inner.name}: {self.states[call].waits}")
                return result.block()
            case Calculated(text):
                slot = self.bench.slots[text]
                return self._slot(slot)

    def _slot(self, slot: Target) -> Block | Unavailable:
        if slot.refused:
            return Unavailable(slot.refused)
        for call in slot.template.calls:
            if call not in self.results:
                return Unavailable(f"{self.calls[call].name}: {self.states[call].waits}")
        if slot.pushed is None:
            return Unavailable("it waits for a function of ours", pending=True)
        state = self.bench.engine.cell(slot.sheet, slot.row, slot.column)
        if isinstance(state, Unavailable):
            return state
        return self.bench.reader.block(SheetArea(slot.sheet, self.bench.extent(slot)))

    def _drop(self, state: _State) -> None:
        state.dropped, state.waits, state.fingerprint = True, CIRCULAR, None

    def _circles(self) -> set[int]:
        """Give up calls that read cells which their own result spills into."""
        dropped = set()
        for target in self.bench.targets:
            if target.host is None or target.extent is None:
                continue
            area = self.bench.extent(target)
            for call in target.template.calls:
                state = self.states[call]
                if not state.dropped and _reads(state, target.sheet, area):
                    self._drop(state)
                    if self.results.pop(call, None):
                        dropped.add(call)
        return dropped

    def reason(self, host: Host) -> str | None:
        """Return why a host was not calculated, if it is for one of our calls."""
        for call in host.template.calls if host.template else ():
            if call not in self.results:
                return f"{self.calls[call].name}: {self.states[call].waits}"
        return None


def _reads(state: _State, sheet: str, area: Area) -> bool:
    """Whether a call reads any of these cells."""
    return any(
        isinstance(source, Range)
        and source.place.sheet == sheet
        and source.place.area.overlaps(area)
        for source in state.sources
    )

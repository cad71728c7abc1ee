"""Calling our functions until nothing changes: the fixed point of one workbook."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from factor_core.refresh.arguments import Calculated, Constant, Nested, Range, Source, sources
from factor_core.refresh.blocks import Block
from factor_core.refresh.doubt import Doubt
from factor_core.refresh.engine import Unavailable
from factor_core.refresh.references import SheetArea
from factor_core.refresh.repairs import Place
from factor_core.refresh.results import clean
from factor_core.refresh.workbench import Workbench

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from factor_core.refresh.addresses import Area, Position
    from factor_core.refresh.engine import Engine
    from factor_core.refresh.hoist import Call
    from factor_core.refresh.plan import Host, Plan
    from factor_core.refresh.results import Result
    from factor_core.refresh.values import Value
    from factor_core.refresh.workbench import Target

MOST_TIMES = 12  # a call whose arguments still change after so many rounds feeds on itself
WAITS = "it depends on a cell that could not be calculated"
NOWHERE = Place("", 0, 0, plain=False)  # arguments name their sheets themselves
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
    blocker: Unavailable | None = None
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
        self.hosts, self.doubt = plan.hosts, Doubt(references)
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
            self.bench.taken.add((host.sheet, host.cell.row, host.cell.column))
            if host.template is not None and host.reason is None:
                self.bench.add_host(host, host.template)
            elif host.reason is None and host.cell.kind == "array":
                self.bench.add_fixed(host)
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
            self.rounds += 1
            self.progress(
                len(self.results), len(self.calls), f"calculating the cells, round {self.rounds}"
            )
            self.bench.calculate()
            changed = self._call_all()
            if not changed and not self.bench.unsettled:
                changed = self._circles()
                if not changed and not self._doubts():
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
            if blocks is None:
                state.fingerprint = None
            elif result := self._call(call, state, blocks):
                self.results[call.id] = result
                changed.add(call.id)
                self.progress(len(self.results), len(self.calls), f"{call.name} in {call.address}")
            if state.fingerprint is None and call.id in self.results:
                del self.results[call.id]
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

    def _arguments(self, state: _State) -> list[Block | Value] | None:
        """Return the arguments' values; None if one of them is not there, with the reason noted."""
        values: list[Block | Value] = []
        places = [source.place for source in state.sources if isinstance(source, Range)]
        bottom = self.bench.reader.common_bottom(places)
        for number, source in enumerate(state.sources, 1):
            value = self._value(source, bottom)
            if isinstance(value, Unavailable):
                state.waits, state.blocker = f"argument {number}: {value.reason}", value
                return None
            values.append(value)
        return values

    def _value(self, source: Source, bottom: int) -> Block | Value | Unavailable:
        match source:
            case Constant(value):
                return value
            case Range(place):
                return self.bench.reader.block(place, bottom)
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
        if isinstance(state, Unavailable) or slot.spread is None:
            return state if isinstance(state, Unavailable) else Unavailable(WAITS)
        return self.bench.reader.block(SheetArea(slot.sheet, slot.spread.area))

    def _drop(self, state: _State) -> None:
        state.dropped, state.fingerprint = True, None
        state.waits, state.blocker = CIRCULAR, None

    def _circles(self) -> set[int]:
        """Give up calls that read cells which their own result spills into."""
        dropped = set()
        for target in self.bench.targets:
            if target.host is None or target.spread is None:
                continue
            for call in self._with_nested(target.template.calls):
                state = self.states[call]
                if not state.dropped and self._reads(state, target.sheet, target.spread.area):
                    self.bench.claim(target.host)
                    self._drop(state)
                    if call in self.results:
                        del self.results[call]
                        dropped.add(call)
        return dropped

    def _with_nested(self, calls: Iterable[int]) -> list[int]:
        """Return calls and those inside their arguments, each once."""
        found: list[int] = []
        waiting = list(calls)
        while waiting:
            call = waiting.pop(0)
            if call not in found:
                found.append(call)
                waiting += sorted(self.calls[call].needs())
        return found

    def _reads(self, state: _State, sheet: str, area: Area) -> bool:
        """Whether a call reads any of these cells."""
        for source in state.sources:
            places: Iterable[SheetArea] = ()
            if isinstance(source, Range):
                places = (source.place,)
            elif isinstance(source, Calculated):
                places = self.doubt.areas(source.text, NOWHERE) or ()
            if any(place.sheet == sheet and place.area.overlaps(area) for place in places):
                return True
        return False

    def _doubts(self) -> bool:
        """Withhold formulas that the engine calculated past cells without a value."""
        lost: dict[str, set[Position]] = {}
        sound, doubtful = [], []
        for host in self.hosts:
            if host.reason or self.bench.lacks_value(host):
                cells = ((host.cell.row, host.cell.column), *host.followers)
                lost.setdefault(host.sheet, set()).update(cells)
                if not host.reason and not self.bench.waits(host):
                    doubtful.append(host)  # an array with holes
            else:
                sound.append(host)
        if not lost:
            return False
        doubtful += [h for h in sound if self.doubt.concerns(h.cell.text, h.place, lost)]
        for host in doubtful:
            self.bench.claim(host)
            host.reason = WAITS
        self.bench.withhold(doubtful)
        slots = [
            target
            for text, target in self.bench.slots.items()
            if not target.refused and self.doubt.concerns(text, NOWHERE, lost)
        ]
        for slot in slots:
            slot.refused = WAITS
        return bool(doubtful or slots)

    def calls_of(self, host: Host) -> list[int]:
        """Return a formula's calls and those inside their arguments."""
        return self._with_nested(host.template.calls) if host.template else []

    def reason(self, host: Host) -> str | None:
        """Return why a host was not calculated, if it is for one of our calls."""
        for call in host.template.calls if host.template else ():
            if call not in self.results:
                return self._why(call)
        return None

    def _why(self, call: int) -> str:
        """Return why a call was not made, following what it waits for to the first cause."""
        chain = [call]
        while (behind := self._behind(chain[-1])) is not None:
            if behind in chain:
                return f"{self.calls[call].name}: circular reference"
            chain.append(behind)
        last = self.calls[chain[-1]]
        reason = f"{last.name}: {self.states[last.id].waits}"
        return reason if last.id == call else f"it waits for {last.address}: {reason}"

    def _behind(self, call: int) -> int | None:
        """Return the call that another one waits for, if it is one."""
        blocker = self.states[call].blocker
        if blocker is None or blocker.cell is None:
            return None
        sheet, *at = blocker.cell
        for host in self.hosts:
            cells = ((host.cell.row, host.cell.column), *host.followers)
            if host.sheet == sheet and tuple(at) in cells:
                waiting = (c for c in self.calls_of(host) if c not in self.results)
                return next(waiting, None)
        return None

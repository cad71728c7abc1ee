"""The compiled half of pywin32, as far as xlwings and the half written in Python use it.

After PyIDispatch.cpp, PyGatewayBase.cpp and ErrorUtils.cpp. Excel's objects are called directly;
each call that Python makes to one of them is counted: in Excel it is a trip to another process.
"""

# ruff: noqa: N801, N802, N815, N818  (the names are pywin32's)

from __future__ import annotations

import datetime as dt
import traceback
from collections import Counter
from types import ModuleType, SimpleNamespace
from typing import Any

from host_double import variant
from host_double.variant import Variant, from_python, to_python

calls_to_excel: Counter[str] = Counter()

E_NOTIMPL = -2147467263
E_NOINTERFACE = -2147467262
E_FAIL = -2147467259
CO_E_CLASSSTRING = -2147221005
DISP_E_UNKNOWNNAME = -2147352570
DISP_E_MEMBERNOTFOUND = -2147352573
DISPID_NEWENUM = -4
METHOD_OR_PROPERTYGET = 1 | 2  # how VBA calls what it takes a value from


class error(Exception):
    """pywintypes.error: what the functions of Windows raise."""

    def __init__(self, winerror: int = 0, funcname: str = "", strerror: str = "") -> None:
        super().__init__(winerror, funcname, strerror)
        self.winerror, self.funcname, self.strerror = winerror, funcname, strerror


class com_error(Exception):
    """pythoncom.com_error: what a COM call raises."""

    def __init__(
        self,
        hresult: int | None = None,
        strerror: str | None = None,
        excepinfo: Any = None,
        argerror: int | None = None,
    ) -> None:
        super().__init__(hresult, strerror, excepinfo, argerror)
        self.hresult, self.strerror = hresult, strerror
        self.excepinfo, self.argerror = excepinfo, argerror


class IID:
    """pywintypes.IID: an identifier, equal to another of the same digits."""

    def __init__(self, text: object) -> None:
        self.text = str(text).upper()
        if not self.text.startswith("{"):
            raise com_error(CO_E_CLASSSTRING, "Invalid class string")

    def __str__(self) -> str:
        return self.text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, IID) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)


IID_NULL = IID("{00000000-0000-0000-0000-000000000000}")
IID_IUnknown = IID("{00000000-0000-0000-C000-000000000046}")
IID_IStream = IID("{0000000C-0000-0000-C000-000000000046}")
IID_IDispatch = IID("{00020400-0000-0000-C000-000000000046}")
IID_IEnumVARIANT = IID("{00020404-0000-0000-C000-000000000046}")


# ------------------------------------------------------------------------- pointers to COM objects


class ComObject:
    """An object of Excel: the members that COM shows, by their names."""

    iid = IID_NULL
    type_name = "Object"
    members: tuple[str, ...] = ()

    def dispid(self, name: str) -> int:
        lower = [member.lower() for member in self.members]
        if name.lower() not in lower:
            raise com_error(DISP_E_UNKNOWNNAME, "Unknown name.")
        return 1 + lower.index(name.lower())

    def invoke(self, dispid: int, arguments: tuple[Any, ...]) -> Variant:
        member = getattr(self, self.members[dispid - 1] if dispid else "Item")
        value = member(*arguments) if callable(member) else member
        if isinstance(value, ComObject):
            return Variant("DISPATCH", PyIDispatch(value))
        return value if isinstance(value, Variant) else from_python(value)

    def enumerated(self) -> list[ComObject]:
        raise com_error(DISP_E_MEMBERNOTFOUND, "Member not found.")


class PyIUnknown:
    """A pointer to a COM object: one of Excel's, or a Python object behind its policy."""

    def __init__(self, target: ComObject | None = None, policy: Any = None) -> None:
        self.target, self.policy = target, policy

    def QueryInterface(self, _iid: IID) -> PyIUnknown:
        return self


class PyIDispatch(PyIUnknown):
    """A pointer whose members are called by name."""

    def GetTypeInfoCount(self) -> int:
        return 1

    def GetTypeInfo(self, _index: int = 0) -> PyITypeInfo:
        if self.target is None:
            raise com_error(E_NOTIMPL, "Not implemented")
        calls_to_excel["GetTypeInfo"] += 1
        return PyITypeInfo(self.target)

    def GetIDsOfNames(self, _lcid: int, *names: str) -> int | tuple[int, ...]:
        calls_to_excel["GetIDsOfNames"] += 1
        found = tuple(self.target.dispid(name) for name in names)
        return found[0] if len(found) == 1 else found

    def Invoke(
        self, dispid: int, _lcid: int, _flags: int, _wants_result: bool, *arguments: Any
    ) -> Any:
        calls_to_excel["Invoke"] += 1
        return to_python(self.target.invoke(dispid, arguments))

    def InvokeTypes(
        self, dispid: int, lcid: int, flags: int, _result: Any, _types: Any, *arguments: Any
    ) -> Any:
        if dispid != DISPID_NEWENUM:
            return self.Invoke(dispid, lcid, flags, True, *arguments)
        calls_to_excel["NewEnum"] += 1
        return PyIEnumVARIANT([PyIDispatch(item) for item in self.target.enumerated()])


class PyIEnumVARIANT(PyIUnknown):
    """A walk through a collection of Excel."""

    def __init__(self, items: list[PyIDispatch]) -> None:
        super().__init__()
        self.items = iter(items)

    def Next(self, count: int = 1) -> tuple[PyIDispatch, ...]:
        calls_to_excel["Next"] += 1
        return tuple(item for _, item in zip(range(count), self.items, strict=False))


class TypeAttributes(tuple[Any, ...]):
    """TYPEATTR: an interface's identifier, at the fifth place its kind, no members described."""

    __slots__ = ()
    cFuncs = cVars = cImplTypes = 0
    wTypeFlags = 0x1000  # TYPEFLAG_FDISPATCHABLE
    iid = property(lambda self: self[0])
    typekind = property(lambda self: self[5])


class PyITypeInfo:
    """What COM tells of an object's type: its name and its interface, but no members."""

    def __init__(self, target: ComObject) -> None:
        self.target = target

    def GetTypeAttr(self) -> TypeAttributes:
        calls_to_excel["GetTypeAttr"] += 1
        return TypeAttributes((self.target.iid, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0))

    def GetDocumentation(self, _member: int) -> tuple[str, None, int, None]:
        calls_to_excel["GetDocumentation"] += 1
        return self.target.type_name, None, 0, None

    def GetTypeComp(self) -> None:
        raise com_error(E_NOTIMPL, "Not implemented")


# --------------------------------------------------------------------- Python objects called by COM


class ServerError(Exception):
    """A COM call to Python that failed, with the text that VBA finds in Err.Description."""

    def __init__(self, description: str) -> None:
        super().__init__(description)
        self.description = description


def WrapObject(policy: Any, _iid: IID | None = None) -> PyIDispatch:
    return PyIDispatch(policy=policy)


def UnwrapObject(pointer: Any) -> Any:
    if not isinstance(pointer, PyIUnknown):
        raise ValueError("argument is not a COM object")  # noqa: TRY004  as pythoncom does
    if pointer.policy is None:
        calls_to_excel["QueryInterface"] += 1
        raise ValueError("argument is not a Python gateway")
    return pointer.policy


def call(server: PyIDispatch, method: str, *arguments: Variant) -> Variant:
    """Call a method of a Python object as VBA does (PyGatewayBase::GetIDsOfNames and Invoke)."""
    values = tuple(to_python(argument) for argument in arguments)
    try:
        (dispid,) = server.policy._GetIDsOfNames_((method,), 0)
        _, _, result = server.policy._Invoke_(dispid, 0, METHOD_OR_PROPERTYGET, values)
        # A tuple means the result and what goes back into the arguments given by reference.
        return from_python(result[0] if isinstance(result, tuple) else result)
    except com_error as raised:
        description = getattr(raised, "description", None) or (raised.excepinfo or [None] * 3)[2]
        raise ServerError(description or str(raised.strerror)) from raised
    except Exception as raised:  # whatever the server raises reaches VBA as text
        lines = traceback.format_exception(raised.with_traceback(raised.__traceback__.tb_next))
        raise ServerError("Unexpected Python Error: " + "".join(lines)) from raised


class_objects: dict[str, Any] = {}


def CoRegisterClassObject(clsid: IID, factory: Any, _context: int, _flags: int) -> str:
    class_objects[str(clsid)] = factory
    return str(clsid)


def MakePyFactory(clsid: IID) -> Any:
    def create() -> PyIDispatch:
        from win32com.server import policy  # noqa: PLC0415  there only after `modules`

        return policy.CreateInstance(clsid, IID_IDispatch)

    return create


# -------------------------------------------------------------------------------------- the modules

VARTYPES = {  # the first of each run of numbers
    0: "EMPTY NULL I2 I4 R4 R8 CY DATE BSTR DISPATCH ERROR BOOL VARIANT UNKNOWN DECIMAL",
    16: "I1 UI1 UI2 UI4 I8 UI8 INT UINT VOID HRESULT PTR SAFEARRAY CARRAY USERDEFINED LPSTR LPWSTR",
    36: "RECORD",
    64: "FILETIME BLOB STREAM STORAGE STREAMED_OBJECT STORED_OBJECT BLOB_OBJECT CF CLSID",
}
OTHER_CONSTANTS = """
    VT_VECTOR 4096 VT_ARRAY 8192 VT_BYREF 16384 VT_TYPEMASK 4095
    DISPATCH_METHOD 1 DISPATCH_PROPERTYGET 2 DISPATCH_PROPERTYPUT 4 DISPATCH_PROPERTYPUTREF 8
    INVOKE_FUNC 1 INVOKE_PROPERTYGET 2 INVOKE_PROPERTYPUT 4 INVOKE_PROPERTYPUTREF 8
    DISPID_VALUE 0 DISPID_UNKNOWN -1 DISPID_STARTENUM -1 DISPID_PROPERTYPUT -3 DISPID_NEWENUM -4
    DISPID_EVALUATE -5 CLSCTX_INPROC 3 CLSCTX_LOCAL_SERVER 4 CLSCTX_SERVER 21 CLSCTX_ALL 23
    REGCLS_MULTIPLEUSE 1 REGCLS_SUSPENDED 4 TKIND_ENUM 0 TKIND_RECORD 1 TKIND_MODULE 2
    TKIND_INTERFACE 3 TKIND_DISPATCH 4 TKIND_COCLASS 5 TKIND_ALIAS 6 TYPEFLAG_FDUAL 64
    TYPEFLAG_FDISPATCHABLE 4096 FUNCFLAG_FRESTRICTED 1 FUNC_VIRTUAL 0 FUNC_PUREVIRTUAL 1
    FUNC_STATIC 3 FUNC_DISPATCH 4 DESCKIND_FUNCDESC 1 DESCKIND_VARDESC 2 VAR_CONST 2 VAR_DISPATCH 3
    PARAMFLAG_FIN 1 PARAMFLAG_FOUT 2 PARAMFLAG_FRETVAL 8 PARAMFLAG_FOPT 16 PARAMFLAG_FHASDEFAULT 32
"""


def constants() -> dict[str, int]:
    words = OTHER_CONSTANTS.split()
    types_of_values = {
        f"VT_{name}": first + i
        for first, names in VARTYPES.items()
        for i, name in enumerate(names.split())
    }
    return types_of_values | dict(zip(words[::2], map(int, words[1::2]), strict=True))


def nothing(*_arguments: Any) -> int:
    return 0


def absent(*_arguments: Any) -> None:
    """Fail as Windows does where a registry key or a window is not there."""
    raise error(2, "", "The system cannot find the file specified.")


def modules(temporary: str) -> list[ModuleType]:
    """Return the compiled modules; `temporary` is the folder for temporary files."""
    return [
        _pywintypes(),
        _pythoncom(),
        _module(
            "win32api",
            error=error,
            RegOpenKey=absent,
            RegQueryValue=absent,
            GetTempPath=lambda: temporary,
            GetFullPathName=lambda path: path,
            GetCurrentThreadId=lambda: 1,
        ),
        _module(
            "win32event",
            INFINITE=-1,
            QS_ALLEVENTS=1215,
            WAIT_OBJECT_0=0,
            MsgWaitForMultipleObjects=nothing,
        ),
        _module("win32gui", FindWindowEx=absent),
        _module("win32process", GetWindowThreadProcessId=lambda _window: (1, 1)),
        _module("win32timezone", TimeZoneInfo=SimpleNamespace(utc=lambda: dt.UTC)),
    ]


def _module(name: str, **contents: Any) -> ModuleType:
    module = ModuleType(name)
    vars(module).update(contents)
    return module


def _pywintypes() -> ModuleType:
    return _module(
        "pywintypes",
        IID=IID,
        IIDType=IID,
        error=error,
        com_error=com_error,
        TimeType=variant.Time,
        datetime=variant.Time,
    )


def _pythoncom() -> ModuleType:
    pointers = {
        IID_IDispatch: PyIDispatch,
        IID_IUnknown: PyIUnknown,
        IID_IEnumVARIANT: PyIEnumVARIANT,
    }
    return _module(
        "pythoncom",
        **constants(),
        __file__="pythoncom",
        TypeIIDs=pointers,
        InterfaceNames={},
        RecordClasses={},
        IID_NULL=IID_NULL,
        IID_IUnknown=IID_IUnknown,
        IID_IStream=IID_IStream,
        IID_IDispatch=IID_IDispatch,
        IID_IEnumVARIANT=IID_IEnumVARIANT,
        com_error=com_error,
        ole_error=com_error,
        error=com_error,
        com_record=type("com_record", (), {}),
        Empty=variant.Mark(variant.EMPTY),
        Missing=variant.Mark(variant.MISSING),
        ArgNotFound=variant.Mark(variant.MISSING),
        Nothing=variant.Mark(Variant("DISPATCH")),
        WrapObject=WrapObject,
        UnwrapObject=UnwrapObject,
        MakePyFactory=MakePyFactory,
        CoRegisterClassObject=CoRegisterClassObject,
        CoRevokeClassObject=nothing,
        CoResumeClassObjects=nothing,
        CoInitialize=nothing,
        CoUninitialize=nothing,
        EnableQuitMessage=nothing,
        PumpWaitingMessages=lambda: True,  # the end: the server sets itself up and does not wait
        GetScodeString=lambda scode: f"COM error {scode}",
    )

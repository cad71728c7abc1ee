Attribute VB_Name = "FactorCommands"
Option Explicit
Option Private Module
' What the buttons of the tab "Factor Models" do. Each command returns what to tell the user,
' nothing where the sheet itself shows it, and asks nothing, so that it can be run by a test.

Private Const ADDIN As String = "factor_udfs.xlam"
Private Const PERIODS As Long = 252
Private Const BUDGET As Long = 1000000
Private Const BUDGET_PERIODS As Long = 12
Private Const SELECT_CELLS As String = "Select cells of a sheet first."
Private Const SELECT_RETURNS As String = "Select the returns first: the column of the asset " & _
    "and, beside it or with Ctrl, those of the factors, with or without their names on top."
Private Const NO_ROOM As String = "Nothing was inserted: neither right of the selection nor " & _
    "below it are enough free cells. Make room, or select one cell in a free part of the sheet."
Private Const NOTHING_INSERTED As String = "Nothing was inserted: "
Private Const NOTHING_CALCULATED As String = "Nothing was calculated, so that the numbers stay: "
Private Const FRENCH_FORMULA As String = "=FF_FACTORS(""FF3"",""M"")"

' -------------------------------------------------------------------------------- Workbook

Public Function DoRefreshAll() As String
    Dim problem As String
    problem = PythonProblem()
    If problem <> "" Then
        DoRefreshAll = NOTHING_CALCULATED & problem
        Exit Function
    End If
    Application.StatusBar = False
    Application.CalculateFull
End Function

Public Function DoRestartPython() As String
    Dim answers As Collection
    If PlatformProblem() <> "" Then
        DoRestartPython = PlatformProblem()
        Exit Function
    End If
    Set answers = New Collection
    StopPython
    AskOtherProjects "StopOwnPython", "", answers ' each project has a Python of its own
    Application.StatusBar = "Python starts again with the next calculation; press Refresh all."
End Function

' Why a cell shows an error. Where no reason is kept, the cell is calculated again.
Public Function DoExplain(ByVal cell As Range) As String
    Dim source As Object, place As String
    If cell Is Nothing Then
        DoExplain = SELECT_CELLS
        Exit Function
    End If
    Set source = FormulaCell(cell)
    place = ShortAddress(cell)
    If Not IsError(cell.Value) Then
        DoExplain = place & " shows no error."
    ElseIf Not CallsAnyOf(source.Formula, FactorNames()) Then
        DoExplain = place & " shows an error, but its formula calls no factor function. The " & _
            "cells that it uses may show the reason: Formulas, Error Checking, Trace Error."
    ElseIf Not IsError(source.Value) Then
        DoExplain = place & " is part of the result of " & ShortAddress(source) & _
            ": #N/A is a row with a missing value, #NUM! a number too large for a cell."
    Else
        DoExplain = place & ": " & Explanation(source)
    End If
End Function

Public Function Explanation(ByVal source As Object) As String
    Explanation = FittingSentence(source, "")
    If Explanation <> "" Then Exit Function
    source.Calculate
    ' Where Excel did not say which cell it calculated, the last failure is this cell's.
    Explanation = FittingSentence(source, LastSentence())
    If Explanation <> "" Then Exit Function
    If Not IsError(source.Value) Then
        Explanation = "calculated again, it shows no error."
    Else
        Explanation = "no factor function failed. #SPILL! asks for free cells beside and " & _
            "below, #NAME? for another spelling; else another part of the formula fails."
    End If
End Function

' The sentence kept for the cell, by this project or by that of another workbook, whose own
' functions its cells call; else the other one. It must be of a function that the formula calls.
Private Function FittingSentence(ByVal source As Object, ByVal otherwise As String) As String
    Dim answers As Collection, sentence As Variant, functionName As String
    Set answers = New Collection
    answers.Add otherwise
    TellSentence FullAddress(source), answers
    AskOtherProjects "TellSentence", FullAddress(source), answers
    For Each sentence In answers
        functionName = Left$(sentence, InStr(sentence & ":", ":") - 1)
        If functionName <> "" And CallsAnyOf(source.Formula, Array(functionName)) Then
            FittingSentence = sentence ' the last that fits: one that is kept before any other
        End If
    Next sentence
End Function

' ------------------------------------------------------------------------------------ Data

Public Function DoInsertFactors(ByVal selected As Range) As String
    Dim answer As Variant, block As Range
    If selected Is Nothing Then
        DoInsertFactors = SELECT_CELLS
        Exit Function
    End If
    answer = FactorCall("FF_FACTORS", Array("FF3", "M"))
    DoInsertFactors = InsertResult(selected, FRENCH_FORMULA, answer, block)
    If block Is Nothing Then Exit Function
    block.NumberFormat = "0.00%"
    block.Columns(1).NumberFormat = "yyyy-mm-dd"
End Function

Public Function DoRefreshData(ByVal book As Workbook) As String
    Dim found As Collection, cell As Object
    If book Is Nothing Then
        DoRefreshData = SELECT_CELLS
        Exit Function
    End If
    Set found = CellsThatCall(book, Array("FF_FACTORS"))
    If found.Count = 0 Then
        DoRefreshData = "No cell of " & book.Name & " calls FF_FACTORS."
        Exit Function
    End If
    DoRefreshData = PythonProblem()
    If DoRefreshData <> "" Then
        DoRefreshData = NOTHING_CALCULATED & DoRefreshData
        Exit Function
    End If
    DoRefreshData = FetchProblem()
    For Each cell In found
        EnterAgain cell
    Next cell
    DoRefreshData = found.Count & " formula(s) with FF_FACTORS calculated again." & DoRefreshData
End Function

' Downloads anew what is kept of Kenneth French's library, once for all formulas, and waits;
' returns why the formulas show the copies on disk instead, empty where they do not.
Private Function FetchProblem() As String
    Const HIDDEN As Long = 0
    Dim exitCode As Long
    On Error GoTo Failed
    exitCode = CreateObject("WScript.Shell").Run( _
        """" & InterpreterPath() & """ -m factor_core data fetch --kept", HIDDEN, True)
    If exitCode = 0 Then Exit Function
    FetchProblem = " Kenneth French's library did not give all its files: copies on disk are used."
    FetchProblem = FetchProblem & " factor-udfs data fetch says why."
    Exit Function
Failed:
    FetchProblem = " Copies on disk are used; to download anew, type: factor-udfs data fetch"
End Function

' ---------------------------------------------------------------------------------- Insert

Public Function DoInsertSummary(ByVal selected As Range) As String
    Dim asset As Range, factors As Range, block As Range, answer As Variant
    If Not IsSplit(selected, asset, factors) Then
        DoInsertSummary = SELECT_RETURNS
        Exit Function
    End If
    answer = FactorCall("FACTOR_SUMMARY", Array(asset, factors, PERIODS))
    DoInsertSummary = InsertResult(selected, "=FACTOR_SUMMARY(" & asset.Address & "," & _
        factors.Address & "," & PERIODS & ")", answer, block)
End Function

Public Function DoInsertSizing(ByVal selected As Range) As String
    Dim asset As Range, factors As Range, block As Range, answer As Variant
    If Not IsSplit(selected, asset, factors) Then
        DoInsertSizing = SELECT_RETURNS
        Exit Function
    End If
    answer = FactorCall("HEDGED_POSITION_SIZE", _
        Array(BUDGET, asset, factors, BUDGET_PERIODS, PERIODS))
    If IsError(answer) Then
        DoInsertSizing = NOTHING_INSERTED & LastSentence()
        Exit Function
    End If
    Set block = FreePlace(selected, 8, 2 + factors.Columns.Count)
    If block Is Nothing Then
        DoInsertSizing = NO_ROOM
    Else
        WriteSizing block, asset, factors
    End If
End Function

Private Sub WriteSizing(ByVal block As Range, ByVal asset As Range, ByVal factors As Range)
    Dim labels As Variant, both As String, inputs As String, i As Long, k As Long
    labels = Array("Hedge and sizing", "risk budget (volatility in money)", _
        "periods a year of the budget's horizon", "periods a year of the returns", "beta", _
        "hedge ratio", "residual volatility a year", "position, then its hedges (money)")
    For i = 0 To 7
        block.Cells(i + 1, 1).Value = labels(i)
    Next i
    k = factors.Columns.Count
    both = asset.Address & "," & factors.Address
    block.Cells(1, 2).Formula = NameFormula(asset.Cells(1, 1), "asset")
    For i = 1 To k
        block.Cells(1, 2 + i).Formula = NameFormula(factors.Cells(1, i), "factor " & i)
    Next i
    block.Cells(2, 2).Value = BUDGET
    block.Cells(3, 2).Value = BUDGET_PERIODS
    block.Cells(4, 2).Value = PERIODS
    WriteFormula block.Cells(5, 3).Resize(1, k), "=FACTOR_BETA(" & both & ")"
    WriteFormula block.Cells(6, 3).Resize(1, k), "=HEDGE_RATIO(" & both & ")"
    WriteFormula block.Cells(7, 2), "=RESIDUAL_VOL(" & both & "," & block.Cells(4, 2).Address & ")"
    inputs = block.Cells(3, 2).Address & "," & block.Cells(4, 2).Address
    WriteFormula block.Cells(8, 2).Resize(1, 1 + k), "=HEDGED_POSITION_SIZE(" & _
        block.Cells(2, 2).Address & "," & both & "," & inputs & ")"
    block.Cells(7, 2).NumberFormat = "0.00%"
    block.Cells(2, 2).NumberFormat = "#,##0"
    block.Rows(8).NumberFormat = "#,##0"
    block.Rows(1).Font.Bold = True
End Sub

Private Function NameFormula(ByVal top As Range, ByVal otherwise As String) As String
    NameFormula = otherwise
    If VarType(top.Value) = vbString Then NameFormula = "=" & top.Address
End Function

' Whether the selection holds an asset and its factors: columns side by side, or two areas.
Private Function IsSplit(ByVal selected As Range, ByRef asset As Range, _
        ByRef factors As Range) As Boolean
    If selected Is Nothing Then Exit Function
    If selected.Areas.Count = 2 Then
        Set asset = selected.Areas(1)
        Set factors = selected.Areas(2)
    ElseIf selected.Areas.Count = 1 And selected.Columns.Count > 1 Then
        Set asset = selected.Columns(1)
        Set factors = selected.Offset(0, 1).Resize(selected.Rows.Count, selected.Columns.Count - 1)
    Else
        Exit Function
    End If
    IsSplit = asset.Columns.Count = 1 And asset.Rows.Count = factors.Rows.Count
End Function

' Writes a formula where its result has room; returns why not, and the block that was written.
Private Function InsertResult(ByVal selected As Range, ByVal formula As String, _
        ByVal answer As Variant, ByRef block As Range) As String
    Dim place As Range
    If IsError(answer) Then
        InsertResult = NOTHING_INSERTED & LastSentence()
        Exit Function
    End If
    If HasColumns(answer) Then
        Set place = FreePlace(selected, UBound(answer, 1) - LBound(answer, 1) + 1, _
            UBound(answer, 2) - LBound(answer, 2) + 1)
    Else
        Set place = FreePlace(selected, 1, UBound(answer) - LBound(answer) + 1)
    End If
    If place Is Nothing Then
        InsertResult = NO_ROOM
    Else
        WriteFormula place, formula
        Set block = place
    End If
End Function

' ------------------------------------------------------------------------------------ Help

Public Function DoShowFunctions() As String
    On Error GoTo Failed
    Application.Dialogs(xlDialogFunctionWizard).Show
    Exit Function
Failed:
    DoShowFunctions = "Select a free cell, press Shift+F3 and choose a category that begins " & _
        "with Factor models."
End Function

' Starts the doctor in a window of its own; returns what to type where that cannot be done.
Public Function DoCheckSetup() As String
    Dim interpreter As String, book As String
    On Error GoTo Failed
    If PlatformProblem() <> "" Then
        DoCheckSetup = PlatformProblem()
        Exit Function
    End If
    interpreter = Replace(InterpreterPath(), "pythonw.exe", "python.exe", 1, -1, vbTextCompare)
    If interpreter = "" Then Err.Raise 53 ' as where the file is not there
    If Not IsAddin() Then book = " """ & ThisWorkbook.FullName & """"
    Shell "cmd.exe /k """"" & interpreter & """ -m factor_core doctor" & book & """", vbNormalFocus
    Exit Function
Failed:
    DoCheckSetup = "The check could not be started from here. Open a command prompt and type: " & _
        "factor-udfs doctor"
End Function

Public Function DoAbout() As String
    Dim answer As Variant, i As Long
    DoAbout = "factor-udfs " & FACTOR_VERSION & " in " & ThisWorkbook.Name & vbLf & _
        "Factor models for spreadsheets. BSD-3-Clause licence." & vbLf
    answer = FactorCall("ADDIN_INFO", Array())
    If IsError(answer) Then
        DoAbout = DoAbout & vbLf & LastSentence()
        Exit Function
    End If
    For i = LBound(answer, 1) + 1 To UBound(answer, 1)
        DoAbout = DoAbout & vbLf & answer(i, LBound(answer, 2)) & ": " & _
            answer(i, UBound(answer, 2))
    Next i
End Function

' ------------------------------------------------------------------- this and other projects

Public Function IsAddin() As Boolean
    On Error GoTo Unknown
    IsAddin = ThisWorkbook.IsAddin
Unknown:
End Function

' Whether the add-in is open; its tab then serves this workbook too.
Public Function IsAddinOpen() As Boolean
    Dim book As Object
    On Error GoTo NotOpen
    Set book = Workbooks(ADDIN)
    IsAddinOpen = Not book Is Nothing
NotOpen:
End Function

' The name by which Excel's clock, wizard and Run find a macro of a workbook.
Public Function MacroIn(ByVal book As Workbook, ByVal macroName As String) As String
    MacroIn = "'" & Replace(book.Name, "'", "''") & "'!" & macroName
End Function

' Lets our macros in other open workbooks add their answers. Most workbooks have no such macro.
Private Sub AskOtherProjects(ByVal macroName As String, ByVal about As String, _
        ByVal answers As Collection)
    Dim book As Workbook
    On Error Resume Next
    For Each book In Workbooks
        If book.Name <> ThisWorkbook.Name Then
            Application.Run MacroIn(book, "RibbonCallbacks." & macroName), about, answers
        End If
    Next book
    If IsAddinOpen() And Not IsAddin() Then ' an add-in is not among the workbooks
        Application.Run MacroIn(Workbooks(ADDIN), "RibbonCallbacks." & macroName), about, answers
    End If
End Sub

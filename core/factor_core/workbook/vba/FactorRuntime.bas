Attribute VB_Name = "FactorRuntime"
Option Explicit
Option Private Module
' The one way from a cell to Python: every function in FactorFunctions is one call of FactorCall.
' Values travel as Value2, without the workbook and without the calling cell, so that Python never
' calls back into Excel while Excel waits for it.

Private Const PYTHON_MODULE As String = "factor_udfs"
Private Const FIRST_ERROR_CODE As Long = -2146828288 ' Excel's error values as COM sends them,
Private Const LAST_ERROR_CODE As Long = -2146825988  ' known today and to come
Private Const VALUE_ERROR As Long = 2015
Private Const REFUSED As Long = 513 ' the first number that VBA leaves to us
Private Const LONGEST_SENTENCE As Long = 250
Private Const MOST_SENTENCES As Long = 1000
Private Const NO_PYTHON As String = "no settings on this machine name the Python that Excel " & _
    "starts; run factor-udfs install"

' Kept between calls: looking Python up for every cell would cost more than most calculations.
Private mServer As Object
Private mSentence As String
Private mSentences As Collection ' why each cell failed, by its full address; the oldest go first

Public Function FactorCall(ByVal functionName As String, ByVal arguments As Variant) As Variant
    Dim answer As Variant, sentence As String
    On Error GoTo Failed
    answer = AskPython(functionName, PlainValues(arguments))
    MarkErrors answer, sentence
    KeepSentence functionName, sentence, arguments
    FactorCall = answer
    Exit Function
Failed:
    sentence = functionName & ": " & FirstLine(Err.Description)
    KeepSentence functionName, sentence, arguments
    FactorCall = CVErr(VALUE_ERROR)
End Function

' Why Python does not answer; empty where it does. Starts Python, which takes seconds.
Public Function PythonProblem() As String
    Dim answer As Variant
    On Error GoTo Failed
    answer = AskPython("ADDIN_INFO", Array())
    Exit Function
Failed:
    PythonProblem = FirstLine(Err.Description)
End Function

' Why the last call that failed did so.
Public Function LastSentence() As String
    LastSentence = mSentence
End Function

' Why the cell with this full address failed; empty where nothing is kept.
Public Function KeptSentence(ByVal cellAddress As String) As String
    If mSentences Is Nothing Then Exit Function
    On Error GoTo NotKept ' a collection has no other way to say so
    KeptSentence = mSentences.Item(cellAddress)
NotKept:
End Function

Public Function FullAddress(ByVal block As Object) As String
    FullAddress = block.Cells(1, 1).Address(True, True, xlA1, True)
End Function

Public Function ShortAddress(ByVal block As Object) As String
    ShortAddress = block.Cells(1, 1).Address(False, False)
End Function

' The next formula that calculates starts Python again, with the files as they are then.
Public Sub StopPython()
    Set mServer = Nothing
    #If Not Mac Then
        KillPy
    #End If
End Sub

' The Python that the settings name; empty where they name none.
Public Function InterpreterPath() As String
    #If Not Mac Then
        InterpreterPath = GetConfig("INTERPRETER_WIN", "")
    #End If
End Function

' Says why formulas cannot be calculated on this machine; empty where they can.
Public Function PlatformProblem() As String
    #If Mac Then
        PlatformProblem = "Excel for Mac cannot start Python from a macro. The numbers in the " & _
            "workbook stay readable. To calculate, run factor-udfs refresh on the closed file, " & _
            "or use the Office.js functions (factor-udfs serve)."
    #Else
        PlatformProblem = ""
    #End If
End Function

' The first line of a message, short enough for a comment or the status bar.
Public Function FirstLine(ByVal text As String) As String
    Dim found As Long
    text = Replace(text, vbCr, vbLf)
    found = InStr(text, vbLf)
    If found > 0 Then text = Left$(text, found - 1)
    FirstLine = Left$(text, LONGEST_SENTENCE)
End Function

' Remembers why a function failed in its cell, or forgets it when the function no longer fails.
Private Sub KeepSentence(ByVal functionName As String, ByVal sentence As String, _
        ByVal arguments As Variant)
    Dim cellAddress As String, kept As String, isOwn As Boolean
    If sentence <> "" Then mSentence = sentence
    If mSentences Is Nothing Then Set mSentences = New Collection
    ' Without errors anywhere, which is the usual case, asking for the cell would be lost time.
    If sentence = "" And mSentences.Count = 0 Then Exit Sub
    cellAddress = CallerAddress()
    If cellAddress = "" Then Exit Sub
    kept = KeptSentence(cellAddress)
    isOwn = Left$(kept, Len(functionName) + 1) = functionName & ":"
    If kept <> "" And Not isOwn Then
        ' Another function of the formula failed before. Its sentence stays where it is the cause.
        If sentence = "" Or HasErrorValue(arguments) Then Exit Sub
    End If
    If kept <> "" Then mSentences.Remove cellAddress
    If sentence = "" Then Exit Sub
    If mSentences.Count >= MOST_SENTENCES Then mSentences.Remove 1
    mSentences.Add sentence, cellAddress
End Sub

' The cell that is being calculated; empty where a macro is the caller.
Private Function CallerAddress() As String
    On Error GoTo NoCell ' a result must not be lost because its cell is unknown
    If TypeName(Application.Caller) = "Range" Then CallerAddress = FullAddress(Application.Caller)
NoCell:
End Function

' Whether an argument is the error of an inner function. A range that holds errors is none.
Private Function HasErrorValue(ByVal arguments As Variant) As Boolean
    Dim position As Long
    For position = LBound(arguments) To UBound(arguments)
        If Not IsObject(arguments(position)) And Not IsMissing(arguments(position)) Then
            If IsError(arguments(position)) Then HasErrorValue = True
        End If
    Next position
End Function

Private Function AskPython(ByVal functionName As String, ByVal values As Variant) As Variant
    Dim number As Long, description As String, isKept As Boolean
    isKept = Not mServer Is Nothing
    On Error GoTo Failed
TryAgain:
    If mServer Is Nothing Then Set mServer = NewServer()
    AskPython = mServer.CallUDF(PYTHON_MODULE, functionName, values)
    Exit Function
Failed:
    number = Err.Number
    description = Err.Description
    Set mServer = Nothing
    ' Python may have ended since the last call. One that has just started would fail again.
    If isKept Then
        isKept = False
        Resume TryAgain
    End If
    Err.Raise number, , description
End Function

Private Function NewServer() As Object
    If PlatformProblem() <> "" Then Err.Raise REFUSED, , PlatformProblem()
    If InterpreterPath() = "" Then Err.Raise REFUSED, , NO_PYTHON
    ' On a Mac the module xlwings does not compile, so nothing may refer to it there.
    #If Not Mac Then
        Set NewServer = XLPy()
    #End If
End Function

' Arguments as Python reads them: ranges by their values, every array with rows and columns.
Private Function PlainValues(ByVal arguments As Variant) As Variant
    Dim values() As Variant, position As Long, bottom As Long
    PlainValues = arguments
    If UBound(arguments) < LBound(arguments) Then Exit Function
    bottom = LastUsedRow(arguments)
    ReDim values(LBound(arguments) To UBound(arguments))
    For position = LBound(arguments) To UBound(arguments)
        If IsObject(arguments(position)) Then
            values(position) = WithoutUnusedRows(arguments(position), bottom).Value2
        ElseIf IsArray(arguments(position)) Then
            values(position) = WithRowsAndColumns(arguments(position))
        ElseIf Not IsMissing(arguments(position)) Then
            values(position) = arguments(position)
        End If ' what is left out stays Empty: Python takes a blank for the default
    Next position
    PlainValues = values
End Function

' The last row in use among whole columns. One row serves them all, so that columns of different
' sheets keep the same length. Several areas are refused here, before any value is read.
Private Function LastUsedRow(ByVal arguments As Variant) As Long
    Dim position As Long, used As Object
    LastUsedRow = 1
    For position = LBound(arguments) To UBound(arguments)
        If IsObject(arguments(position)) Then
            If arguments(position).Areas.Count > 1 Then
                Err.Raise REFUSED, , "argument " & position - LBound(arguments) + 1 & _
                    " is several areas; use one block of cells"
            End If
            If ReachesBottom(arguments(position)) Then
                Set used = arguments(position).Worksheet.UsedRange
                If used.Row + used.Rows.Count - 1 > LastUsedRow Then
                    LastUsedRow = used.Row + used.Rows.Count - 1
                End If
            End If
        End If
    Next position
End Function

Private Function ReachesBottom(ByVal block As Object) As Boolean
    ReachesBottom = block.Row + block.Rows.Count - 1 = block.Worksheet.Rows.Count
End Function

Private Function WithoutUnusedRows(ByVal block As Object, ByVal bottom As Long) As Object
    Set WithoutUnusedRows = block
    If Not ReachesBottom(block) Then Exit Function
    If bottom < block.Row Then bottom = block.Row
    Set WithoutUnusedRows = block.Resize(bottom - block.Row + 1)
End Function

' Excel hands an array of one row over without its row; Python would take it for a column.
Private Function WithRowsAndColumns(ByVal values As Variant) As Variant
    Dim block() As Variant, position As Long
    WithRowsAndColumns = values
    If HasColumns(values) Then Exit Function
    ReDim block(1 To 1, LBound(values) To UBound(values))
    For position = LBound(values) To UBound(values)
        block(1, position) = values(position)
    Next position
    WithRowsAndColumns = block
End Function

Public Function HasColumns(ByVal values As Variant) As Boolean
    Dim last As Long
    On Error GoTo OneDimension
    last = UBound(values, 2)
    HasColumns = True
OneDimension:
End Function

' Only VBA can put a real error value into a cell: Python sends its code or its text.
Private Sub MarkErrors(ByRef answer As Variant, ByRef sentence As String)
    Dim i As Long, j As Long
    If Not IsArray(answer) Then
        answer = ErrorWithSentence(answer, sentence)
    ElseIf HasColumns(answer) Then
        For i = LBound(answer, 1) To UBound(answer, 1)
            For j = LBound(answer, 2) To UBound(answer, 2)
                answer(i, j) = CellValue(answer(i, j))
            Next j
        Next i
    Else
        For i = LBound(answer) To UBound(answer)
            answer(i) = CellValue(answer(i))
        Next i
    End If
End Sub

' A single answer may be an error's text and, after a space, the sentence that explains it.
Private Function ErrorWithSentence(ByVal answer As Variant, ByRef sentence As String) As Variant
    Dim found As Long
    ErrorWithSentence = CellValue(answer)
    If VarType(answer) <> vbString Then Exit Function
    found = InStr(answer, " ")
    If found = 0 Then Exit Function
    If ErrorNumber(Left$(answer, found - 1)) = 0 Then Exit Function
    sentence = Mid$(answer, found + 1)
    ErrorWithSentence = CVErr(ErrorNumber(Left$(answer, found - 1)))
End Function

Private Function CellValue(ByVal value As Variant) As Variant
    CellValue = value
    Select Case VarType(value)
        Case vbLong
            If value >= FIRST_ERROR_CODE And value <= LAST_ERROR_CODE Then
                CellValue = CVErr(value And &HFFFF&)
            End If
        Case vbString
            If Left$(value, 1) = "#" Then
                If ErrorNumber(value) > 0 Then CellValue = CVErr(ErrorNumber(value))
            End If
        Case vbEmpty, vbNull
            CellValue = "" ' a cell would show them as 0 and as an error
    End Select
End Function

Private Function ErrorNumber(ByVal text As String) As Long
    Select Case text
        Case "#NULL!": ErrorNumber = 2000
        Case "#DIV/0!": ErrorNumber = 2007
        Case "#VALUE!": ErrorNumber = 2015
        Case "#REF!": ErrorNumber = 2023
        Case "#NAME?": ErrorNumber = 2029
        Case "#NUM!": ErrorNumber = 2036
        Case "#N/A": ErrorNumber = 2042
        Case "#GETTING_DATA": ErrorNumber = 2043
        Case "#SPILL!": ErrorNumber = 2045
        Case "#CONNECT!": ErrorNumber = 2046
        Case "#BLOCKED!": ErrorNumber = 2047
        Case "#UNKNOWN!": ErrorNumber = 2048
        Case "#FIELD!": ErrorNumber = 2049
        Case "#CALC!": ErrorNumber = 2050
    End Select
End Function

Attribute VB_Name = "Harness"
Option Explicit
' The tests' end inside the workbook.

Private mApplication As Object

Public Function ExcelApplication() As Object
    If mApplication Is Nothing Then Set mApplication = New StubApplication
    Set ExcelApplication = mApplication
End Function

' What the ribbon hands to a callback.
Public Function Control(ByVal id As String) As Object
    Dim made As StubControl
    Set made = New StubControl
    made.ID = id
    Set Control = made
End Function

' In place of VBA's own MsgBox, which nobody could close or read.
Public Function ShownMessage(ByVal prompt As Variant, Optional ByVal buttons As Variant, _
        Optional ByVal title As Variant) As Variant
    ShownMessage = Tests().MsgBox(prompt)
End Function

' In place of VBA's own Shell, which would start a program.
Public Function StartedProgram(ByVal command As String, Optional ByVal style As Variant) As Variant
    StartedProgram = Tests().Shell(command)
End Function

' In place of the Windows script host, which waits for a program; the tests say its exit code.
Public Function AwaitedProgram(ByVal command As String, ByVal style As Long, _
        ByVal wait As Boolean) As Long
    AwaitedProgram = Tests().Await(command)
End Function

Public Function StubOf(ByVal sheet As Object) As Object
    Dim made As StubSheet
    Set made = New StubSheet
    made.Name = sheet.Name
    Set StubOf = made
End Function

' What IsError(cell.Value) is in Excel.
Public Function ShowsError(ByVal cell As Object) As Boolean
    ShowsError = Left$(cell.Text, 1) = "#" Or Left$(cell.Text, 3) = "Err"
End Function

Public Function WithoutBraces(ByVal formula As String) As String
    WithoutBraces = formula
    If Left$(formula, 1) = "{" Then WithoutBraces = Mid$(formula, 2, Len(formula) - 2)
End Function

Public Sub EndMarker(ByVal procedureName As String)
    Tests().EndMarker procedureName
End Sub

' A value of the tests: "@Sheet!A1:B2" stands for that range.
Public Function Given(ByVal value As Variant) As Variant
    Dim found As Long
    If VarType(value) = vbString Then
        If Left$(value, 1) = "@" Then
            found = InStr(value, "!")
            Set Given = ThisWorkbook.Worksheets(Mid$(value, 2, found - 2)).Range(Mid$(value, found + 1))
            Exit Function
        End If
    End If
    Given = value
End Function

' A result as the tests read it: an error value as "error 2042", a text with an apostrophe before.
Public Function Told(ByVal result As Variant) As Variant
    Dim i As Long, j As Long, columns As Long
    If Not IsArray(result) Then
        Told = ToldCell(result)
        Exit Function
    End If
    columns = ColumnsOf(result)
    For i = LBound(result, 1) To UBound(result, 1)
        If columns = 0 Then
            result(i) = ToldCell(result(i))
        Else
            For j = LBound(result, 2) To UBound(result, 2)
                result(i, j) = ToldCell(result(i, j))
            Next j
        End If
    Next i
    Told = result
End Function

Private Function ToldCell(ByVal value As Variant) As Variant
    If IsError(value) Then
        ToldCell = "error " & CLng(value)
    ElseIf VarType(value) = vbString Then
        ToldCell = "'" & value
    Else
        ToldCell = value
    End If
End Function

Private Function ColumnsOf(ByVal values As Variant) As Long
    On Error GoTo OneDimension
    ColumnsOf = UBound(values, 2) - LBound(values, 2) + 1
OneDimension:
End Function

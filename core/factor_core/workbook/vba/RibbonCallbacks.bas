Attribute VB_Name = "RibbonCallbacks"
Option Explicit
' What Excel starts by name: the buttons of the tab "Factor Models", its clock after opening, and
' our macros in another workbook. What a button does stands in FactorCommands.

Private Const TITLE As String = "Factor Models"
Private Const LONGEST_MESSAGE As Long = 1000 ' a message box cuts longer text off

' A workbook's own tab is there for machines without the add-in.
Public Sub IsTabWanted(control As IRibbonControl, ByRef isVisible As Variant)
    isVisible = Not IsAddinOpen()
End Sub

Public Sub OnRefreshAll(control As IRibbonControl)
    Press "RefreshAll"
End Sub

Public Sub OnExplain(control As IRibbonControl)
    Press "Explain"
End Sub

Public Sub OnRestartPython(control As IRibbonControl)
    Press "RestartPython"
End Sub

Public Sub OnInsertFactors(control As IRibbonControl)
    Press "InsertFactors"
End Sub

Public Sub OnRefreshData(control As IRibbonControl)
    Press "RefreshData"
End Sub

Public Sub OnInsertSummary(control As IRibbonControl)
    Press "InsertSummary"
End Sub

Public Sub OnInsertSizing(control As IRibbonControl)
    Press "InsertSizing"
End Sub

Public Sub OnShowFunctions(control As IRibbonControl)
    Press "ShowFunctions"
End Sub

Public Sub OnCheckSetup(control As IRibbonControl)
    Press "CheckSetup"
End Sub

Public Sub OnAbout(control As IRibbonControl)
    Press "About"
End Sub

' After opening, when Excel has nothing else to do.
Public Sub AfterOpening()
    Dim status As String
    status = DoOpen(ThisWorkbook)
    If status <> "" Then Application.StatusBar = status
End Sub

' For the same macros in another workbook: the answer goes into the collection.
Public Sub TellSentence(ByVal cellAddress As String, ByVal answers As Object)
    If KeptSentence(cellAddress) <> "" Then answers.Add KeptSentence(cellAddress)
End Sub

Public Sub StopOwnPython(ByVal unused As String, ByVal answers As Object)
    StopPython
End Sub

' The one door for errors: a button ends in one message, never in the debugger.
Private Sub Press(ByVal button As String)
    Dim text As String
    On Error GoTo Failed
    Select Case button
        Case "RefreshAll": text = DoRefreshAll()
        Case "Explain": text = DoExplain(ActiveCell)
        Case "RestartPython": text = DoRestartPython()
        Case "InsertFactors": text = DoInsertFactors(SelectedCells())
        Case "RefreshData": text = DoRefreshData(ActiveWorkbook)
        Case "InsertSummary": text = DoInsertSummary(SelectedCells())
        Case "InsertSizing": text = DoInsertSizing(SelectedCells())
        Case "ShowFunctions": text = DoShowFunctions()
        Case "CheckSetup": text = DoCheckSetup()
        Case "About": text = DoAbout()
    End Select
    If text <> "" Then MsgBox Left$(text, LONGEST_MESSAGE), vbInformation, TITLE
    Exit Sub
Failed:
    MsgBox "This did not work: " & FirstLine(Err.Description), vbExclamation, TITLE
End Sub

Private Function SelectedCells() As Range
    If TypeName(Selection) = "Range" Then Set SelectedCells = Selection
End Function

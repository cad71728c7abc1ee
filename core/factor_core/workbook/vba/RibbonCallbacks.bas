Attribute VB_Name = "RibbonCallbacks"
Option Explicit
' What the buttons of the tab "Factor Models" do. A callback only calls the macro of the same name,
' which needs no ribbon: it can be started from the macro list too.

Private Const TITLE As String = "Factor Models"

Public Sub OnRefreshAll(control As IRibbonControl)
    RefreshAll
End Sub

Public Sub OnRestartPython(control As IRibbonControl)
    RestartPython
End Sub

Public Sub RefreshAll()
    If IsImpossibleHere() Then Exit Sub
    Application.StatusBar = False
    Application.CalculateFull
End Sub

Public Sub RestartPython()
    If IsImpossibleHere() Then Exit Sub
    On Error GoTo Failed
    StopPython
    Application.StatusBar = "Python starts again with the next calculation; press Refresh all."
    Exit Sub
Failed:
    MsgBox "Python could not be restarted: " & FirstLine(Err.Description), vbExclamation, TITLE
End Sub

' Recalculating where Python cannot run would replace the numbers in the file by errors.
Private Function IsImpossibleHere() As Boolean
    IsImpossibleHere = PlatformProblem() <> ""
    If IsImpossibleHere Then MsgBox PlatformProblem(), vbInformation, TITLE
End Function

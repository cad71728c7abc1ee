Attribute VB_Name = "FactorOpening"
Option Explicit
Option Private Module
' What happens after a workbook or the add-in has opened: texts for the function wizard, then
' Python is asked for a sign of life. Only when it answers are numbers in the file replaced.

Private Const STARTING As String = "Factor models: starting Python ..."
Private Const NUMBERS_STAY As String = "Factor models: the numbers are those saved in the file: "

' Returns what the status bar says afterwards. An error here must not stop anyone's work.
Public Function DoOpen(ByVal book As Workbook) As String
    Dim isSaved As Boolean
    On Error GoTo Failed
    isSaved = book.Saved
    DoDescribe
    If Not IsAddin() Then
        Application.StatusBar = STARTING
        DoOpen = DoWarmUp(book)
        If DoOpen = "" Then Application.StatusBar = False
    End If
    book.Saved = isSaved ' numbers that came out as they were need no saving
    Exit Function
Failed:
    DoOpen = NUMBERS_STAY & FirstLine(Err.Description)
End Function

' Calculates the sheets that call our functions; returns what to do where Python does not answer.
Public Function DoWarmUp(ByVal book As Workbook) As String
    Dim problem As String
    If Application.Calculation = xlCalculationManual Then Exit Function
    problem = PythonProblem()
    If problem = "" Then
        CalculateSheets CellsThatCall(book, FactorNames())
    Else
        DoWarmUp = NUMBERS_STAY & problem
    End If
End Function

' Gives the function wizard its texts; returns why not. Functions work without them.
Public Function DoDescribe() As String
    On Error GoTo Failed
    DescribeFunctions
    Exit Function
Failed:
    DoDescribe = FirstLine(Err.Description)
    ' Where no workbook is open, Excel takes texts only from one that could be shown.
    If IsAddin() Then DoDescribe = DescribedWhileShown()
End Function

Private Function DescribedWhileShown() As String
    On Error GoTo Failed
    Application.ScreenUpdating = False
    ThisWorkbook.IsAddin = False
    DescribeFunctions
Done:
    On Error Resume Next ' whatever happened, it ends as an add-in
    ThisWorkbook.IsAddin = True
    Application.ScreenUpdating = True
    Exit Function
Failed:
    DescribedWhileShown = FirstLine(Err.Description)
    Resume Done
End Function

' One function for the wizard; FactorWizard calls it for each.
Public Sub Describe(ByVal functionName As String, ByVal category As String, _
        ByVal sentence As String, ByVal texts As Variant)
    Dim macro As String
    macro = MacroIn(ThisWorkbook, functionName)
    If UBound(texts) < LBound(texts) Then
        Application.MacroOptions macro:=macro, Description:=sentence, category:=category
    Else
        Application.MacroOptions macro:=macro, Description:=sentence, category:=category, _
            ArgumentDescriptions:=texts
    End If
End Sub

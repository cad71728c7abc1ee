Attribute VB_Name = "xlwings"
Option Explicit
' Stands in for xlwings' module of the same name, whose DLL exists on Windows only. What it is asked
' for goes to the tests.

Public Const XLWINGS_VERSION As String = "stub"
Private Const ITS_TEXT As String = "Message: "

Private mTests As Object
Private mServers As Long

Public Sub ConnectTests(ByVal bridge As Object)
    Set mTests = bridge
End Sub

Public Function Tests() As Object
    Set Tests = mTests
End Function

Public Function XLPy() As Object
    Dim server As StubServer
    Happens "XLPy"
    mServers = mServers + 1
    Set server = New StubServer
    server.Number = mServers
    Set XLPy = server
End Function

Public Sub KillPy()
    Happens "KillPy"
End Sub

' What the tests raise, a macro finds in Err.Description.
Private Sub Happens(ByVal what As String)
    Dim description As String
    On Error GoTo Failed
    If what = "XLPy" Then mTests.XLPy
    If what = "KillPy" Then mTests.KillPy
    Exit Sub
Failed:
    description = Raised(Err.Description)
    Err.Raise 1000, , description
End Sub

Public Function GetConfig(ByVal configKey As String, Optional ByVal default As String = "") As Variant
    GetConfig = mTests.GetConfig(configKey)
    If IsEmpty(GetConfig) Then GetConfig = default
End Function

' What the tests raised, without what UNO puts around it.
Public Function Raised(ByVal description As String) As String
    Dim found As Long
    Raised = description
    found = InStr(description, ITS_TEXT)
    If found = 0 Then Exit Function
    Raised = Mid$(description, found + Len(ITS_TEXT))
    If Right$(Raised, 1) = "." Then Raised = Left$(Raised, Len(Raised) - 1)
End Function

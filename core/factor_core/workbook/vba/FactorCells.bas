Attribute VB_Name = "FactorCells"
Option Explicit
Option Private Module
' Finding the cells that call our functions, and writing new ones where nothing stands.

' The cell whose formula gives what a cell shows: a result of several cells has its formula in one.
Public Function FormulaCell(ByVal cell As Object) As Object
    On Error Resume Next ' a cell that stands alone has neither of the two
    Set FormulaCell = cell
    Set FormulaCell = cell.CurrentArray.Cells(1, 1)
    Set FormulaCell = cell.SpillParent
End Function

Public Function CallsAnyOf(ByVal formula As String, ByVal names As Variant) As Boolean
    Dim position As Long
    If InStr(formula, "=") = 0 Then Exit Function
    For position = LBound(names) To UBound(names)
        If InStr(1, formula, names(position) & "(", vbTextCompare) > 0 Then
            CallsAnyOf = True
            Exit Function
        End If
    Next position
End Function

' The cells of a workbook whose formulas call one of these functions, each once.
Public Function CellsThatCall(ByVal book As Workbook, ByVal names As Variant) As Collection
    Dim sheet As Worksheet, found As Collection
    Set found = New Collection
    For Each sheet In book.Worksheets
        AddCellsThatCall sheet.UsedRange, names, found
    Next sheet
    Set CellsThatCall = found
End Function

Private Sub AddCellsThatCall(ByVal used As Range, ByVal names As Variant, ByVal found As Collection)
    Dim formulas As Variant, i As Long, j As Long
    formulas = used.Formula ' all at once: a sheet may have a hundred thousand cells
    If Not IsArray(formulas) Then
        If CallsAnyOf(CStr(formulas), names) Then AddFormulaCell used, found
        Exit Sub
    End If
    For i = LBound(formulas, 1) To UBound(formulas, 1)
        For j = LBound(formulas, 2) To UBound(formulas, 2)
            If CallsAnyOf(CStr(formulas(i, j)), names) Then
                AddFormulaCell used.Cells(i - LBound(formulas, 1) + 1, _
                    j - LBound(formulas, 2) + 1), found
            End If
        Next j
    Next i
End Sub

Private Sub AddFormulaCell(ByVal cell As Object, ByVal found As Collection)
    Dim source As Object
    Set source = FormulaCell(cell)
    On Error Resume Next ' the cells of one result have one formula, which is there already
    found.Add source, FullAddress(source)
End Sub

' Calculates the sheets of these cells anew, in the order in which their cells use one another: a
' cell calculated alone would leave those that use it as they were.
Public Sub CalculateSheets(ByVal found As Collection)
    Dim cell As Object, sheetName As String, mode As Long
    mode = Application.Calculation
    On Error GoTo Failed
    Application.Calculation = xlCalculationManual
    For Each cell In found
        If cell.Worksheet.Name <> sheetName And cell.Worksheet.EnableCalculation Then
            sheetName = cell.Worksheet.Name
            cell.Worksheet.EnableCalculation = False ' off and on again marks every formula
            cell.Worksheet.EnableCalculation = True
        End If
    Next cell
    Application.Calculate
    Application.Calculation = mode
    Exit Sub
Failed:
    Application.Calculation = mode
    Err.Raise Err.Number, , Err.Description
End Sub

' Enters a formula again, so that its cell and all that depend on it are calculated.
Public Sub EnterAgain(ByVal cell As Object)
    On Error GoTo NoSpilling
    cell.Formula2 = cell.Formula2
    Exit Sub
NoSpilling:
    Resume Otherwise
Otherwise:
    On Error GoTo Alone
    cell.CurrentArray.FormulaArray = cell.FormulaArray
    Exit Sub
Alone:
    Resume OneCell
OneCell:
    On Error GoTo 0
    cell.Formula = cell.Formula
End Sub

' Writes a formula whose result fills the block: spilling, or as an array where Excel cannot spill.
Public Sub WriteFormula(ByVal block As Object, ByVal formula As String)
    On Error GoTo NoSpilling
    block.Cells(1, 1).Formula2 = formula
    Exit Sub
NoSpilling:
    Resume Otherwise
Otherwise:
    On Error GoTo 0
    block.FormulaArray = formula
End Sub

' A free block of this size right of the selection, else below it; Nothing where there is no room.
Public Function FreePlace(ByVal selected As Range, ByVal rowCount As Long, _
        ByVal columnCount As Long) As Range
    Dim lastRow As Long, lastColumn As Long, area As Object
    For Each area In selected.Areas
        If area.Row + area.Rows.Count - 1 > lastRow Then lastRow = area.Row + area.Rows.Count - 1
        If area.Column + area.Columns.Count - 1 > lastColumn Then
            lastColumn = area.Column + area.Columns.Count - 1
        End If
    Next area
    ' One free cell that is selected is where the block shall stand.
    If lastRow = selected.Row And lastColumn = selected.Column Then
        Set FreePlace = FreeBlock(selected.Cells(1, 1), 0, 0, rowCount, columnCount)
        If Not FreePlace Is Nothing Then Exit Function
    End If
    Set FreePlace = FreeBlock(selected.Cells(1, 1), 0, lastColumn - selected.Column + 2, _
        rowCount, columnCount)
    If Not FreePlace Is Nothing Then Exit Function
    Set FreePlace = FreeBlock(selected.Cells(1, 1), lastRow - selected.Row + 2, 0, _
        rowCount, columnCount)
End Function

' The block that starts so many cells below and right of a cell; Nothing unless all of it is free.
Private Function FreeBlock(ByVal cell As Range, ByVal down As Long, ByVal across As Long, _
        ByVal rowCount As Long, ByVal columnCount As Long) As Range
    Dim block As Range
    If cell.Row + down + rowCount - 1 > cell.Worksheet.Rows.Count Then Exit Function
    If cell.Column + across + columnCount - 1 > cell.Worksheet.Columns.Count Then Exit Function
    Set block = cell.Offset(down, across).Resize(rowCount, columnCount)
    If Application.WorksheetFunction.CountA(block) > 0 Then Exit Function
    If IsNull(block.MergeCells) Then Exit Function ' some of its cells are merged
    If block.MergeCells Then Exit Function
    Set FreeBlock = block
End Function

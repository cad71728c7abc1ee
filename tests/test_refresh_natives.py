"""Native formulas around ours: closed forms, numpy 2 and scipy 1 are the oracles.

No spreadsheet program is asked here: each expected value is a definition written in numpy.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
import xlsxwriter
from refresh_books import Seen, fakes
from scipy import stats

from factor_core.refresh import refresh_workbook

N = 40
RNG = np.random.default_rng(3)
X = RNG.normal(0, 0.01, (N, 3)).round(6)
Y = (0.0002 + X @ [1.1, -0.3, 0.2] + RNG.normal(0, 0.005, N)).round(6)
M = X[:, 0]
FIT = stats.linregress(M, Y)
DESIGN = np.column_stack([np.ones(N), X])
COEF = np.linalg.lstsq(DESIGN, Y, rcond=None)[0]
RESIDUAL = Y - DESIGN @ COEF
HOLES = np.ones(N, bool)
HOLES[[3, 5, 8]] = False  # rows with text, a blank and TRUE in column F
YA, XA, FA = "Data!$B$2:$B$41", "Data!$C$2:$C$41", "Data!$C$2:$E$41"

PLAIN = {
    f"SLOPE({YA},{XA})": FIT.slope,
    "SLOPE(Data!$B$1:$B$41,Data!$C$1:$C$41)": FIT.slope,
    "SLOPE(Data!B:B,Data!C:C)": FIT.slope,
    f"INTERCEPT({YA},{XA})": FIT.intercept,
    f"RSQ({YA},{XA})": FIT.rvalue**2,
    f"CORREL({YA},{XA})": FIT.rvalue,
    f"COVARIANCE.S({YA},{XA})": np.cov(Y, M)[0, 1],
    f"COVARIANCE.S({YA},{XA})/VAR.S({XA})": FIT.slope,
    f"VAR.S({YA})": Y.var(ddof=1),
    f"VAR.P({YA})": Y.var(),
    f"STDEV.S({YA})*SQRT(252)": Y.std(ddof=1) * math.sqrt(252),
    f"SLOPE(Data!$F$2:$F$41,{XA})": stats.linregress(M[HOLES], Y[HOLES]).slope,
    f"CORREL(Data!$F$2:$F$41,{XA})": np.corrcoef(M[HOLES], Y[HOLES])[0, 1],
    "VAR.S(Data!$F$2:$F$41)": Y[HOLES].var(ddof=1),
    f"SLOPE(Data!$G$2:$G$41,{XA})": "#N/A",
    "AVERAGE(Data!$G$2:$G$41)": "#N/A",
    "COUNT(Data!$G$1:$G$41)": N - 1,
    "AGGREGATE(1,6,Data!$G$2:$G$41)": np.delete(Y, 4).mean(),
    f"INDEX(LINEST({YA},{FA}),1,1)": COEF[3],
    f"INDEX(LINEST({YA},{FA},TRUE,TRUE),3,1)": 1 - RESIDUAL.var() / Y.var(),
    f"INDEX(LINEST({YA},{XA},TRUE,TRUE),2,1)": FIT.stderr,
    f"LET(_xlpm.m,LINEST({YA},{FA}),INDEX(_xlpm.m,1,2))": COEF[2],
    f"LET(_xlpm.r,{YA},AVERAGE(_xlpm.r)/STDEV.S(_xlpm.r))": Y.mean() / Y.std(ddof=1),
    f'SLOPE({YA},INDEX({FA},0,MATCH("SMB",Data!$C$1:$E$1,0)))': stats.linregress(X[:, 1], Y).slope,
    f'AVERAGE(XLOOKUP("SMB",Data!$C$1:$E$1,{FA}))': X[:, 1].mean(),
    'XLOOKUP(1,Data!$A$2:$A$41,Data!$B$2:$B$41,"none")': "none",
    "AVERAGE(INDEX(Data!$B$2:$B$41,1):INDEX(Data!$B$2:$B$41,10))": Y[:10].mean(),
    "SLOPE(OFFSET(Data!$B$1,1,0,40,1),OFFSET(Data!$C$1,1,0,40,1))": FIT.slope,
    f'CORREL(INDIRECT("Data!B2:B41"),{XA})': FIT.rvalue,
    "SUMPRODUCT(OFFSET(Data!$B$1,1,0,40,1)*1)": Y.sum(),
    "OFFSET(Data!$B$1,2,0)*2": 2 * Y[1],
    f"SLOPE(Moving,{XA})": FIT.slope,
    "SUMPRODUCT(ROW(Data!$A$2:$A$41))": sum(range(2, 42)),
    f"SUMPRODUCT((MOD(ROW({YA}),2)=0)*{YA})": Y[::2].sum(),
    "ROW(Data!$A$7)+COLUMN(Data!$C$1)": 10,
    "MATCH(40010.5,Data!$A$2:$A$41,1)": 11,
    "VLOOKUP(40003,Data!$A$2:$E$41,2,FALSE)": Y[3],
    f"SUMPRODUCT({YA},{XA})": Y @ M,
    f"SUMPRODUCT(--({YA}>0),{XA})": M[Y > 0].sum(),
    f'COUNTIFS({YA},">0",{XA},">0")': int(((Y > 0) & (M > 0)).sum()),
    f'SUMIFS({YA},{XA},">0")': Y[M > 0].sum(),
    f"SUM(TAKE({FA},-5,1))": M[-5:].sum(),
    f"SUM(DROP({FA},1))": X[1:].sum(),
    f"SLOPE({YA},CHOOSECOLS({FA},2))": stats.linregress(X[:, 1], Y).slope,
    f"SUM(HSTACK({YA},{XA}))": Y.sum() + M.sum(),
    f"ROWS(FILTER({YA},{YA}>0))": int((Y > 0).sum()),
    f"SUM(MMULT(TRANSPOSE({FA}),{FA}))": (X.T @ X).sum(),
    f"REDUCE(1,{YA},LAMBDA(_xlpm.a,_xlpm.b,_xlpm.a*(1+_xlpm.b)))": np.prod(1 + Y),
    f"SUM(BYCOL({FA},LAMBDA(_xlpm.c,INDEX(_xlpm.c,2))))": X[1].sum(),
    f"PERCENTILE.INC({YA},0.05)": np.percentile(Y, 5),
    f"SKEW({YA})": stats.skew(Y, bias=False),
    f"KURT({YA})": stats.kurtosis(Y, bias=False),
    "T.DIST.2T(2.1,38)": 2 * stats.t.sf(2.1, 38),
    "T.INV.2T(0.05,38)": stats.t.ppf(0.975, 38),
    "F.DIST.RT(3,2,30)": stats.f.sf(3, 2, 30),
    "NORM.S.INV(0.975)": stats.norm.ppf(0.975),
    'IF(ABS(SLOPE(Data!B:B,Data!C:C)-TOTAL(1))<9,"agrees","differs")': "agrees",
    "IFERROR(1/0,7)": 7,
    "SQRT(-1)": "#NUM!",
    "EDATE(40000,1)": 40031,
    "YEAR(40000)": 2009,
    'TEXT(0.12345,"0.0%")': "12.3%",
    'TEXT(40000,"yyyy-mm-dd")': "2009-07-06",
    'TEXT(1234567.8,"$#,##0")': "$1,234,568",
    'HYPERLINK("#Data!A1","go")': "go",
    '"beta "&TEXT(1.2,"0.00")&" on "&Data!C1': "beta 1.20 on MKT",
    "Data!Z99": 0,
}  # fmt: skip
SPILLED = {
    "SEQUENCE(3,1,5)": [5, 6, 7, None],
    f"TAKE({FA},2)": [*M[:2], None],
    f"{YA}-1.1*{XA}": [*(Y - 1.1 * M), None],
    f"SCAN(1,{YA},LAMBDA(_xlpm.a,_xlpm.b,_xlpm.a*(1+_xlpm.b)))": [*np.cumprod(1 + Y), None],
    "ROW(Data!A2:A4)": [2, 3, 4, None],
    "SUM(ROW(Data!A2:A4))": [9, None],
    f"SQRT(ABS({YA}))": [*np.sqrt(np.abs(Y)), None],
    f'INDEX({FA},0,MATCH("HML",Data!$C$1:$E$1,0))': [*X[:, 2], None],
}


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    path = tmp_path_factory.mktemp("natives") / "book.xlsx"
    workbook = xlsxwriter.Workbook(path, {"use_future_functions": True})
    calc, spills, sheet = (workbook.add_worksheet(n) for n in ("Calc", "Spills", "Data"))
    sheet.write_row(0, 0, ["Date", "AAPL", "MKT", "SMB", "HML", "Holes", "NA"])
    for i in range(N):
        sheet.write_row(i + 1, 0, [40000 + i, Y[i], *X[i]])
        hole = {3: "n/a", 5: None, 8: True}.get(i, Y[i])
        sheet.write(i + 1, 5, hole)
        sheet.write(i + 1, 6, "=NA()" if i == 4 else Y[i])
    workbook.define_name("Moving", "=OFFSET(Data!$B$1,1,0,COUNT(Data!$B:$B),1)")
    for i, text in enumerate(PLAIN):
        calc.write_formula(i, 0, "=" + text)
    for i, text in enumerate(SPILLED):
        spills.write_dynamic_array_formula(0, 4 * i, 0, 4 * i, "=" + text)
    workbook.close()
    report = refresh_workbook(path, functions=fakes())
    assert report.status == "ok", report.not_calculated
    return Seen(path, "Calc"), Seen(path, "Spills")


def equal(got, expected):
    if isinstance(expected, str) or expected is None:
        return got == expected
    return not isinstance(got, str) and math.isclose(got, expected, rel_tol=1e-11, abs_tol=1e-15)


@pytest.mark.parametrize("formula", PLAIN)
def test_native_formula_equals_its_definition(seen, formula):
    got = seen[0][f"A{list(PLAIN).index(formula) + 1}"]
    assert equal(got, PLAIN[formula]), (got, PLAIN[formula])


@pytest.mark.parametrize("formula", SPILLED)
def test_spilled_native_formula_equals_its_definition(seen, formula):
    column = 4 * list(SPILLED).index(formula) + 1
    for row, expected in enumerate(SPILLED[formula], 1):
        got = seen[1].sheet.cell(row, column).value
        assert equal(got, expected), (row, got, expected)


def test_cumulative_growth_over_two_thousand_rows_is_the_product(tmp_path):
    path, returns = tmp_path / "book.xlsx", np.random.default_rng(1).normal(0, 0.01, 2000).round(6)
    workbook = xlsxwriter.Workbook(path)
    sheet = workbook.add_worksheet("My Calc")
    sheet.write(0, 1, 1)
    for i, value in enumerate(returns):
        sheet.write(i + 1, 0, value)
        sheet.write_formula(i + 1, 1, f"=B{i + 1}*(1+A{i + 2})")
    workbook.close()
    assert refresh_workbook(path, functions=fakes()).status == "ok"
    growth = Seen(path).column("B", 2, 2001)
    np.testing.assert_allclose(growth, np.cumprod(1 + returns), rtol=1e-13)

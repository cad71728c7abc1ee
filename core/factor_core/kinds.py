"""The vocabulary of arguments: each is explained once and means the same in every function."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from numpy.typing import NDArray

from factor_core import cells
from factor_core.errors import InputError
from factor_core.labelled import Columns, Examined, one_column

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Kind:
    """How one sort of argument is explained, and how it is read from cells."""

    text: str
    read: Callable[[object, str], Any]
    keeps_header: bool = False
    """Whether the result has the shape of these cells, so that their header belongs to it too."""


def choice(*options: str) -> Callable[[object, str], str]:
    """Return the reader of a word out of `options`; capitals do not matter."""
    by_lower = {option.lower(): option for option in options}

    def read(raw: object, name: str) -> str:
        cell = cells.one_cell(raw, name)
        word = cell.strip().lower() if isinstance(cell, str) else None
        if word not in by_lower:
            raise InputError(f"{name} is {cells.describe(cell)}; use one of {', '.join(options)}")
        return by_lower[word]

    return read


def _one_column(raw: object, name: str) -> Columns:
    columns = cells.read_columns(raw, name)
    return one_column(columns, name, "use one column", "; TRANSPOSE turns a row into a column")


def _date_or_text(raw: object, name: str) -> float | str:
    """Return one date as Excel's serial number, or as the text that names a day, month or year."""
    cell = cells.one_cell(raw, name)
    if isinstance(cell, str):
        return cells.read_text(cell, name)
    date = float(cells.read_dates(cell, name).values[0, 0])
    if np.isnan(date):
        raise InputError(f"{name} is missing; use a date")
    return date


def _vector(raw: object, name: str) -> NDArray[np.float64]:
    """Return one row or one column of numbers as a vector without gaps."""
    block = _matrix(raw, name)
    if 1 not in block.shape:
        rows, columns = block.shape
        raise InputError(f"{name} is {rows} x {columns}; use one row or one column")
    return block.ravel()


def _matrix(raw: object, name: str) -> NDArray[np.float64]:
    """Return numbers without gaps; a header is left out."""
    return _full_columns(raw, name).values


def _full_columns(raw: object, name: str) -> Columns:
    """Return columns without gaps; a header is kept."""
    columns = cells.read_columns(raw, name)
    missing = np.isnan(columns.values)
    if missing.any():
        row, column = np.argwhere(missing)[0] + 1
        row += 1 if columns.names else 0
        raise InputError(f"{name} row {row}, column {column} is blank; use a number")
    return columns


# ruff: noqa: E501  (the wizard's texts are read better whole than wrapped)
# A line a word: a vocabulary is read as a list.
# fmt: off
AssetReturns = Annotated[Columns, Kind("Excess returns of the asset, oldest first; 0.01 means 1 %. One column, or one column an asset. A first row of text is the name.", cells.read_columns)]
FactorReturns = Annotated[Columns, Kind("Returns of the factors over the same rows: one column a factor. A first row of text holds the names.", cells.read_columns)]
Returns = Annotated[Columns, Kind("Returns, oldest first; 0.01 means 1 %. One column, or several side by side.", cells.read_columns)]
OneFactorReturns = Annotated[Columns, Kind("Excess returns of one factor, usually the market, over the same rows. A first row of text is the name.", cells.read_columns)]
ExcessReturns = Annotated[Columns, Kind("Returns in excess of the risk-free rate, oldest first; 0.01 means 1 %.", cells.read_columns)]
BenchmarkReturns = Annotated[Columns, Kind("Returns of the benchmark over the same rows: one column.", _one_column)]
MarketReturns = Annotated[Columns, Kind("Excess returns of the market over the same rows: one column.", _one_column)]
NewFactor = Annotated[Columns, Kind("Returns of the new self-financing factor over the same rows: one column, or one column a new factor. A first row of text is the name.", cells.read_columns)]
Prices = Annotated[Columns, Kind("Prices, oldest first: one column, or one column an asset. Adjusted for dividends and splits.", cells.read_columns)]
RiskFree = Annotated[Columns, Kind("Risk-free rate per period, decimal: one number, or one column over the same rows. RF_PER_PERIOD makes it from an annual rate.", cells.read_columns)]
Dates = Annotated[Columns, Kind("Dates of the rows: one column of dates or ISO text such as 2024-01-31.", cells.read_dates)]
DateTimes = Annotated[Columns, Kind("Dates of the rows: one column of dates or ISO text such as 2024-01-31.", cells.read_times)]
CheckedAssets = Annotated[Examined, Kind("Excess returns of the asset, oldest first: one column, or one column an asset. Cells may hold anything.", cells.read_every_cell)]
CheckedFactors = Annotated[Examined, Kind("Returns of the factors over the same rows: one column a factor. Cells may hold anything.", cells.read_every_cell)]
CheckedDates = Annotated[Examined | None, Kind("Dates of the rows: one column. Blank to leave out what depends on the calendar.", cells.read_every_date)]
CompoundFrequency = Annotated[str, Kind("Periods to compound to: W weeks that end on a Friday, M months, Q quarters or A years.", choice("W", "M", "Q", "A"))]
Values = Annotated[Columns, Kind("Values that belong to the dates: one column or several.", cells.read_columns)]
Block = Annotated[NDArray[np.float64], Kind("A number, or a range of numbers: the result has the same shape.", cells.read_columns, keeps_header=True)]
AnnualRate = Annotated[NDArray[np.float64], Kind("Rate a year, decimal: one number or a range; the result has the same shape.", cells.read_columns, keeps_header=True)]
VolBlock = Annotated[NDArray[np.float64], Kind("Volatility, decimal: one number or a range; the result has the same shape.", cells.read_columns, keeps_header=True)]
FactorName = Annotated[str | int | None, Kind("Name or position of one factor; blank for all of them.", cells.read_text_or_integer)]
Periods = Annotated[float, Kind("Periods a year: 252 daily, 52 weekly, 12 monthly.", cells.read_number)]
FromPeriods = Annotated[float, Kind("Periods a year of the volatility given: 252 daily, 12 monthly, 1 annual.", cells.read_number)]
ToPeriods = Annotated[float, Kind("Periods a year of the volatility wanted: 252 daily, 12 monthly, 1 annual.", cells.read_number)]
BudgetPeriods = Annotated[float, Kind("Periods a year of the budget's horizon: 1 for a year, 12 for a month.", cells.read_number)]
VolPeriods = Annotated[float, Kind("Periods a year of the volatility: 252 for a daily one, 12 monthly, 1 annual.", cells.read_number)]
ReturnPeriods = Annotated[float, Kind("Periods a year of the returns: 252 daily, 52 weekly, 12 monthly.", cells.read_number)]
RateMethod = Annotated[str, Kind("simple (rate / periods) or geometric ((1 + rate)^(1/periods) - 1).", choice("simple", "geometric"))]
ScaleKind = Annotated[str, Kind("What the value is: mean, geometric, vol, variance or sharpe.", choice("mean", "geometric", "vol", "variance", "sharpe"))]
PnlKind = Annotated[str, Kind("total, alpha (risk-adjusted) or factor.", choice("total", "alpha", "factor"))]
StandardErrors = Annotated[str, Kind("Standard errors: ols, hc0, hc1, hc2, hc3 or hac (Newey-West).", choice("ols", "hc0", "hc1", "hc2", "hc3", "hac"))]
Lags = Annotated[int | None, Kind("Lags of the hac standard errors; blank for floor(4 (n/100)^(2/9)).", cells.read_integer)]
NullValue = Annotated[float, Kind("The value that the test takes as true, usually 0 (or 1 for a market beta).", cells.read_number)]
Level = Annotated[float, Kind("Confidence level between 0 and 1, for example 0.95.", cells.read_number)]
Significance = Annotated[float, Kind("Probability of a false discovery among all tests, between 0 and 1, for example 0.05.", cells.read_number)]
Confidence = Annotated[float, Kind("Confidence of the two-sided test, between 0 and 1.", cells.read_number)]
TestCount = Annotated[int, Kind("Number of tests, strategies or factors tried, those discarded too.", cells.read_integer)]
DegreesOfFreedom = Annotated[float | None, Kind("Degrees of freedom of each t statistic; blank for the normal distribution.", cells.read_number)]
Restrictions = Annotated[Columns, Kind("One row a restriction, one column a factor: the weights of the betas. With one column more, the first is the weight of alpha.", cells.read_columns)]
RestrictionValues = Annotated[NDArray[np.float64] | float, Kind("What each restriction's weighted sum is: one number for all, or one each.", _vector)]
Split = Annotated[int, Kind("Rows of the first part, a header not counted; the rows below are the second part.", cells.read_integer)]
Shanken = Annotated[bool, Kind("TRUE to add standard errors corrected for betas that are estimates (Shanken).", cells.read_flag)]
SharpeAYear = Annotated[float, Kind("Sharpe ratio a year, or appraisal ratio a year.", cells.read_number)]
Adjusted = Annotated[bool, Kind("TRUE for R-squared adjusted for the number of factors.", cells.read_flag)]
Intercept = Annotated[bool, Kind("TRUE to estimate an intercept (alpha), FALSE to force it to 0.", cells.read_flag)]
SmallSample = Annotated[bool, Kind("TRUE for the small-sample factor n/(n-k-1) of the hac standard errors.", cells.read_flag)]
StatName = Annotated[str, Kind("Name of the statistic: n, r2, adj_r2, s, f, f_p, df, loglik, aic, bic, dw, jb, jb_p, skew, kurtosis, cond or omnibus.", choice("n", "r2", "adj_r2", "s", "f", "f_p", "df", "loglik", "aic", "bic", "dw", "jb", "jb_p", "skew", "kurtosis", "cond", "omnibus"))]
Betas = Annotated[NDArray[np.float64] | None, Kind("Betas to use: one a factor, and a row an asset for several assets; blank to estimate them.", _matrix)]
Window = Annotated[int | None, Kind("Rows of the rolling window; blank for betas of the full sample.", cells.read_integer)]
Lag = Annotated[int, Kind("Rows by which rolling betas are delayed; 1 is what could have been traded.", cells.read_integer)]
RollingWindow = Annotated[int, Kind("Rows of the rolling window, rows with a missing cell counted.", cells.read_integer)]
MinObs = Annotated[int | None, Kind("Complete rows that a window needs, the first windows among them; blank for all its rows.", cells.read_integer)]
HalfLife = Annotated[float, Kind("Rows after which the weight of a row has halved, for example 63.", cells.read_number)]
CalendarBlock = Annotated[str, Kind("Length of a block of the calendar: a whole number and Y, Q or M, such as 1Y, 2Q or 6M.", cells.read_text)]
LagRows = Annotated[int, Kind("Rows before each row whose factor returns count, too.", cells.read_integer)]
LeadRows = Annotated[int, Kind("Rows after each row whose factor returns count, too.", cells.read_integer)]
Threshold = Annotated[float, Kind("Factor return per period, decimal, strictly beyond which a row counts.", cells.read_number)]
DownsideMethod = Annotated[str, Kind("acx (Ang, Chen and Xing: the rows below the mean) or estrada (semi-moments).", choice("acx", "estrada"))]
TimingModel = Annotated[str, Kind("TM (Treynor and Mazuy) or HM (Henriksson and Merton).", choice("TM", "HM"))]
RobustMethod = Annotated[str, Kind("huber, or tukey to leave extreme rows out altogether.", choice("huber", "tukey"))]
BetaBlock = Annotated[NDArray[np.float64], Kind("Betas: one number or a range; the result has the same shape.", cells.read_columns, keeps_header=True)]
StdErrors = Annotated[NDArray[np.float64], Kind("Standard errors of the betas: a range of the same shape, or one number for all.", cells.read_columns, keeps_header=True)]
EstimateWeight = Annotated[float, Kind("Weight of the estimate, from 0 to 1; 2/3 if left out.", cells.read_number)]
Prior = Annotated[float, Kind("Beta towards which the estimates are moved.", cells.read_number)]
PriorOrBlank = Annotated[float | None, Kind("Beta towards which the estimates are moved; blank for the mean of the betas.", cells.read_number)]
PriorVariance = Annotated[float | None, Kind("Variance of true betas around the prior; blank for the variance of the betas.", cells.read_number)]
DebtEquity = Annotated[NDArray[np.float64], Kind("Debt over equity at market values: one number, or a range of the betas' shape.", cells.read_columns, keeps_header=True)]
TaxRate = Annotated[NDArray[np.float64], Kind("Tax rate of the firm, decimal: one number, or a range of the betas' shape.", cells.read_columns, keeps_header=True)]
Beta = Annotated[float, Kind("Exposure to the market.", cells.read_number)]
BetaVector = Annotated[NDArray[np.float64] | float, Kind("Exposures, one a factor: a row or a column.", _vector)]
Premia = Annotated[NDArray[np.float64] | float, Kind("Expected returns of the factors, one a factor, in the same order as the betas.", _vector)]
MarketPremium = Annotated[float, Kind("Expected return of the market above the risk-free rate.", cells.read_number)]
Rate = Annotated[float, Kind("Risk-free rate over the horizon of the result, decimal.", cells.read_number)]
Alpha = Annotated[float, Kind("Expected return beyond what the betas explain, over the same horizon.", cells.read_number)]
AlphaPerPeriod = Annotated[float, Kind("Alpha per period, decimal.", cells.read_number)]
Budget = Annotated[float, Kind("Risk budget: the volatility in money that the position may have over the budget's horizon.", cells.read_number)]
Position = Annotated[float, Kind("Money in the position; negative when short.", cells.read_number)]
FactorCov = Annotated[Columns, Kind("Covariance matrix of the factors, k x k, such as FACTOR_COV makes. A first row of text holds the names.", _full_columns)]
Covariances = Annotated[Columns, Kind("Covariance matrix of the assets, m x m, such as MODEL_COV makes. A first row of text holds the names.", _full_columns)]
NamedBetas = Annotated[Columns, Kind("Betas, one row an asset and one column a factor. A first row of text holds the factors' names.", _full_columns)]
Positions = Annotated[NDArray[np.float64], Kind("Money in each asset: a row or a column; negative when short.", _vector)]
Alphas = Annotated[NDArray[np.float64], Kind("Expected return of each asset beyond its factors, decimal: a row or a column.", _vector)]
Legs = Annotated[NDArray[np.float64], Kind("Money in each instrument for 1 of each factor: one row a factor, one column an instrument. Small minus big is 1 in the small and -1 in the big one.", _matrix)]
InstrumentReturns = Annotated[Columns, Kind("Returns of the hedging instruments over the same rows: one column an instrument. A first row of text holds the names.", cells.read_columns)]
HedgedReturns = Annotated[Columns, Kind("Returns of the asset with its hedge, over the same rows: one column.", _one_column)]
Ridge = Annotated[float, Kind("0 for the least variance in sample; above, ratios shrink, those of overlapping instruments most: 0.1 is mild.", cells.read_number)]
CovHalfLife = Annotated[float | None, Kind("Rows after which the weight of a row has halved; blank for equal weights.", cells.read_number)]
PositionValue = Annotated[float, Kind("Money in the position to hedge; negative when short.", cells.read_number)]
TargetBeta = Annotated[float, Kind("Beta that the position shall have; 0 hedges it fully.", cells.read_number)]
HedgeBeta = Annotated[float, Kind("Beta of the hedging instrument, usually 1.", cells.read_number)]
Price = Annotated[float | None, Kind("Price of one unit of the instrument; blank for a hedge in money.", cells.read_number)]
Multiplier = Annotated[float, Kind("Units in one contract: 50 for a future on 50 times the index.", cells.read_number)]
FactorVariance = Annotated[float, Kind("Variance of the factor.", cells.read_number)]
IdioVariance = Annotated[float, Kind("Idiosyncratic variance of the asset, of the factor variance's horizon.", cells.read_number)]
TargetShare = Annotated[float, Kind("Share of the variance that factor risk shall have after the hedge: from 0 to below 1.", cells.read_number)]
CovPeriods = Annotated[float, Kind("Periods a year of the covariances: 252 for daily ones, 12 monthly, 1 annual.", cells.read_number)]
AlphaPeriods = Annotated[float, Kind("Periods a year of alphas and variances: 252 for daily ones, 12 monthly, 1 annual.", cells.read_number)]
VolBudget = Annotated[float, Kind("Largest volatility in money, of the same horizon as alphas and covariances.", cells.read_number)]
GrossLimit = Annotated[float | None, Kind("Largest sum of the positions' sizes, long and short, in money; blank for none.", cells.read_number)]
NameLimit = Annotated[NDArray[np.float64] | None, Kind("Largest size of a position in money: one number for all, or one an asset; 0 leaves it out; blank for none.", _vector)]
FactorLimits = Annotated[NDArray[np.float64] | None, Kind("Largest exposure to a factor in money, either way: one number for all, or one a factor; 0 is neutral; blank for none.", _vector)]
ShareLimit = Annotated[float | None, Kind("Largest share of the budget's variance that factor risk may take, 0 to 1; blank for none.", cells.read_number)]
Loss = Annotated[float, Kind("Loss that stops the strategy, above 0: in money, or decimal.", cells.read_number)]
Probability = Annotated[float, Kind("Probability, between 0 and 1, that the loss is reached at any time within the horizon.", cells.read_number)]
HorizonYears = Annotated[float, Kind("Horizon in years.", cells.read_number)]
ExpectedSharpe = Annotated[float, Kind("Sharpe ratio a year that the strategy is taken to have.", cells.read_number)]
BetaMatrix = Annotated[NDArray[np.float64], Kind("Betas, one row an asset and one column a factor.", _matrix)]
Weights = Annotated[NDArray[np.float64], Kind("Weights or money, one an asset: a row or a column; negative when short.", _vector)]
IdioVars = Annotated[NDArray[np.float64], Kind("Idiosyncratic variances, one an asset.", _vector)]
Join = Annotated[str, Kind("inner (dates in both), left, right or outer.", choice("inner", "left", "right", "outer"))]
FrenchModel = Annotated[str, Kind("CAPM, FF3, FF5, CARHART or FF6.", choice("CAPM", "FF3", "FF5", "CARHART", "FF6"))]
Frequency = Annotated[str, Kind("D daily, W weekly, M monthly or A annual.", choice("D", "W", "M", "A"))]
StartDate = Annotated[float | str | None, Kind('First date wanted: a date, or text such as "2017-01"; blank for the earliest.', _date_or_text)]
EndDate = Annotated[float | str | None, Kind('Last date wanted: a date, or text such as "2017-01"; blank for the latest.', _date_or_text)]
FilePath = Annotated[str | None, Kind('Blank: Kenneth French\'s library, kept on disk for a day. Else the path of a file of it, several with ; between, or "sample" for the built-in monthly sample.', cells.read_text)]

"""The fit cache: the same numbers are one fit, and any other number is another."""

from __future__ import annotations

import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from test_bad_input import good

import factor_udfs  # noqa: F401  fills the catalogue
from factor_core import estimation, fit_cache, inference
from factor_core.catalogue import CATALOGUE
from factor_core.covariance import standard_errors
from factor_core.fit_cache import FitCache, cache_info, clear_cache
from factor_core.regression import regress, regress_each
from factor_core.rolling import rolling_beta, rolling_betas, rolling_regression
from factor_core.weighted import ewma_beta

laws = settings(max_examples=40, deadline=None)
seeds = st.integers(0, 2**32 - 1)
ROOT = Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def _empty():
    clear_cache()
    yield
    clear_cache()


def draw(seed=0, n=60, k=3, m=2):
    rng = np.random.default_rng(seed)
    x = rng.normal(0, 0.01, (n, k))
    return x @ rng.uniform(0, 1, (k, m)) + rng.normal(0, 0.01, (n, m)), x


def counted(cache, values, *options):
    """Recall a sum through a cache; return it, and whether it was computed."""
    computed = []

    def compute():
        computed.append(True)
        return (values.sum(axis=0, keepdims=True),)

    (total,) = cache.recall("sum", (values,), options, compute)
    return total, bool(computed)


# ------------------------------------------------------------------ found again


def test_alpha_beta_t_and_series_of_one_regression_are_one_fit():
    y, x = draw()
    estimation.factor_alpha(y, x)
    before = cache_info()
    estimation.factor_beta(y.copy(), x.copy())
    estimation.r_squared(y, x)
    estimation.residual_series(y, x)
    inference.alpha_tstat(y, x)
    inference.factor_table(y, x, 252, "ols")
    after = cache_info()
    assert (before.misses, before.hits) == (1, 0)
    assert (after.misses, after.hits) == (1, 5)
    assert after.hit_rate == pytest.approx(5 / 6)
    assert after.fits == 1


def test_newey_west_errors_are_found_again_by_lags():
    fit = regress(*draw())
    first = standard_errors(fit, "hac", 3)
    hits = cache_info().hits
    np.testing.assert_array_equal(standard_errors(fit, "hac", 3), first)
    assert cache_info().hits == hits + 1
    assert not np.array_equal(standard_errors(fit, "hac", 4), first)
    assert not np.array_equal(standard_errors(fit, "hac", 3, small_sample=False), first)


def test_names_are_those_of_the_call_and_not_of_the_first_one():
    from factor_core.labelled import Columns  # noqa: PLC0415  of this test only

    y, x = draw()
    regress(Columns(y, ("A", "B")), x)
    again = regress(Columns(y, ("C", "D")), x)
    assert again.assets.names == ("C", "D")
    assert cache_info().hits == 1


def test_windows_are_found_again_whatever_the_lag():
    y, x = draw(m=1, n=200)
    first = rolling_betas(y, x, 50)
    before = cache_info()
    delayed = rolling_betas(y, x, 50, lag=3)
    np.testing.assert_array_equal(delayed[3:], first[:-3])
    assert np.isnan(delayed[:3]).all()
    assert cache_info().hits == before.hits + 1
    others = [rolling_betas(y, x, window, min_obs=40) for window in (50, 51)]
    others += [rolling_betas(y, x, 51), rolling_regression(y, x, 50).values[:, None, 1:4], first]
    assert cache_info().misses == before.misses + 4
    for i, one in enumerate(others[:3]):
        for other in others[i + 1 :]:
            assert not np.array_equal(one, other, equal_nan=True)
    np.testing.assert_allclose(others[3], first, rtol=1e-12)


def test_weighted_betas_are_found_again_by_halflife():
    y, x = draw(n=200)
    first = ewma_beta(y, x, 30)
    before = cache_info()
    np.testing.assert_array_equal(ewma_beta(y, x, 30), first)
    assert cache_info().hits == before.hits + 2  # the betas, and the regression that checks x
    assert not np.array_equal(ewma_beta(y, x, 31), first)
    assert cache_info().misses == before.misses + 1


@pytest.mark.parametrize("k", [1, 2])
def test_rolling_and_weighted_betas_are_the_callers_own(k):
    y, x = draw(k=k, m=1)
    for compute in (
        lambda: rolling_beta(y, x, 20).values,
        lambda: rolling_regression(y, x, 20).values,
        lambda: ewma_beta(y, x),
    ):
        first = compute()
        kept = first.copy()
        first[:] = 0.0
        np.testing.assert_array_equal(compute(), kept)


# ------------------------------------------------------------------ the functions of the sheet

ONE_REGRESSION = (  # functions that ask for nothing but the regression of y on x
    *("FACTOR_BETA", "FACTOR_ALPHA", "R_SQUARED", "RESIDUAL_VOL", "RESIDUAL_SERIES"),
    *("ALPHA_TSTAT", "BETA_TSTAT", "BETA_SE", "BETA_CI", "BETA_TEST", "FACTOR_REGRESSION"),
    *("FACTOR_SUMMARY", "VARIANCE_DECOMP", "FACTOR_SHARE", "HEDGE_RATIO", "HEDGED_SERIES"),
    *("TRACKING_SERIES", "APPRAISAL_RATIO", "RETURN_ATTRIBUTION"),
)


def in_cells(values):
    return [list(row) for row in values.tolist()]


def test_functions_of_the_same_cells_are_one_fit():
    y, x = map(in_cells, draw(m=1))
    for name in ONE_REGRESSION:
        CATALOGUE[name].cells(y, x)
    info = cache_info()
    assert (info.misses, info.hits) == (1, len(ONE_REGRESSION) - 1)


def test_functions_that_share_a_fit_give_the_numbers_of_statsmodels():
    # statsmodels 0.15.0 OLS
    y, x = draw(3, n=300, m=1)
    cells = in_cells(y), in_cells(x)
    fit = sm.OLS(y[:, 0], sm.add_constant(x)).fit()
    hedged = y[:, 0] - x @ fit.params[1:]
    for name, wanted in (
        ("FACTOR_ALPHA", [[fit.params[0]]]),
        ("FACTOR_BETA", [fit.params[1:]]),
        ("R_SQUARED", [[fit.rsquared]]),
        ("RESIDUAL_VOL", [[np.std(fit.resid, ddof=1)]]),
        ("ALPHA_TSTAT", [[fit.tvalues[0]]]),
        ("BETA_TSTAT", [fit.tvalues[1:]]),
        ("BETA_SE", [fit.bse[1:]]),
        ("RESIDUAL_SERIES", fit.resid[:, None]),
        ("HEDGED_SERIES", hedged[:, None]),
    ):
        found = np.array(CATALOGUE[name].cells(*cells))
        np.testing.assert_allclose(found, wanted, rtol=1e-10, atol=1e-16, err_msg=name)
    assert cache_info().misses == 1


def shown(rows):
    """Return cells as they are told apart: an error by its sentence, too."""
    return [[(cell, getattr(cell, "message", "")) for cell in row] for row in rows]


@contextmanager
def without_cache():
    kept = fit_cache._made[:]
    fit_cache._made[:] = [FitCache(0)]
    try:
        yield
    finally:
        fit_cache._made[:] = kept


def assert_nothing_old(function, given):
    """Fail where what the cache has kept changes what a function shows."""
    found = shown(function.cells(**given))
    with without_cache():
        assert shown(function.cells(**given)) == found


def with_other_cell(cells, rng):
    """Return a range in which one cell holds another number, or none."""
    rows = [list(row) for row in cells]
    i, j = rng.integers(len(rows)), rng.integers(len(rows[0]))
    if isinstance(rows[i][j], float):
        other = (None, rows[i][j] + 0.01, np.nextafter(rows[i][j], 1), -rows[i][j], "n/a")
        rows[i][j] = other[rng.integers(len(other))]
    return rows


@pytest.mark.parametrize("function", CATALOGUE.values(), ids=CATALOGUE)
def test_a_changed_cell_of_any_function_never_shows_an_old_result(function):
    if function.name == "ADDIN_INFO":  # it shows the cache itself
        return
    given = good(function)
    assert_nothing_old(function, given)
    ranges = [name for name, cells in given.items() if isinstance(cells, list)]
    for seed in range(4 if ranges else 0):
        rng = np.random.default_rng(seed)
        name = ranges[rng.integers(len(ranges))]
        given = given | {name: with_other_cell(given[name], rng)}
        assert_nothing_old(function, given)


SHARING = {  # functions of y and x whose fits, errors, windows and weights are all kept
    **dict.fromkeys(ONE_REGRESSION, ()),
    "FACTOR_TABLE": (),
    "FACTOR_STAT": ("f",),
    "ROLLING_BETA": (20.0,),
    "ROLLING_REGRESSION": (20.0,),
    "EWMA_BETA": (),
    "DOWN_BETA": (),
    "TRACKING_ERROR": (),
    "GRS_TEST": (),
}
edits = st.lists(
    st.tuples(st.sampled_from([*SHARING]), st.booleans(), st.integers(0, 2**16)),
    min_size=2,
    max_size=8,
)


@settings(max_examples=25, deadline=None)
@given(seeds, edits)
def test_a_sheet_edited_cell_by_cell_shows_what_a_new_one_shows(seed, steps):
    ranges = [in_cells(part) for part in draw(seed, n=40, k=2, m=1)]
    kept = [list(map(list, part)) for part in ranges]
    for name, in_factors, change in steps:
        for cells in (ranges, kept):  # undone, as by Ctrl+Z, the first result comes back
            function = CATALOGUE[name]
            names = [argument.name for argument in function.arguments]
            given = dict(zip(names, (*cells, *SHARING[name]), strict=False))
            assert_nothing_old(function, given)
        which = int(in_factors)
        ranges[which] = with_other_cell(ranges[which], np.random.default_rng(change))
    assert cache_info().hits > 0


# ------------------------------------------------------------------ never an old result


@laws
@given(seeds, st.booleans(), st.sampled_from(["bit", "blank", "swap"]), st.booleans())
def test_a_changed_cell_never_gives_an_old_result(seed, in_factors, change, many):
    y, x = draw(seed, m=70 if many else 2)
    old = regress(y, x)
    rng = np.random.default_rng(seed)
    series = x if in_factors else y
    i, j = rng.integers(len(series)), rng.integers(series.shape[1])
    if change == "bit":
        series[i, j] = np.nextafter(series[i, j], np.inf)
    elif change == "blank":
        series[i, j] = np.nan
    else:
        series[[i, i - 1]] = series[[i - 1, i]]
    hits = cache_info().hits
    new = regress(y, x)
    assert cache_info().hits == hits
    clear_cache()
    fresh = regress(y, x)
    for name in ("alpha", "beta", "residuals", "n"):
        np.testing.assert_array_equal(getattr(new, name), getattr(fresh, name))
    if change != "bit":  # the last bit of one return may be lost to rounding
        assert not np.array_equal(new.residuals, old.residuals, equal_nan=True)


def test_shape_order_and_options_tell_the_same_bytes_apart():
    cache = FitCache(10**6)
    values = np.arange(12.0)
    shapes = [values.reshape(3, 4), values.reshape(4, 3), values.reshape(4, 3).T]
    for shape in shapes:
        total, computed = counted(cache, shape)
        assert computed
        np.testing.assert_array_equal(total, shape.sum(axis=0, keepdims=True))
    for shape in shapes:
        total, computed = counted(cache, shape)
        assert not computed
        np.testing.assert_array_equal(total, shape.sum(axis=0, keepdims=True))
    assert counted(cache, shapes[0], 1)[1]
    assert counted(cache, shapes[0], 2)[1]
    assert not counted(cache, shapes[0], 2)[1]
    assert counted(cache, shapes[0].view(np.int64))[1]


def test_every_other_element_of_a_range_is_its_own_content():
    cache = FitCache(10**6)
    values = np.arange(24.0).reshape(4, 6)
    for part in (values[:, ::2], values[::2], values[:, 1::2], values[::-1]):
        total, computed = counted(cache, part)
        assert computed
        np.testing.assert_array_equal(total, part.sum(axis=0, keepdims=True))
    assert not counted(cache, values[:, ::2].copy())[1]


def test_one_series_more_or_less_is_another_input():
    cache = FitCache(10**6)
    values = np.arange(6.0)
    results = [
        cache.recall("n", inputs, (), lambda inputs=inputs: (np.array([len(inputs)]),))[0][0]
        for inputs in ((values,), (values[:3], values[3:]), (values, values[:0]))
    ]
    assert results == [1, 2, 2]
    assert cache.info().misses == 3


def test_with_and_without_intercept_are_two_fits():
    y, x = draw()
    assert regress(y, x).alpha.all()
    assert not regress(y, x, intercept=False).alpha.any()


# ------------------------------------------------------------------ read-only, bounded, safe


@pytest.mark.parametrize("m", [1, 70])
@pytest.mark.parametrize("gaps", [False, True])
def test_numbers_of_a_fit_cannot_be_overwritten(m, gaps):
    y, x = draw(m=m)
    if gaps:
        y[:5, 0] = np.nan
    for fit in (regress(y, x), regress(y, x)):
        for name in fit._fields[:11]:
            values = getattr(fit, name)
            with pytest.raises(ValueError, match="read-only"):
                values[...] = 0.0
    assert y.flags.writeable
    assert x.flags.writeable


def test_standard_errors_are_the_callers_own():
    fit = regress(*draw())
    first = standard_errors(fit, "hac")
    kept = first.copy()
    first[:] = 0.0
    np.testing.assert_array_equal(standard_errors(fit, "hac"), kept)


def test_fits_used_last_stay_within_the_bytes():
    cache = FitCache(20_000)
    ranges = [np.full((1, 250), float(i)) for i in range(20)]  # 2,000 bytes and the overhead each
    for values in ranges[:6]:
        counted(cache, values)
    assert not counted(cache, ranges[0])[1]
    counted(cache, ranges[6])
    assert not counted(cache, ranges[0])[1], "the one used last was dropped"
    assert counted(cache, ranges[1])[1], "the oldest is still there"
    for values in ranges:
        counted(cache, values)
        assert cache.info().megabytes <= cache.info().most_megabytes
    assert cache.info().fits == 6


def test_a_fit_too_large_for_the_cache_is_given_and_not_kept():
    cache = FitCache(20_000)
    small, large = np.ones((1, 10)), np.ones((1, 5_000))
    counted(cache, small)
    assert counted(cache, large)[1]
    assert counted(cache, large)[1]
    assert counted(cache, np.ones((2, 1_000)))[1]
    assert not counted(cache, small)[1]


def test_without_bytes_nothing_is_kept_and_arrays_are_read_only_all_the_same():
    cache = FitCache(0)
    values = np.ones((3, 2))
    for _ in range(2):
        total, computed = counted(cache, values)
        assert computed
        assert not total.flags.writeable
    assert cache.info()[:4] == (0, 0, 0, 0.0)


def test_refusals_are_made_anew():
    y, x = draw(m=2)
    y[2:, 1] = np.nan
    (first,), (second,) = (regress_each(y, x)[1].values() for _ in range(2))
    assert str(first) == str(second)
    assert first is not second
    assert cache_info().fits == 0


def test_threads_get_what_they_asked_for():
    cache = FitCache(30_000)  # too small for all: fits are dropped and made again meanwhile
    ranges = [np.full((2, 100), float(i)) for i in range(40)]
    wrong = []

    def work(seed):
        rng = np.random.default_rng(seed)
        for i in rng.integers(0, 40, 300):
            total, _ = counted(cache, ranges[i])
            if total[0, 0] != 2 * i:
                wrong.append(i)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    info = cache.info()
    assert not wrong
    assert info.hits + info.misses == 1200
    assert info.hits > 0
    assert info.megabytes <= info.most_megabytes


# ------------------------------------------------------------------ the switch


def in_new_process(setting):
    program = (
        "import numpy as np\n"
        "from factor_core.fit_cache import cache_info\n"
        "from factor_core.regression import regress\n"
        "x = np.arange(9.0) ** 2\n"
        "for _ in range(3): regress(np.arange(9.0), x)\n"
        "print(*cache_info())"
    )
    environment = {"PYTHONPATH": str(ROOT / "core"), "OPENBLAS_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        env=environment | ({} if setting is None else {"FACTOR_UDFS_CACHE_MB": setting}),
    )


def test_the_environment_sets_the_megabytes_and_switches_the_cache_off():
    assert in_new_process(None).stdout.split()[:3] == ["2", "1", "1"]
    assert in_new_process("0.5").stdout.split()[-1] == "0.5"
    assert in_new_process("0").stdout.split() == ["0", "0", "0", "0.0", "0.0"]


@pytest.mark.parametrize("setting", ["off", "-1", "nan", "inf", ""])
def test_a_setting_that_is_no_size_is_an_error_with_the_remedy(setting):
    done = in_new_process(setting)
    last = done.stderr.strip().splitlines()[-1]
    assert f'environment variable FACTOR_UDFS_CACHE_MB is "{setting}"; use megabytes' in last

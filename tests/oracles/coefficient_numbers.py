"""R's and gretl's numbers of coefficient_tests.R and restrictions.inp, by name."""

from oracles.tables import by_name, rows

R = by_name("coefficient_tests_r.csv")
GRETL = {
    name: (float(statistic), float(p)) for name, statistic, p in rows("restrictions_gretl.csv")
}

"""R's betas on the sample data (betas_r.R, betas_r.csv)."""

from oracles.tables import by_name

R = by_name("betas_r.csv")

"""R's hedges and portfolio risk on the sample data (hedging_risk_r.R, hedging_risk_r.csv)."""

from oracles.tables import by_name

R = by_name("hedging_risk_r.csv")

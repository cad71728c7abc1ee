"""Returns on which classical and robust standard errors differ, for the laws of several modules."""

import numpy as np


def draw(seed, n=50, k=2, m=1):
    """Return returns whose disturbances are heteroskedastic and autocorrelated."""
    rng = np.random.default_rng(seed)
    factors = rng.normal(0.0003, 0.01, (n, k))
    noise = rng.normal(0, 0.008, (n + 1, m))
    noise = (noise[1:] + 0.5 * noise[:-1]) * (1 + 50 * np.abs(factors[:, :1]))
    return 0.0002 + factors @ rng.uniform(-0.5, 1.5, (k, m)) + noise, factors

"""The predictive check: what registers are expected to show under the posterior, and how it agrees with the counts."""

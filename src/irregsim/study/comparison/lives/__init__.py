"""Lives side by side: where persons went, how long states last, twins, and courses of life."""

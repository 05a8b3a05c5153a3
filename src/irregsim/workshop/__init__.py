"""The workshop: what a page of a class knows and does, without a browser. `irregsim.workshop.browser` shows it."""

"""Pictures of a model that is running: SVG text made in a few milliseconds, for the page and for handouts."""

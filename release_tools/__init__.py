"""What the locks of this program are checked with. Beside the package, not part of it."""

"""Writes the generated parts of the documentation, and checks a method. Not part of the wheel."""

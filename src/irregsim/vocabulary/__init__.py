"""Closed words of the field, months, numbers and words by language, and reference tables. Knows no other package."""

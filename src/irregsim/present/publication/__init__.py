"""What of a finding may be published, and in which form: the rule of disclosure.

Which form and rule a table of a comparison has is declared in `irregsim.study.comparison.tables`; here is what they do.
"""

"""What of a finding may be published, and in which form: the rule of disclosure."""

"""What drives a finding: shares of variance from runs that are there, and screening by new ones."""

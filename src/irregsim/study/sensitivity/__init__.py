"""What drives a finding: shares of variance from runs that are there, and boxes in which it turns."""

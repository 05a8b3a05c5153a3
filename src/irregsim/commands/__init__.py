"""What each command does from end to end: a checked request, work on many replicates, a folder."""

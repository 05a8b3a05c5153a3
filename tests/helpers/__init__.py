"""What several tests share; imported as ``helpers`` because pytest puts ``tests`` on the path."""

"""When does it turn: policies compared over a world that is not known, each point of it simulated once."""

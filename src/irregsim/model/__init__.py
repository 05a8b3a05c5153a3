"""One replicate: keyed random numbers, values, persons and places, the month itself, registers, history."""

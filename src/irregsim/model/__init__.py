"""One replicate: keyed chance, values of the month, persons and places, the month itself, registers, history."""

"""Claims about single functions that Go 1.21.13 breaks, with the remedy of each."""

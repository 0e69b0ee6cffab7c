"""GPU providers: one protocol, one error tree, one file for each of them."""

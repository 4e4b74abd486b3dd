"""The engines: a library that knows none of the programs it is used on."""

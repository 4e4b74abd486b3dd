"""The engines: a general library that knows neither the page heap nor Go."""

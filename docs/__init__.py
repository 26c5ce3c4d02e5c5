"""Documentation sources and the generator of its reference pages."""

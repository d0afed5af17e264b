"""Sub-graph replacements: patterns and passes, their order, and the core's own library of them."""

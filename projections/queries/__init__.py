"""The questions that pages and reports ask of the read models. Only these may open sealed words."""

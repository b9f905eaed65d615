"""The definition language: parts, model, lint, scoring, cadence, comparing."""

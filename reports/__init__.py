"""Figures (Plotly), defined once. Layouts and print build on them."""

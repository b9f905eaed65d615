"""Worries, and the cases that become of them: for safeguarding leads, and for whom they name."""

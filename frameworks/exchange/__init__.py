"""What comes in and goes out: sheets, workbooks, CASE files, and the report on what was read."""

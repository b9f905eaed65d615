"""The home page, a student's page and history, collections, two records of one child."""

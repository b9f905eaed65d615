"""One thing done for several students at once: what it would do, student by student, and then doing it."""

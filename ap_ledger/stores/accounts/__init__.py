"""Who may sign in, from which device, and for how long."""

"""What is new for whoever asks, and through which channels they are told of it."""

"""What all trainings share: the loop, learning-rate schedules, averaged weights, checkpoints, the log."""

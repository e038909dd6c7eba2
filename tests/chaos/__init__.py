"""The queue under fire: everything is killed, cut off and stopped; no job may suffer from it."""

"""What SQL cannot do: a job runner on the project's own queues, and its handlers."""

# The number of private.schema_version() this code was built for.
SCHEMA_VERSION = 3

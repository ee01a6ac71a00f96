"""One file per kind of job: borrows models from the cache and yields events."""

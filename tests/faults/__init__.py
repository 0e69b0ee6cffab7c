"""Everything that goes wrong around a job, with the real processes as subprocesses of one house."""

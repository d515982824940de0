"""What runs a job: inputs, checks, publication, the record of runs."""

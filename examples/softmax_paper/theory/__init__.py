"""What the paper says: definitions, and nothing else."""

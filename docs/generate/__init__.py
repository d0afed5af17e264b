"""The generated reference: every page is made from the code itself, so that it cannot say anything else."""

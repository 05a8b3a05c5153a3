"""Many replicates: plans, draws, workers, tables of a run, summaries and comparisons. Tables in, tables out."""

"""The pipeline: the job graph, the stages that jobs are made of, and the runner for one machine."""

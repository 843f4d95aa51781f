"""What benchmarks are made of: plans, processes, floors and figures."""

"""Write costs: what each part of an append costs, measured one by one (`python -m benchmarks.write_costs`)."""

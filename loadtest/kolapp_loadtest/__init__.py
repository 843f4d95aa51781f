"""Clients that speak the public protocol only: for tests, benchmarks and load."""

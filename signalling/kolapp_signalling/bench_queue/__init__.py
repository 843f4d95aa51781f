"""`kolapp bench queue`: the queue's verbs next to two job queues on one store, in one run.

It lies here, not beside the other benchmarks in `kolapp_loadtest`: it measures `QueueStore`
itself, which the load generator, a client of the public protocol only, may not import.
"""

"""Who waits, in which order, for how long.

Knows tickets and time; knows no names, sockets or SDP. Importing this package loads nothing
else: take what you need from `kolapp_queue.model`, `.states`, `.store`, `.feed` and `.eta`.
"""

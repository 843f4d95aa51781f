"""Legs and bridges: forwards the encrypted media of two to four people.

Knows SDP, ICE and RTP; knows no queues, users or WebSockets. Importing this package loads
nothing else, in particular neither aiortc nor PyAV.
"""

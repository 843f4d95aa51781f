"""The only place that knows the insides of aiortc, aioice and pylibsrtp.

`compat.check()` fails loudly, naming what moved, when a new version of one of them differs.
"""

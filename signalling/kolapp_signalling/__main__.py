"""`python -m kolapp_signalling`: the same as `kolapp`."""

import sys

from .cli import main

sys.exit(main())

"""What all tests share: they leave nothing behind, and they use a real store."""

pytest_plugins = ["leaks", "store_fixtures", "pytester"]

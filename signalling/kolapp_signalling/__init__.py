"""The server: protocol, sessions, HTTP, pages, and the processes that `kolapp` starts."""

"""Ports of this machine for servers that cannot be asked which one they have got."""

import random
import socket


def free_port():
    """Below the ports that the system gives to connections: nobody gets it by chance before its server has begun."""
    while True:
        port = random.randint(15000, 31999)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                pass

"""A server that answers one request at a time, 30 ms each, for at most five minutes; it prints its port."""

import socket
import time

_SECONDS = 300

with socket.create_server(("127.0.0.1", 0), backlog=50) as server:
    print(server.getsockname()[1], flush=True)
    until = time.monotonic() + _SECONDS
    while (left_s := until - time.monotonic()) > 0:
        server.settimeout(left_s)
        connection, _ = server.accept()
        with connection:
            request = connection.recv(100)
            time.sleep(0.03)
            connection.sendall(request)

"""A broker that tells clients an address at which nobody answers, as a wrong `advertised.listeners`
does. It speaks as much of Kafka's protocol as a client needs to get there."""

import socketserver
import struct
import threading

METADATA, FIND_COORDINATOR, API_VERSIONS = 3, 10, 18
VERSIONS = {0: (3, 3), 1: (4, 4), 2: (1, 1), METADATA: (1, 1), 8: (2, 2), 9: (1, 1),
            FIND_COORDINATOR: (1, 1), 11: (0, 0), 12: (0, 0), 13: (0, 0), 14: (0, 0),
            API_VERSIONS: (0, 0), 22: (0, 0), 24: (0, 0), 25: (0, 0), 26: (0, 0), 28: (0, 0),
            32: (0, 0)}
UNSUPPORTED_VERSION = 35
NODE = 1


def text(value):
    return struct.pack(">h", len(value)) + value


def address(advertised):
    host, port = advertised.rsplit(":", 1)
    return text(host.encode()) + struct.pack(">i", int(port))


def versions(asked):
    error = 0 if asked == 0 else UNSUPPORTED_VERSION
    known = b"".join(struct.pack(">hhh", key, *span) for key, span in VERSIONS.items())
    return struct.pack(">hi", error, len(VERSIONS)) + known


def topics_of(body):
    (count,) = struct.unpack_from(">i", body)
    at, names = 4, []
    for _ in range(max(count, 0)):
        (size,) = struct.unpack_from(">h", body, at)
        names.append(body[at + 2:at + 2 + size])
        at += 2 + size
    return names


def metadata(body, advertised):
    names = topics_of(body)
    one = struct.pack(">hiiiiii", 0, 0, NODE, 1, NODE, 1, NODE)
    topics = b"".join(struct.pack(">h", 0) + text(name) + b"\0" + struct.pack(">i", 1) + one
                      for name in names)
    broker = struct.pack(">i", NODE) + address(advertised) + struct.pack(">h", -1)
    return struct.pack(">i", 1) + broker + struct.pack(">ii", NODE, len(names)) + topics


def coordinator(advertised):
    return struct.pack(">ihhi", 0, 0, -1, NODE) + address(advertised)


def serve(advertised):
    """Starts it in threads of its own; returns the server, whose shutdown() ends it."""

    class Connection(socketserver.BaseRequestHandler):
        def read(self, size):
            read = b""
            while len(read) < size:
                more = self.request.recv(size - len(read))
                if not more:
                    raise ConnectionError
                read += more
            return read

        def answer(self, key, version, body):
            if key == API_VERSIONS:
                return versions(version)
            if key == METADATA:
                return metadata(body, advertised)
            if key == FIND_COORDINATOR:
                return coordinator(advertised)
            return None

        def handle(self):
            try:
                while True:
                    (size,) = struct.unpack(">i", self.read(4))
                    request = self.read(size)
                    key, version, number, client = struct.unpack_from(">hhih", request)
                    said = self.answer(key, version, request[10 + max(client, 0):])
                    if said is not None:
                        said = struct.pack(">i", number) + said
                        self.request.sendall(struct.pack(">i", len(said)) + said)
            except (ConnectionError, OSError):
                pass

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Connection)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server

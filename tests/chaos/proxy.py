"""A TCP proxy for each broker's client listener, as a process of its own.

It reads commands from its input, one JSON object a line, and ends when that closes, so that it
never outlives who started it. {"listen": [[PORT, TARGET], ...]} begins; then, for a listener by its
place in that list, {"at": 0, "mode": M}:

  pass    bytes go through
  slow    each piece of bytes is held back for `seconds`
  hole    nothing goes either way, nothing is closed; later bytes go on where they stopped
  deaf    requests reach the broker, answers do not come back
  cut     all connections end at once (RST); new ones pass
  refuse  all connections end, new ones too
"""

import asyncio
import json
import os
import socket
import struct
import subprocess
import sys
from pathlib import Path

PIECE = 1 << 16
HOST = "127.0.0.1"


class Listener:
    """One port and what is done to its connections now."""

    def __init__(self, target):
        self.target = target
        self.mode = "pass"
        self.seconds = 0.0
        self.changed = asyncio.Event()
        self.writers = set()

    def set(self, mode, seconds):
        self.mode, self.seconds = mode, seconds
        self.changed.set()
        self.changed = asyncio.Event()
        if mode in ("cut", "refuse"):
            for writer in list(self.writers):
                reset(writer)
        if mode == "cut":
            self.mode = "pass"

    def holds(self, answers):
        return self.mode == "hole" or (self.mode == "deaf" and answers)

    async def accept(self, reader, writer):
        if self.mode == "refuse":
            reset(writer)
            return
        try:
            broker_reader, broker_writer = await asyncio.open_connection(HOST, self.target)
        except OSError:
            reset(writer)
            return
        both = {writer, broker_writer}
        self.writers |= both
        await asyncio.gather(self.carry(reader, broker_writer, answers=False),
                             self.carry(broker_reader, writer, answers=True))
        self.writers -= both
        for one in both:
            reset(one)

    async def carry(self, reader, writer, answers):
        try:
            while piece := await reader.read(PIECE):
                if self.mode == "slow":
                    await asyncio.sleep(self.seconds)
                while self.holds(answers):
                    await self.changed.wait()
                writer.write(piece)
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:  # one way closed: the other is of no use
            reset(writer)


def reset(writer):
    """Ends a connection so that the other side notices at once."""
    try:
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                                   struct.pack("ii", 1, 0))
        writer.transport.abort()
    except (OSError, AttributeError):
        pass  # it is closed already


async def serve():
    loop = asyncio.get_running_loop()
    commands = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    listeners, servers = [], []
    while line := await commands.readline():
        command = json.loads(line)
        for port, target in command.get("listen", []):
            listeners.append(Listener(target))
            servers.append(await asyncio.start_server(listeners[-1].accept, HOST, port))
        if "at" in command:
            listeners[command["at"]].set(command["mode"], command.get("seconds", 0.0))
        print("done", flush=True)
    os._exit(0)  # the connections go with the process; nothing is worth a farewell


class Proxy:
    """The process, from the outside."""

    def __init__(self, pairs):
        self.count = len(pairs)
        self.process = subprocess.Popen([sys.executable, Path(__file__)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True, start_new_session=True)
        self._tell({"listen": pairs})

    def _tell(self, command):
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        if self.process.stdout.readline().strip() != "done":
            raise RuntimeError("the proxy ended")

    def set(self, at, mode, seconds=0.0):
        self._tell({"at": at, "mode": mode, "seconds": seconds})

    def heal(self):
        for at in range(self.count):
            self.set(at, "pass")

    def stop(self):
        self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


if __name__ == "__main__":
    asyncio.run(serve())

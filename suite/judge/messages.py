"""How the judge and a candidate's process talk: JSON behind its length, over a socket that also passes descriptors.

What comes from a candidate is data of plain types, bounded in size. It is never unpickled, since that runs code.
"""

from __future__ import annotations

import json
import socket
import struct
from typing import Any

MOST_BYTES = 1 << 22
"""More than one message has: samples of the longest campaign, several times over."""

FORKED = "forked"
"""The answer of a candidate's process that is a copy of the one that was asked: a launch forked and came back twice."""

CUT_OFF = 86
"""The exit code of a candidate's process that the judge cannot be answered from any more; no shell or signal has it."""

HEADER = struct.Struct("<I")


class BadMessage(Exception):
    """Bytes that are no message."""


class Closed(Exception):
    """The other end is gone."""


def send(channel: socket.socket, content: dict[str, Any], descriptor: int = -1) -> None:
    """Send one message, and a file descriptor with it. Raises Closed.

    In one piece, lest two processes of a candidate that has forked send theirs into each other.
    """
    body = json.dumps(content).encode()
    message = HEADER.pack(len(body)) + body
    try:
        sent = socket.send_fds(channel, [message], [descriptor] if descriptor >= 0 else [])
        channel.sendall(message[sent:])
    except OSError as error:
        raise Closed(str(error)) from None


def receive(channel: socket.socket) -> tuple[dict[str, Any], int]:
    """The next message and the descriptor that came with it, or -1. Raises Closed and BadMessage."""
    try:
        header, descriptors, _, _ = socket.recv_fds(channel, HEADER.size, 1)
        header += _exactly(channel, HEADER.size - len(header)) if header else b""
    except OSError as error:
        raise Closed(str(error)) from None
    if not header:
        raise Closed("end of file")
    (length,) = HEADER.unpack(header)
    if length > MOST_BYTES:
        raise BadMessage(f"a message of {length} bytes")
    try:
        content = json.loads(_exactly(channel, length))
    except (ValueError, RecursionError):
        raise BadMessage("not JSON") from None
    if not isinstance(content, dict):
        raise BadMessage("not an object")
    return content, descriptors[0] if descriptors else -1


def _exactly(channel: socket.socket, length: int) -> bytes:
    parts = bytearray()
    while len(parts) < length:
        try:
            part = channel.recv(length - len(parts))
        except OSError as error:
            raise Closed(str(error)) from None
        if not part:
            raise Closed("end of file")
        parts += part
    return bytes(parts)

"""Waiting for another program."""

import contextlib
import socket
import time


def until(found, what):
    """Calls a function until it returns something true, and returns that. Two minutes are for machines that do other things as well:
    the checks of CI run beside each other."""
    end = time.monotonic() + 120
    while not (result := found()):
        if time.monotonic() > end:
            raise AssertionError(f"waited in vain: {what() if callable(what) else what}")
        time.sleep(0.02)
    return result


def until_it_listens(process, port, what):
    """Waits until a program listens at a port of this machine. If it does not, it is killed."""

    def listens():
        assert process.poll() is None, f"ended: {what() if callable(what) else what}"
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), 1).close()
            return True

    try:
        until(listens, what)
    except BaseException:
        process.kill()
        process.wait()
        raise

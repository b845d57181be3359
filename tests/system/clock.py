# SPDX-License-Identifier: Apache-2.0
"""devsecd by a clock that the test sets: libfaketime moves the wall clock, the monotonic one stays what it is."""
import glob
import os
import re
import subprocess

from daemon import Daemon
from mib_objects import BUILD, SANITIZED

DAY = 86400


def library():
    """libfaketime for programs with threads."""
    found = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
    assert found, "libfaketime is not installed; scripts/bootstrap does that"
    return found[0]


def preload():
    """Behind AddressSanitizer's library, which wants to be the first, where the build has it."""
    words = [library()]
    if SANITIZED:
        linked = subprocess.run(["ldd", BUILD / "subagent" / "devsecd"], capture_output=True, text=True, check=True)
        words = re.findall(r"=> (\S*/libasan\S*)", linked.stdout) + words
    return " ".join(words)


class ClockedDaemon(Daemon):
    """A devsecd whose clock is ahead of the machine's by `offset` seconds, and can be set while it runs."""

    def __init__(self, sandbox):
        super().__init__(sandbox)
        self.file = sandbox.dir / "clock"
        self.set(0)

    def set(self, offset):
        """The file is read at every look at the clock, so it is replaced in one step."""
        new = self.file.with_suffix(".new")
        new.write_text(f"{int(offset):+d}\n", encoding="ascii")
        os.replace(new, self.file)

    def start(self, *arguments, environment=None):
        return super().start(*arguments, environment={
            **(environment or {}),
            "LD_PRELOAD": preload(), "FAKETIME_TIMESTAMP_FILE": str(self.file), "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1"})

    def restart(self):
        assert self.end() == 0
        return self.start()

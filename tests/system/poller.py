# SPDX-License-Identifier: Apache-2.0
"""Managers that ask again and again while something happens, and what they were answered."""
import threading
import time

from conftest import wait_until
from mib_objects import MIB
from pysnmp_client import Client, NoAnswer

SERVED = "Gauge32"  # what comes for devsecSmtpPort while it is served


class Poller(threading.Thread):
    """A manager that asks again and again; keeps (seconds that it took, what came)."""

    def __init__(self, sandbox, ask, seconds=20):
        super().__init__(daemon=True)
        self.client, self.ask = Client(sandbox, seconds=seconds), ask
        self.answers, self.ended = [], threading.Event()
        self.start()

    def run(self):
        while not self.ended.is_set():
            start = time.monotonic()
            try:
                answer = self.ask(self.client)
                came = answer.values[0].type if answer.status == "noError" else answer.status
            except NoAnswer as reason:
                came = str(reason)
            self.answers.append((time.monotonic() - start, came))

    def end(self):
        self.ended.set()
        self.join(60)
        assert not self.is_alive()
        self.client.close()
        return self.answers

    def went_on(self, count=5):
        """Waits until it has got some more answers."""
        before = len(self.answers)
        wait_until(lambda: len(self.answers) > before + count)


def get_port(client):
    return client.get(MIB["devsecSmtpPort"].instance)


def get_bulk(client):
    return client.get_bulk(0, 2000, MIB.root)


def report(what, answers):
    times = sorted(seconds for seconds, _ in answers)
    print(f"{what}: {len(times)} answers, median {1000 * times[len(times) // 2]:.1f} ms, "
          f"99 % {1000 * times[len(times) * 99 // 100]:.1f} ms, longest {1000 * times[-1]:.1f} ms")

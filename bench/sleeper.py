"""A process that only sleeps, in real time as a channel's sender: how evenly can this machine wake anything?"""

import json
import subprocess
import sys
import threading
import time

from transcode.real_time import PACER, in_real_time

_EVERY_SECONDS = 0.0097  # beside the period of every clock


class Sleeper:
    """Tells how far the earliest and the latest waking are apart. It ends with us."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "bench.sleeper"]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def forget(self) -> None:
        """What was before."""
        self._ask()

    def spread_ms(self) -> float:
        """Since it was told to forget. Ends it."""
        seconds: float = json.loads(self._ask())
        self._process.communicate()
        return 1000 * seconds

    def _ask(self) -> str:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return self._process.stdout.readline()


class Sleeping:
    """Wakes by an absolute schedule, on a thread of its own."""

    def __init__(self) -> None:
        self._late: list[float] = []
        threading.Thread(target=self._run, daemon=True).start()

    def spread_seconds(self) -> float:
        """Since it was asked last."""
        late, self._late = self._late, []
        return max(late) - min(late) if late else 0.0

    def _run(self) -> None:
        due = time.monotonic()
        with in_real_time(PACER):
            while True:
                due += _EVERY_SECONDS
                time.sleep(max(0.0, due - time.monotonic()))
                self._late.append(time.monotonic() - due)


def main() -> None:
    """A line with the seconds for each line that is asked."""
    sleeping = Sleeping()
    for _ in sys.stdin:
        print(sleeping.spread_seconds(), flush=True)


if __name__ == "__main__":
    main()

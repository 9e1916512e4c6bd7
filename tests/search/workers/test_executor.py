"""The executor in the driver's own process, where it has nothing to do."""

import signal

from search.workers.in_process import InProcess


def test_with_nothing_to_do_it_waits_until_a_signal_interrupts_it():
    executor = InProcess()
    heard = []

    def interrupt(*_):
        heard.append(True)
        executor.interrupt()

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    try:
        assert executor.events(timeout=60) == []
        assert heard, "it came back before the signal"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        executor.close()

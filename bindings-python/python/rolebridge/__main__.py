"""The command `rolebridge`: `python -m rolebridge`, and the script of the wheel."""

import signal
import sys

from rolebridge._native import command


def main() -> int:
    # The command is native code, which would not see a signal that Python keeps until it returns.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    return command(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())

"""`python -m bench.peak COMMAND…`: runs a command, then prints its peak memory (resident set size) in bytes."""

import resource
import subprocess
import sys

if __name__ == "__main__":
    ended = subprocess.run(sys.argv[1:], check=False)
    unit = 1 if sys.platform == "darwin" else 1024
    print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * unit)
    sys.exit(ended.returncode)

"""What runs under which sanitizer, and what the planted errors must be called in the reports."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "system"))

import run as system  # noqa: E402

# Not under ASan: scenario, reason.
APART = {
}


def scenarios(*names):
    return {name: ["python3", "-B", "{root}/tests/system/run.py", name] for name in names}


# Some of each kind: deaths, absences, cut links, a full store, two writers. In each all processes are instrumented.
TSAN = {
    "planted": {"race": "ThreadSanitizer: data race"},
    "stages": {
        "sidecar tests": ["{build}/bin/sidecar_tests"],
        "patterns tests": ["{build}/bin/patterns_tests"],
        **scenarios("consumer_killed", "sidecar_killed", "producer_killed", "sidecar_started_last",
                    "live_path_cut_control_alive", "both_paths_flap", "store_full_by_quota_and_freed",
                    "second_writer_on_a_stream"),
    },
}

ASAN = {
    "planted": {
        "overflow": "AddressSanitizer: heap-buffer-overflow",
        "use-after-free": "AddressSanitizer: heap-use-after-free",
        "undefined": "signed integer overflow",
        "leak": "LeakSanitizer: detected memory leaks",
    },
    "stages": {
        "core tests": ["{build}/bin/core_tests", "~[.]"],
        "sim tests": ["{build}/bin/sim_tests"],
        "100 seeds": ["{build}/bin/sim", "--seeds", "100", "--steps", "400"],
        "disk tests": ["{build}/bin/disk_tests"],
        "sidecar tests": ["{build}/bin/sidecar_tests"],
        "patterns tests": ["{build}/bin/patterns_tests"],
        **scenarios(*(name for name in system.scenarios if name not in APART)),
    },
}

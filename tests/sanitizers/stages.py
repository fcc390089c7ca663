"""What runs under which sanitizer, and what the planted errors must be called in the reports."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "system"))

import run as system  # noqa: E402

# Not under ASan: they measure memory or time, and ASan keeps what is freed for a while and is slow.
APART = ("endless_frames_leak_no_memory", "backlog_is_not_in_memory", "healthy_link_writes_almost_nothing",
         "four_workers_do_the_work_of_four", "stopped_subscriber_overruns_the_publisher", "hundred_thousand_topics",
         "thousand_subscriptions_of_one_stream")
# No process of ours is in them.
IDLE = ("oracle_sees_bad_histories", "payloads_prove_themselves", "guarantees_name_tests_that_exist")
# The scenarios of --short: each of the processes dies, a link does, the store is full, strangers come, the disk is odd.
SHORT = ("consumer_killed", "sidecar_killed", "producer_killed", "both_paths_flap", "store_full_by_quota_and_freed",
         "garbage_at_the_sidecar_ipc", "descriptors_run_out", "recv_exec_settles_by_exit_status",
         "store_that_is_truncated", "message_that_crashes_its_worker", "second_writer_on_a_stream")


def scenarios(*names):
    """Those that must be there; a name without a scenario is an error of this file."""
    unknown = [name for name in names if name not in system.scenarios]
    assert not unknown, f"no scenario {unknown}"
    return {name: ["python3", "-B", "{root}/tests/system/run.py", name] for name in names}


# Some of each kind: deaths, absences, cut links, a full store, two writers. In each all processes are instrumented.
TSAN = {
    "planted": {"race": "ThreadSanitizer: data race"},
    "stages": {
        "sidecar tests": ["{build}/bin/sidecar_tests"],
        "patterns tests": ["{build}/bin/patterns_tests"],
        "exactly once tests": ["{build}/bin/exactly_once_tests", "~[.]"],
        **scenarios("consumer_killed", "sidecar_killed", "producer_killed", "sidecar_started_last",
                    "live_path_cut_control_alive", "both_paths_flap", "store_full_by_quota_and_freed",
                    "second_writer_on_a_stream", "all_killed_at_once", "sidecar_stopped_for_a_while",
                    "recv_collects_from_several_sidecars", "hundred_kills_with_elision"),
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
        "300 seeds": ["{build}/bin/sim", "--seeds", "300", "--steps", "400"],
        "disk tests": ["{build}/bin/disk_tests"],
        "sidecar tests": ["{build}/bin/sidecar_tests"],
        "patterns tests": ["{build}/bin/patterns_tests"],
        "exactly once tests": ["{build}/bin/exactly_once_tests", "~[.]"],
        **scenarios(*(name for name in system.scenarios if name not in APART + IDLE)),
    },
}


def left_out(name, short):
    """With --short only the test programs and the scenarios of SHORT are run."""
    return short and name in system.scenarios and name not in SHORT

/// \file
/// The system tests for CTest: each name of tests/system/run.py is a test case, run as a child process with a deadline.
/// The scenarios themselves are Python, because they need to kill, cut and look into /proc, and must share no code with
/// what they judge.

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr int skipped = 77;

const std::string runner = RESTANTE_SOURCE_DIR "/tests/system/run.py";

/// The build tree that this very program is in.
std::string build_directory() {
  if (const char* given = std::getenv("RESTANTE_BUILD_DIR")) return given;
  auto folder = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  while (folder.has_relative_path() && !std::filesystem::exists(folder / "CMakeCache.txt")) {
    folder = folder.parent_path();
  }
  return folder;
}

struct Ended {
  int status = -1;  ///< exit status; -1: killed, or out of time
  std::string output;
};

/// Reads until the end or the deadline. False: out of time.
bool read_all(int from, std::string& output, Clock::time_point deadline) {
  for (std::array<char, 4096> chunk{};;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd wanted{from, POLLIN, 0};
    if (left <= 0 || ::poll(&wanted, 1, static_cast<int>(left)) == 0) return false;
    const ssize_t got = ::read(from, chunk.data(), chunk.size());
    if (got <= 0) return true;
    output.append(chunk.data(), static_cast<std::size_t>(got));
  }
}

/// `python3 run.py ARGUMENT`: its output and its end. SIGTERM at the deadline so that it cleans up, SIGKILL 10 s later.
Ended run(const std::string& argument, std::chrono::seconds patience) {
  std::array<int, 2> ends{};
  REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
  const std::string build = build_directory();
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::setpgid(0, 0);
    ::dup2(ends[1], STDOUT_FILENO);
    ::dup2(ends[1], STDERR_FILENO);
    ::setenv("RESTANTE_BUILD_DIR", build.c_str(), 1);
    ::execlp("python3", "python3", "-B", runner.c_str(), argument.c_str(), static_cast<char*>(nullptr));
    ::_exit(127);
  }
  ::close(ends[1]);
  Ended ended;
  const auto deadline = Clock::now() + patience;
  if (!read_all(ends[0], ended.output, deadline)) {
    ended.output += "\nOUT OF TIME after " + std::to_string(patience.count()) + " s\n";
    ::kill(-child, SIGTERM);
    if (!read_all(ends[0], ended.output, deadline + 10s)) ::kill(-child, SIGKILL);
  }
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (WIFEXITED(status)) ended.status = WEXITSTATUS(status);
  return ended;
}

std::set<std::string>& known() {
  static std::set<std::string> names;
  return names;
}

struct Known {
  explicit Known(const char* name) { known().insert(name); }
};

void check(const std::string& name, std::chrono::seconds patience) {
  const Ended ended = run(name, patience);
  INFO(ended.output);
  if (ended.status == skipped && std::getenv("CI") == nullptr) {
    WARN("skipped: " << ended.output);
    return;
  }
  REQUIRE(ended.status == 0);
}

}  // namespace

#define SYSTEM_TEST(name, patience) \
  namespace {                       \
  const Known known_##name(#name);  \
  }                                 \
  TEST_CASE("system: " #name, "[system]") { check(#name, patience); }

SYSTEM_TEST(live_path_cut_control_alive, 60s)
SYSTEM_TEST(live_path_never_there, 60s)
SYSTEM_TEST(control_path_cut_live_alive, 60s)
SYSTEM_TEST(both_paths_flap, 120s)
SYSTEM_TEST(wire_that_corrupts_is_noticed, 60s)
SYSTEM_TEST(copies_that_are_damaged_come_again, 60s)
SYSTEM_TEST(chaos_wires_do_what_they_say, 60s)
SYSTEM_TEST(garbage_at_the_sidecar_ipc, 120s)
SYSTEM_TEST(garbage_at_the_sidecar_tcp, 120s)
SYSTEM_TEST(garbage_at_the_live_endpoint, 120s)
SYSTEM_TEST(endless_frames_leak_no_memory, 120s)
SYSTEM_TEST(descriptors_run_out, 60s)

SYSTEM_TEST(example_pipeline, 60s)
SYSTEM_TEST(example_pipeline_without_a_sidecar, 60s)
SYSTEM_TEST(example_workers, 60s)
SYSTEM_TEST(example_embedded, 60s)
SYSTEM_TEST(example_pubsub, 60s)
SYSTEM_TEST(example_durable_subscriber, 60s)
SYSTEM_TEST(a_stock_subscriber_reads_batches, 60s)
SYSTEM_TEST(a_stock_subscriber_reads_single_messages, 60s)
SYSTEM_TEST(a_stock_subscriber_takes_batches_apart, 60s)
SYSTEM_TEST(example_replay, 60s)
SYSTEM_TEST(example_exactly_once, 120s)
SYSTEM_TEST(exactly_once_under_kills, 180s)
SYSTEM_TEST(without_an_inbox_kills_count_twice, 120s)
SYSTEM_TEST(consumer_stopped_loses_its_work_to_another, 60s)
SYSTEM_TEST(backlog_is_not_in_memory, 180s)

SYSTEM_TEST(recv_writes_before_it_acks_and_gives_back, 60s)
SYSTEM_TEST(recv_exec_settles_by_exit_status, 60s)
SYSTEM_TEST(records_are_cut_as_asked, 60s)
SYSTEM_TEST(send_resumes_after_a_kill, 60s)
SYSTEM_TEST(exit_statuses_tell_what_happened, 60s)
SYSTEM_TEST(progress_is_for_terminals, 60s)
SYSTEM_TEST(recv_collects_from_several_sidecars, 60s)
SYSTEM_TEST(status_tells_how_it_is, 60s)
SYSTEM_TEST(sub_prints_what_was_published_and_what_it_missed, 60s)
SYSTEM_TEST(topics_of_lines_meet_filters, 60s)
SYSTEM_TEST(bad_topics_end_the_reading, 60s)
SYSTEM_TEST(pub_resumes_where_it_was_refused, 60s)
SYSTEM_TEST(sub_ends_as_it_was_asked, 60s)
SYSTEM_TEST(sub_without_a_name_hears_what_is_published, 60s)
SYSTEM_TEST(what_the_sidecar_refuses_is_said_once, 60s)
SYSTEM_TEST(sub_tells_gaps, 60s)
SYSTEM_TEST(subscriptions_are_listed_and_shown, 60s)
SYSTEM_TEST(subscription_is_removed, 60s)
SYSTEM_TEST(subscription_with_a_consumer_is_removed_by_force_only, 60s)
SYSTEM_TEST(subscriber_comes_back_at_full_rate, 180s)
SYSTEM_TEST(publisher_killed_in_mid_burst, 180s)
SYSTEM_TEST(sidecar_killed_during_catch_up, 180s)
SYSTEM_TEST(subscription_removed_while_its_publisher_sends, 180s)
SYSTEM_TEST(subscription_removed_while_it_catches_up, 180s)
SYSTEM_TEST(live_path_of_a_subscriber_cut_control_alive, 180s)
SYSTEM_TEST(control_path_of_a_subscriber_cut_live_alive, 180s)
SYSTEM_TEST(filter_that_matches_nothing_pins_nothing, 180s)
SYSTEM_TEST(stopped_subscriber_overruns_the_publisher, 180s)
SYSTEM_TEST(hundred_thousand_topics, 180s)
SYSTEM_TEST(thousand_subscriptions_of_one_stream, 180s)
SYSTEM_TEST(replay_gives_what_is_kept_and_ends, 60s)
SYSTEM_TEST(a_reset_subscription_gets_again_what_it_had, 60s)
SYSTEM_TEST(workers_of_a_pipeline_are_reset, 60s)
SYSTEM_TEST(what_retention_no_longer_has_is_a_gap, 60s)
SYSTEM_TEST(a_replay_survives_the_death_of_the_sidecar, 60s)
SYSTEM_TEST(a_subscription_begins_at_a_time, 60s)
SYSTEM_TEST(subscription_at_its_limit_is_cut_and_told, 90s)
SYSTEM_TEST(subscription_at_its_limit_holds_its_publisher, 90s)
SYSTEM_TEST(strict_subscription_holds_its_topic, 90s)
SYSTEM_TEST(messages_that_are_too_old_are_gone_or_dead_letters, 90s)
SYSTEM_TEST(a_delayed_message_comes_at_its_time, 60s)
SYSTEM_TEST(where_a_message_is_can_be_asked_for, 60s)
SYSTEM_TEST(a_stream_at_its_limit_drops_the_oldest_or_holds_its_sender, 60s)
SYSTEM_TEST(a_backlog_is_handed_out_at_its_rate, 60s)
SYSTEM_TEST(rules_of_a_file_hold_for_streams_that_are_still_to_be_made, 60s)
SYSTEM_TEST(each_subscription_tries_again_in_its_own_way, 90s)
SYSTEM_TEST(poison_is_found_mended_and_processed, 90s)
SYSTEM_TEST(an_edited_message_tells_where_it_is_from, 90s)
SYSTEM_TEST(an_edit_that_is_none_changes_nothing, 90s)
SYSTEM_TEST(a_retried_letter_keeps_its_id, 90s)
SYSTEM_TEST(retried_and_edited_letters_survive_a_kill, 90s)
SYSTEM_TEST(dead_letters_are_chosen, 90s)
SYSTEM_TEST(dead_letters_outlive_their_subscription, 90s)
SYSTEM_TEST(large_and_odd_payloads_are_whole, 90s)
SYSTEM_TEST(three_hundred_dead_letters, 90s)
SYSTEM_TEST(dead_letters_are_asked_about_on_a_terminal, 90s)
SYSTEM_TEST(hundred_kills_with_elision, 180s)
SYSTEM_TEST(hundred_kills_without_elision, 180s)
SYSTEM_TEST(hundred_kills_find_a_planted_bug, 180s)
SYSTEM_TEST(eighty_kills_of_publishers_and_subscribers, 180s)
SYSTEM_TEST(subscriptions_without_a_fault, 60s)
SYSTEM_TEST(kills_of_subscribers_find_a_planted_bug, 180s)
SYSTEM_TEST(a_campaign_is_green_only_with_a_red_control, 180s)
SYSTEM_TEST(forty_kills_of_stages, 180s)
SYSTEM_TEST(kills_of_stages_find_planted_bugs, 180s)
SYSTEM_TEST(example_typed, 60s)
SYSTEM_TEST(example_stage, 60s)
SYSTEM_TEST(example_route, 60s)
SYSTEM_TEST(consumer_killed, 60s)
SYSTEM_TEST(only_consumer_killed, 60s)
SYSTEM_TEST(sidecar_killed, 60s)
SYSTEM_TEST(sidecar_killed_with_the_consumer_away, 60s)
SYSTEM_TEST(producer_killed, 60s)
SYSTEM_TEST(all_killed_at_once, 60s)
SYSTEM_TEST(consumer_away_for_the_whole_send, 60s)
SYSTEM_TEST(sidecar_started_last, 60s)
SYSTEM_TEST(worker_started_before_its_sidecar_by_tcp, 60s)
SYSTEM_TEST(sidecar_stopped_for_a_while, 60s)
SYSTEM_TEST(second_sidecar_on_one_store, 60s)
SYSTEM_TEST(second_sidecar_on_one_ipc_path, 60s)
SYSTEM_TEST(second_sidecar_on_one_port, 60s)
SYSTEM_TEST(killed_sidecar_leaves_nothing_in_the_way, 60s)
SYSTEM_TEST(second_writer_on_a_stream, 60s)
SYSTEM_TEST(other_streams_and_instances_have_writers_of_their_own, 60s)
SYSTEM_TEST(stopped_writer_is_fenced_or_goes_on_but_never_both, 60s)
SYSTEM_TEST(store_full_by_quota_and_freed, 120s)
SYSTEM_TEST(disk_filled_by_another_and_freed, 120s)
SYSTEM_TEST(disk_filled_by_a_writer_that_takes_what_is_freed, 120s)
SYSTEM_TEST(store_of_a_newer_version, 60s)
SYSTEM_TEST(store_that_is_a_foreign_file, 60s)
SYSTEM_TEST(store_that_is_truncated, 60s)
SYSTEM_TEST(store_that_cannot_be_written, 60s)
SYSTEM_TEST(healthy_link_writes_almost_nothing, 60s)
SYSTEM_TEST(oracle_sees_bad_histories, 60s)
SYSTEM_TEST(payloads_prove_themselves, 60s)
SYSTEM_TEST(commands_in_the_documents, 300s)
SYSTEM_TEST(outputs_in_the_documents_are_compared, 60s)
SYSTEM_TEST(guarantees_name_tests_that_exist, 60s)
SYSTEM_TEST(slow_worker_beside_a_fast_one, 60s)
SYSTEM_TEST(four_workers_do_the_work_of_four, 60s)
SYSTEM_TEST(message_that_crashes_its_worker, 120s)
SYSTEM_TEST(full_window, 60s)

TEST_CASE("system: every test of run.py is listed here", "[system]") {
  const Ended ended = run("--list", 30s);
  INFO(ended.output);
  REQUIRE(ended.status == 0);
  std::istringstream lines(ended.output);
  std::set<std::string> names;
  for (std::string name; std::getline(lines, name);) names.insert(name);
  CHECK(names == known());
}

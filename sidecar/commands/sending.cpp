#include "sidecar/commands/sending.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <system_error>

#include <restante/error.h>

#include "sidecar/commands/progress.h"
#include "sidecar/commands/query.h"
#include "sidecar/commands/record_reader.h"
#include "sidecar/commands/signals.h"
#include "sidecar/commands/terminal.h"
#include "sidecar/json.h"
#include "sidecar/log.h"
#include "sidecar/text.h"

namespace restante::commands {

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using sidecar::grouped;
using sidecar::SendTally;

constexpr auto stop_grace = 5s;  // for what is under way when a signal comes
constexpr auto tick = 100ms;     // signals, deadline and progress are looked at so often
constexpr auto room_wait_max = 10ms;
constexpr auto nothing_from_there_on = "; nothing from there on was sent";

/// Reads what is there and never waits; standard input may be shared with other processes, so it stays as it is.
std::ptrdiff_t read_stdin(char* into, std::size_t size) {
  pollfd polled{STDIN_FILENO, POLLIN, 0};
  if (::poll(&polled, 1, 0) <= 0) return -1;
  const ssize_t count = ::read(STDIN_FILENO, into, size);
  if (count >= 0) return count;
  if (errno == EINTR || errno == EAGAIN) return -1;
  throw Error(ErrorCode::misconfigured, "cannot read standard input: " + std::generic_category().message(errno) +
                                            "; see what it is redirected from");
}

NodeOptions node_options(const SendingOptions& command) {
  NodeOptions options;
  options.sidecar = sidecar_endpoint(command.common);
  options.insecure = command.common.insecure;
  options.log = sidecar::log_to_stderr;
  return options;
}

/// One run: read, send, flush, count. Whatever ends the reading, what was accepted by then is flushed as far as time
/// allows.
class Sending {
 public:
  Sending(const SendingOptions& command, const SendingWays& ways, const StopSignals& signals)
      : command_(command),
        ways_(ways),
        signals_(signals),
        node_(node_options(command)),
        end_(ways.open(node_, {.instance = command.instance, .window = command.window})),
        reader_(read_stdin, command.framing, ways.record_size_max),
        progress_([this] { return progress_text(); }, command.common.verbose),
        deadline_(command.timeout == forever ? Clock::time_point::max() : Clock::now() + command.timeout) {}

  Exit run() {
    try {
      if (on_terminal() && ::isatty(STDIN_FILENO) == 1) say("one message a line; end with Ctrl-D");
      if (command_.resume) find_resume_point();
      while (go_on()) step();
      flush();
    } catch (const Error& error) {
      refuse(error.what());
    }
    return finish();
  }

  [[nodiscard]] const SendTally& tally() const { return tally_; }

 private:
  static bool late_for(Clock::time_point end) { return Clock::now() >= end; }
  [[nodiscard]] bool late() const { return late_for(deadline_); }

  /// Looks around; true while there is input to be sent and time to do so.
  bool go_on() {
    progress_.tick();
    return !input_done_ && !refused_ && !signals_.stopped() && !late();
  }

  void find_resume_point() {
    for (; go_on(); progress_.tick()) {
      try {
        skip_ = end_.last_marker(tick).value_or(0);
        if (skip_ > 0 && (on_terminal() || command_.common.verbose)) note("resuming after record " + grouped(skip_));
        return;
      } catch (const Error& error) {
        if (error.code() != ErrorCode::retry_later) throw;
      }
    }
  }

  void step() {
    switch (reader_.next()) {
      case RecordReader::Step::record: return take(reader_.record(), reader_.number());
      case RecordReader::Step::nothing_yet: return wait_for_input();
      case RecordReader::Step::end: return end_of_input();
      case RecordReader::Step::too_large: return refuse_too_large();
    }
  }

  void take(std::string_view record, std::uint64_t number) {
    if (number <= skip_) return;
    TopicRecord parts;
    const std::string fault = ways_.split(record, parts);
    if (!fault.empty()) return refuse("cannot send " + record_name() + ": it " + fault + nothing_from_there_on);
    if (parts.payload.size() > limits::payload_size_max) return refuse_too_large();
    if (parts.payload.empty()) {
      ++empty_payloads_;
      return;
    }
    send(parts, number);
  }

  void send(const TopicRecord& parts, std::uint64_t number) {
    Attributes attributes;
    attributes.marker = number;
    attributes.expire_after = command_.expire_after;
    attributes.deliver_after = command_.deliver_after;
    for (auto wait = 1ms; !end_.try_send(parts.topic, parts.payload, attributes);) {
      if (!go_on()) {
        cut_short_ = true;
        return;
      }
      pollfd polled{signals_.descriptor(), POLLIN, 0};
      ::poll(&polled, 1, static_cast<int>(wait.count()));
      wait = std::min<std::chrono::milliseconds>(2 * wait, room_wait_max);
    }
  }

  void wait_for_input() {
    std::array<pollfd, 2> polled{{{STDIN_FILENO, POLLIN, 0}, {signals_.descriptor(), POLLIN, 0}}};
    ::poll(polled.data(), polled.size(), static_cast<int>(tick / 1ms));
  }

  void end_of_input() {
    input_done_ = true;
    if (command_.framing == Framing::whole && empty() > 0) {
      refuse("cannot send standard input as one message: it is empty, and a message has at least one octet");
    } else if (reader_.number() < skip_) {
      refuse("cannot resume: record " + grouped(skip_) + " of stream '" + command_.stream +
             "' was confirmed, but this input has only " + grouped(reader_.number()) +
             "; give the input of the earlier run, or leave --resume out");
    }
  }

  void refuse_too_large() {
    refuse("cannot send " + record_name() + ": it is larger than " + sidecar::human_size(limits::payload_size_max) +
           ", the largest payload" + nothing_from_there_on +
           (command_.framing == Framing::lines ? " (--null takes records that contain newlines)" : ""));
  }

  /// Until all is confirmed, the time is over, or the grace that a signal leaves is.
  void flush() {
    auto end = deadline_;
    for (bool stopping = false; !late_for(end); progress_.tick()) {
      if (end_.flush(std::min<Duration>(tick, end - Clock::now()))) return;
      if (!stopping && signals_.stopped()) {
        stopping = true;
        end = std::min(end, Clock::now() + stop_grace);
      }
    }
  }

  Exit finish() {
    progress_.wipe();
    tally_.accepted = end_.accepted();
    const std::string held = end_.back_pressure();
    tally_.unconfirmed = leave();
    tally_.confirmed = tally_.accepted - tally_.unconfirmed;
    tally_.empty = empty();
    if (refused_) return Exit::refused;
    const bool all = input_done_ && !cut_short_ && tally_.unconfirmed == 0;
    if (all) return Exit::done;
    if (!late()) return Exit::not_all_done;
    if (sidecar::any_link_was_up(node_.status_json())) {
      if (!held.empty()) note("restante: not all was confirmed in time: " + held);
      return Exit::not_all_done;
    }
    note("restante: " + nobody_text(sidecar_endpoint(command_.common)));
    return Exit::nobody_there;
  }

  /// Closes at once; how many messages are left unconfirmed.
  std::size_t leave() {
    try {
      return end_.close(Duration{});
    } catch (const Error&) {  // fenced or refused, as was said already
      return static_cast<std::size_t>(end_.accepted() - end_.confirmed());
    }
  }

  void refuse(const std::string& why) {
    refused_ = true;
    note("restante: " + why);
  }

  [[nodiscard]] std::uint64_t empty() const { return reader_.empty() + empty_payloads_; }

  /// The record that was read last, as people find it in their input.
  [[nodiscard]] std::string record_name() const {
    return (command_.framing == Framing::lines ? "line " : "record ") + grouped(reader_.number());
  }

  void note(const std::string& text) {
    progress_.wipe();
    say(text);
  }

  [[nodiscard]] std::string progress_text() {
    const std::string held = end_.back_pressure();
    return "accepted " + grouped(end_.accepted()) + "  confirmed " + grouped(end_.confirmed()) +
           (held.empty() ? "" : "  waiting: " + held);
  }

  const SendingOptions& command_;
  const SendingWays& ways_;
  const StopSignals& signals_;
  Node node_;
  SendingEnd end_;
  RecordReader reader_;
  Progress progress_;
  Clock::time_point deadline_;
  SendTally tally_;
  std::uint64_t skip_ = 0;            // records that an earlier run had confirmed
  std::uint64_t empty_payloads_ = 0;  // of records that are not empty
  bool input_done_ = false;
  bool cut_short_ = false;  // a record was read and not sent
  bool refused_ = false;
};

std::string last_line(const SendTally& tally, bool json) {
  if (json) return sidecar::to_json(tally);
  std::string text = "accepted " + std::to_string(tally.accepted) + " confirmed " + std::to_string(tally.confirmed) +
                     " unconfirmed " + std::to_string(tally.unconfirmed);
  if (tally.empty > 0) text += " empty " + std::to_string(tally.empty);
  return text;
}

}  // namespace

Exit run_sending(const SendingOptions& options, const SendingWays& ways) {
  const StopSignals signals;
  SendTally tally;
  const Exit exit = [&] {
    Sending sending(options, ways, signals);
    const Exit ended = sending.run();
    tally = sending.tally();
    return ended;
  }();
  say(last_line(tally, options.common.json));  // the node is gone: nothing is said after this
  return exit;
}

}  // namespace restante::commands

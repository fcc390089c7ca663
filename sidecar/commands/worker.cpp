#include "sidecar/commands/worker.h"

#include <poll.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <optional>

#include <restante/error.h>

namespace restante::commands {

namespace {

using namespace std::chrono_literals;

constexpr Duration stop_grace = 5s;  // for a command that was asked to end
constexpr int status_nack = 75;      // EX_TEMPFAIL
constexpr int status_not_executable = 126;
constexpr int status_not_found = 127;

Child::Variables variables_of(const Delivery& delivery) {
  const MessageId id = delivery.id();
  return {{"RESTANTE_NODE", id.node},
          {"RESTANTE_STREAM", id.stream},
          {"RESTANTE_SEQUENCE", std::to_string(id.sequence)},
          {"RESTANTE_ATTEMPT", std::to_string(delivery.attempt())},
          {"RESTANTE_MARKER", std::to_string(delivery.marker())},
          {"RESTANTE_TOPIC", std::string(delivery.topic())}};
}

bool readable(int descriptor) {
  pollfd polled{descriptor, POLLIN, 0};
  return ::poll(&polled, 1, 0) > 0;
}

/// How it ended; nullopt if it had to be killed because of a stop.
std::optional<ChildEnd> attend(Child& child, Delivery& delivery, Duration lease, int stop_descriptor) {
  const Duration part = std::max<Duration>(lease / 3, 1ms);
  while (!readable(stop_descriptor)) {
    if (const auto end = child.wait(std::min<Duration>(part, 1h), stop_descriptor)) return end;
    delivery.extend();  // false: the lease had ended, and whoever has it now may do the work twice
  }
  child.signal(SIGTERM);
  const auto end = child.wait(stop_grace, -1);
  const bool of_its_own = end && !end->by_signal && (end->number == 0 || end->number == status_nack);
  return of_its_own ? end : std::nullopt;
}

Worked settle(const std::string& command, Delivery& delivery, const ChildEnd& end) {
  switch (verdict_of(end)) {
    case Verdict::ack: delivery.ack(); return {Worked::End::settled, ""};
    case Verdict::nack: delivery.nack(); return {Worked::End::again, ""};
    case Verdict::reject: delivery.reject(end.text()); return {Worked::End::settled, ""};
    case Verdict::unusable: break;
  }
  delivery.release();
  return {Worked::End::unusable, "cannot run '" + command + "': the shell ended with " + end.text() +
                                     ", which means that there is no such command or that it is not executable"};
}

}  // namespace

Verdict verdict_of(const ChildEnd& end) {
  if (end.by_signal) return Verdict::reject;
  switch (end.number) {
    case 0: return Verdict::ack;
    case status_nack: return Verdict::nack;
    case status_not_executable:
    case status_not_found: return Verdict::unusable;
    default: return Verdict::reject;
  }
}

Worked run_command(const std::string& command, Delivery& delivery, Duration lease, int stop_descriptor) {
  try {
    Child child(command, delivery.payload(), variables_of(delivery));
    if (const auto end = attend(child, delivery, lease, stop_descriptor)) return settle(command, delivery, *end);
    delivery.release();
    return {Worked::End::again, ""};
  } catch (const Error& error) {
    delivery.release();
    return {Worked::End::unusable, error.what()};
  }
}

}  // namespace restante::commands

#include "sidecar/commands/receiving.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <vector>

#include <restante/error.h>

#include "sidecar/commands/output.h"
#include "sidecar/commands/progress.h"
#include "sidecar/commands/query.h"
#include "sidecar/commands/signals.h"
#include "sidecar/commands/terminal.h"
#include "sidecar/commands/worker.h"
#include "sidecar/json.h"
#include "sidecar/log.h"
#include "sidecar/text.h"

namespace restante::commands {

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto tick = 200ms;  // idling, progress and links are looked at so often
// What is written in one go and then acked: enough to make system calls rare, little enough for a short lease.
constexpr std::size_t batch_messages = 1024;
constexpr std::size_t batch_octets = std::size_t{256} << 10;

NodeOptions node_options(const ReceivingOptions& command) {
  for (const std::string& endpoint : command.from) check_allowed(endpoint, command.common.insecure);
  NodeOptions options;
  options.sidecar = sidecar_endpoint(command.common);
  options.insecure = command.common.insecure;
  options.live = command.live;
  options.log = sidecar::log_to_stderr;
  return options;
}

ReceiverOptions receiver_options(const ReceivingOptions& command) {
  ReceiverOptions options;
  options.from = command.from;
  options.lease = command.lease;
  return options;
}

void append(std::string& text, const Delivery& delivery, const ReceivingOptions& command) {
  if (!command.common.json) {
    if (command.topics) {
      text += delivery.topic();
      text += '\t';
    }
    text += delivery.payload();
    text += command.framing == Framing::nulls ? '\0' : '\n';
    return;
  }
  MessageId id = delivery.id();
  text += sidecar::to_json(sidecar::MessageText{std::move(id.node), std::move(id.stream), id.sequence, id.grant,
                                                delivery.attempt(), delivery.marker(), delivery.topic(),
                                                delivery.payload()});
  text += '\n';
}

/// One run: wait, gather what is there, hand it over, settle it. Every delivery is settled by name, so that none is
/// left to a destructor during an exception, where it would count as an attempt.
class Receiving {
 public:
  Receiving(const ReceivingOptions& command, const ReceivingWays& ways, const StopSignals& signals)
      : command_(command),
        ends_(ways.ends),
        signals_(signals),
        node_(node_options(command)),
        puller_(ways.open(node_, options(ways))),
        output_(STDOUT_FILENO, signals.descriptor()),
        progress_([this] { return progress_text(); }, command.common.verbose) {}

  Exit run() {
    while (go_on()) {
      std::vector<Delivery> batch = gather();
      if (batch.empty() && text_.empty()) {
        if (refusal_.empty()) wait();
        continue;
      }
      command_.exec ? work(batch.front()) : write(batch);
      if (!batch.empty()) last_ = Clock::now();
    }
    puller_.stop();
    progress_.wipe();
    return exit();
  }

 private:
  ReceiverOptions options(const ReceivingWays& ways) {
    ReceiverOptions options = receiver_options(command_);
    if (ways.tells_gaps) options.on_gap = [this](const Gap& gap) { tell(gap); };
    return options;
  }

  /// In the course of gather(): it stands between the messages where it belongs.
  void tell(const Gap& gap) {
    if (command_.common.json) {
      text_ += sidecar::to_json(sidecar::GapText{gap.node, gap.stream, gap.from, gap.to, gap.reason}) + "\n";
      return;
    }
    progress_.wipe();
    say("restante: gap in '" + gap.stream + "' of node '" + gap.node + "': messages " + sidecar::grouped(gap.from) +
        " to " + sidecar::grouped(gap.to) + " are gone: " + gap.reason);
  }

  [[nodiscard]] std::uint64_t wanted() const { return command_.count ? *command_.count - done_ : batch_messages; }
  [[nodiscard]] bool idle() const { return command_.idle && Clock::now() - last_ >= *command_.idle; }

  bool go_on() {
    if (command_.count) progress_.tick();
    if (puller_.stopped() && ends_) return false;
    if (puller_.stopped() && fault_.empty()) fault_ = "cannot receive from '" + command_.stream + "': it was stopped";
    return wanted() > 0 && !closed_ && fault_.empty() && refusal_.empty() && !signals_.stopped() && !idle();
  }

  /// What is there, and in text_ as it is to be written.
  std::vector<Delivery> gather() {
    text_.clear();
    message_ends_.clear();
    std::vector<Delivery> batch;
    const std::size_t count = command_.exec ? 1 : std::min<std::uint64_t>(wanted(), batch_messages);
    for (std::size_t octets = 0; batch.size() < count && octets < batch_octets;) {
      auto delivery = receive(batch);
      if (!delivery) break;
      octets += delivery->payload().size();
      if (!command_.exec) append(text_, *delivery, command_);
      message_ends_.push_back(text_.size());
      batch.push_back(std::move(*delivery));
    }
    return batch;
  }

  /// The next message, if there is one. `held` goes back if no sidecar will have this receiver any more.
  std::optional<Delivery> receive(std::vector<Delivery>& held) {
    try {
      return puller_.try_receive();
    } catch (const Error& error) {
      for (Delivery& delivery : held) delivery.release();
      if (!held.empty()) text_.clear();  // else it has gaps only
      held.clear();
      refusal_ = error.what();
      return std::nullopt;
    }
  }

  void wait() {
    auto timeout = std::chrono::milliseconds(tick);
    if (command_.idle) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(*command_.idle - (Clock::now() - last_));
      timeout = std::clamp<std::chrono::milliseconds>(left, 0ms, tick);
    }
    // No event is asked of standard output: it answers all the same once its reader is gone.
    std::array<pollfd, 3> polled{{{puller_.ready_fd(), POLLIN, 0},
                                  {signals_.descriptor(), POLLIN, 0},
                                  {command_.exec ? -1 : STDOUT_FILENO, 0, 0}}};
    ::poll(polled.data(), polled.size(), static_cast<int>(timeout.count()));
    if ((polled[2].revents & (POLLERR | POLLHUP)) != 0) closed_ = true;
  }

  /// Writes what was gathered, then acks it: what was acked and not written would be lost.
  void write(std::vector<Delivery>& batch) {
    const Output::Result result = output_.write(text_);
    closed_ = result == Output::Result::closed;
    if (result == Output::Result::failed) fault_ = "cannot write to standard output: " + output_.fault();
    for (std::size_t i = 0; i < batch.size(); ++i) {
      // What a reader that went away had not read is gone with it.
      const bool written = !closed_ && message_ends_[i] <= output_.taken();
      if (!written) {
        batch[i].release();
        continue;
      }
      batch[i].ack();
      ++done_;
    }
  }

  void work(Delivery& delivery) {
    const Worked worked = run_command(*command_.exec, delivery, command_.lease, signals_.descriptor());
    if (worked.end == Worked::End::settled) ++done_;
    if (worked.end == Worked::End::unusable) fault_ = worked.fault;
  }

  Exit exit() {
    if (!refusal_.empty()) {  // whatever its code says: the command line is in order, or it had not come so far
      say("restante: " + refusal_);
      return Exit::refused;
    }
    if (!fault_.empty()) {
      say("restante: " + fault_ + "; what was not acked comes again, here or elsewhere");
      return Exit::refused;
    }
    if (idle() && !sidecar::any_link_was_up(node_.status_json())) {
      for (const std::string& endpoint : command_.from) say("restante: " + nobody_text(endpoint, "--from"));
      if (command_.from.empty()) say("restante: " + nobody_text(sidecar_endpoint(command_.common)));
      return Exit::nobody_there;
    }
    return command_.count && wanted() > 0 ? Exit::not_all_done : Exit::done;
  }

  [[nodiscard]] std::string progress_text() const {
    return "received " + sidecar::grouped(done_) + " of " + sidecar::grouped(*command_.count);
  }

  const ReceivingOptions& command_;
  const bool ends_;  // it stops by itself when all was read
  const StopSignals& signals_;
  Node node_;
  Puller puller_;
  Output output_;
  Progress progress_;
  Clock::time_point last_ = Clock::now();  // of the last message, for --idle
  std::uint64_t done_ = 0;                 // messages settled for good
  bool closed_ = false;                    // standard output has no reader any more
  std::string fault_;                      // why it cannot go on
  std::string refusal_;                    // the same of its sidecars
  std::string text_;                       // of one batch; kept for its capacity
  std::vector<std::size_t> message_ends_;  // where each message of text_ ends
};

}  // namespace

Exit run_receiving(const ReceivingOptions& options, const ReceivingWays& ways) {
  const StopSignals signals;
  return Receiving(options, ways, signals).run();
}

}  // namespace restante::commands

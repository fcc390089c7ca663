#include "patterns/control_link.h"

#include <algorithm>
#include <utility>

#include <restante/error.h>
#include <restante/limits.h>

#include "core/wire.h"
#include "patterns/link/process.h"

namespace restante::detail {

using namespace std::chrono_literals;
using core::Instant;

namespace {

constexpr int messages_a_step = 256;  // then the others get their turn
constexpr Duration backoff_first = 10ms;
constexpr Duration backoff_max = 1s;
constexpr Duration refused_backoff = 5s;
constexpr Duration complain_after = 1s;
constexpr Duration leave_timeout = 100ms;

}  // namespace

ControlLink::ControlLink(link::Context& context, link::Poller& poller, NodeContext& node, std::string endpoint,
                         Listener& listener, Instant now)
    : context_(context),
      poller_(poller),
      node_(node),
      endpoint_(std::move(endpoint)),
      listener_(listener),
      random_(link::random64()),
      rest_until_(now),
      away_since_(now) {}

ControlLink::~ControlLink() {
  if (dealer_) poller_.remove(*dealer_);
}

bool ControlLink::step(Instant now) {
  if (phase_ == Phase::resting && now >= rest_until_) dial(now);
  bool more = false;
  if (dealer_) {
    // A word and the loss of the connection may wait together: words first, they were said before.
    int left = messages_a_step;
    const link::Dealer* const socket = dealer_.get();
    while (dealer_.get() == socket && left > 0) {
      const auto incoming = dealer_->receive();
      if (!incoming) break;
      on_incoming(*incoming, now);
      --left;
    }
    more = left == 0;
    while (dealer_.get() == socket && !more) {
      const auto event = dealer_->next_event();
      if (!event) break;
      on_event(*event, now);
    }
  }
  check_timers(now);
  return more;
}

Instant ControlLink::next_deadline() const {
  Instant deadline = complained_ || up() ? core::never : core::after(away_since_, complain_after);
  switch (phase_) {
    case Phase::resting: return std::min(deadline, rest_until_);
    case Phase::dialing: return deadline;
    case Phase::greeted: return std::min(deadline, core::after(last_heard_, limits::silence_max));
    case Phase::up:
      return std::min(core::after(last_said_, limits::heartbeat_interval),
                      core::after(last_heard_, limits::silence_max));
    case Phase::leaving: return leave_until_;
    case Phase::left: return core::never;
  }
  return deadline;
}

void ControlLink::send(core::ControlMessage message, Instant now) {
  if (phase_ == Phase::up) say(std::move(message), now);
}

void ControlLink::send_copy(const core::Buffer& batch, Instant now) {
  if (phase_ == Phase::up) put(batch, now);
}

void ControlLink::leave(Instant now) {
  if (phase_ != Phase::up) {
    phase_ = Phase::left;
    return;
  }
  say(core::Bye{}, now);
  say(core::Heartbeat{}, now);
  phase_ = Phase::leaving;
  leave_until_ = core::after(now, leave_timeout);
}

ControlLink::Status ControlLink::status() const {
  const std::lock_guard lock(status_mutex_);
  return status_;
}

void ControlLink::dial(Instant now) {
  try {
    dealer_ = std::make_unique<link::Dealer>(context_, endpoint_, limits::frame_size_max);
    poller_.add(*dealer_);
  } catch (const Error& error) {  // out of descriptors, say: it may pass
    dealer_.reset();
    if (failures_ == 0) node_.log.warning("cannot dial the sidecar at " + endpoint_ + " yet: " + error.what());
    rest(now);
    return;
  }
  said_ = heard_ = 0;
  last_said_ = last_heard_ = now;
  phase_ = Phase::dialing;
}

/// Waits before it dials again: longer each time, and not in step with others.
void ControlLink::rest(Instant now) {
  Duration wait = std::min<Duration>(backoff_max, backoff_first * (1 << std::min(failures_, 10U)));
  if (refused_) wait = refused_backoff;
  ++failures_;
  const auto half = static_cast<std::uint64_t>(wait.count() / 2);
  rest_until_ = core::after(now, Duration{static_cast<std::int64_t>(half + random_.below(half + 1))});
  phase_ = Phase::resting;
}

void ControlLink::lose(Instant now, const char* why) {
  const bool was_up = phase_ == Phase::up;
  poller_.remove(*dealer_);
  dealer_.reset();  // with all that it had not sent: nothing of an old link may reach a new one
  if (phase_ == Phase::leaving) {
    phase_ = Phase::left;
    return;
  }
  rest(now);
  if (!was_up) return;
  away_since_ = now;
  node_.counters.add(Count::links_lost);
  node_.log.information("lost the sidecar at " + endpoint_ + ": " + why);
  {
    const std::lock_guard lock(status_mutex_);
    status_.up = false;
  }
  listener_.on_link_down(now);
}

void ControlLink::on_event(link::Dealer::Event event, Instant now) {
  if (event == link::Dealer::Event::disconnected) {
    lose(now, "the connection ended");
  } else if (phase_ == Phase::dialing) {
    phase_ = Phase::greeted;
    last_heard_ = now;
    core::Hello hello = node_.hello;
    hello.client = client_;
    hello.dial = ++dials_;
    say(std::move(hello), now);
  }
}

void ControlLink::on_incoming(const link::Incoming& incoming, Instant now) {
  if (incoming.frames.empty() || phase_ == Phase::dialing) return;
  std::string why;
  const auto frame = core::decode(incoming.frames.front(), why);
  if (!frame) {
    node_.counters.add(Count::damaged_control);
    lose(now, "a damaged frame");  // its number is lost with it, so that the next one would be a jump
    return;
  }
  last_heard_ = now;
  on_frame(*frame, incoming, now);
}

void ControlLink::on_frame(const core::ControlFrame& frame, const link::Incoming& incoming, Instant now) {
  // An Unknown has no place in the numbering: the sidecar knows nothing of this link.
  if (std::holds_alternative<core::Unknown>(frame.message)) {
    lose(now, "it does not know this link");
    return;
  }
  if (frame.number != ++heard_) {
    lose(now, "it lost a message on the way");
    return;
  }
  if (phase_ != Phase::up) {
    if (phase_ == Phase::greeted) on_answer(frame.message, now);
    return;
  }
  if (const auto* redelivery = std::get_if<core::Redelivery>(&frame.message)) {
    if (incoming.frames.size() == 2) {
      on_redelivery(*redelivery, incoming.frames[1], now);
    } else {
      node_.counters.add(Count::unexpected_frame);
    }
  } else if (!std::holds_alternative<core::Heartbeat>(frame.message)) {
    listener_.on_control(frame.message, now);
  }
}

void ControlLink::on_answer(const core::ControlMessage& message, Instant now) {
  if (const auto* refused = std::get_if<core::Refused>(&message)) {
    if (!refused_) node_.log.error("the sidecar at " + endpoint_ + " refuses this service: " + refused->text);
    refused_ = true;
    complained_ = true;
    listener_.on_refused(*refused, now);
    lose(now, "refused");
    return;
  }
  const auto* welcome = std::get_if<core::Welcome>(&message);
  if (welcome == nullptr) return;
  phase_ = Phase::up;
  failures_ = 0;
  refused_ = false;
  {
    const std::lock_guard lock(status_mutex_);
    status_ = Status{true, welcome->node, status_.times_up + 1};
  }
  if (complained_) node_.log.information("the sidecar at " + endpoint_ + " is there: node " + welcome->node);
  complained_ = false;
  listener_.on_link_up(*welcome, now);
}

void ControlLink::on_redelivery(const core::Redelivery& header, const core::Buffer& frame, Instant now) {
  std::string why;
  auto batch = core::Batch::parse(frame.aligned(), why);
  if (!batch) {
    // The sidecar counts it as sent: only a new link makes it owed again.
    node_.counters.add(Count::damaged_batch);
    lose(now, "a damaged batch");
    return;
  }
  listener_.on_redelivery(header, std::make_shared<const core::Batch>(std::move(*batch)), now);
}

void ControlLink::check_timers(Instant now) {
  complain(now);
  switch (phase_) {
    case Phase::greeted:
      if (now >= core::after(last_heard_, limits::silence_max)) lose(now, "no answer to hello");
      break;
    case Phase::up:
      if (now >= core::after(last_heard_, limits::silence_max)) {
        lose(now, "silent for too long");
      } else if (now >= core::after(last_said_, limits::heartbeat_interval)) {
        say(core::Heartbeat{}, now);
      }
      break;
    case Phase::leaving:
      if (now >= leave_until_) phase_ = Phase::left;
      break;
    default: break;
  }
}

void ControlLink::complain(Instant now) {
  if (complained_ || phase_ >= Phase::up || now < core::after(away_since_, complain_after)) return;
  complained_ = true;
  node_.log.warning("no sidecar at " + endpoint_ + ": start one with `restante up`");
}

void ControlLink::put(const core::Buffer& frame, Instant now) {
  last_said_ = now;
  // The socket queues without a bound, and ours are the windows; so this can only be a link that has ended.
  if (dealer_->send(frame) != link::Sent::yes) node_.counters.add(Count::unexpected_frame);
}

void ControlLink::say(core::ControlMessage message, Instant now) {
  put(core::encode(core::ControlFrame{++said_, std::move(message)}), now);
}

}  // namespace restante::detail

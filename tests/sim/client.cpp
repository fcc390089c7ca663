#include "tests/sim/client.h"

#include <restante/limits.h>

#include "core/assert.h"
#include "core/wire.h"

namespace restante::sim {

void Client::dial(LinkRef link, core::Instant now) {
  link_ = std::move(link);
  greeted_ = false;
  out_number_ = in_number_ = 0;
  heard_ = now;
  core::Hello hello;
  hello.process = process_;
  hello.host = "simulated";
  hello.pid = pid_;
  hello.start_time = 1;
  hello.client = pid_;
  hello.dial = ++dials_;
  send(hello, now);
}

void Client::send(core::ControlMessage message, core::Instant now) {
  if (link_ == nullptr) return;
  spoke_ = now;
  const Buffer frame = core::encode(core::ControlFrame{++out_number_, std::move(message)});
  if (link_->open) link_->up.push_back({frame});
}

void Client::send_copy(const Buffer& batch, core::Instant now) {
  if (link_ == nullptr) return;
  spoke_ = now;
  if (link_->open) link_->up.push_back({batch});
}

void Client::drop() {
  if (link_ == nullptr) return;
  link_->open = false;
  link_->down.clear();
  link_ = nullptr;
  greeted_ = false;
}

bool Client::tick(core::Instant now) {
  if (link_ == nullptr) return false;
  if ((!link_->open && link_->down.empty()) || now - heard_ > limits::silence_max) {
    drop();
    return true;
  }
  if (greeted_ && now - spoke_ >= limits::heartbeat_interval) send(core::Heartbeat{}, now);
  return false;
}

bool Client::receive(core::Instant now, const Handlers& handlers) {
  if (link_ == nullptr || !link_->gives_down()) return false;
  const Frames frames = link_->down.front();
  link_->down.pop_front();
  heard_ = now;
  std::string why;
  const auto control = core::decode(frames.front(), why);
  RESTANTE_ASSERT(control.has_value());
  if (control->number != in_number_ + 1 || std::holds_alternative<core::Unknown>(control->message)) {
    drop();
    handlers.down();
    return true;
  }
  in_number_ = control->number;
  if (std::holds_alternative<core::Welcome>(control->message)) {
    greeted_ = true;
    handlers.up();
  } else if (const auto* redelivery = std::get_if<core::Redelivery>(&control->message)) {
    RESTANTE_ASSERT(frames.size() == 2);
    handlers.redelivery(*redelivery, frames.back());
  } else if (!std::holds_alternative<core::Heartbeat>(control->message)) {
    handlers.message(control->message);
  }
  return true;
}

}  // namespace restante::sim

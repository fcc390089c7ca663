#pragma once
/// \file
/// What a library does for its core objects on a control link: hello, numbers, heartbeats, dialling again.

#include <functional>
#include <string>

#include "core/messages.h"
#include "core/time.h"
#include "tests/sim/client_link.h"

namespace restante::sim {

class Client {
 public:
  explicit Client(std::string process, std::uint32_t pid) : process_(std::move(process)), pid_(pid) {}

  /// Takes a fresh link and says hello on it.
  void dial(LinkRef link, core::Instant now);
  void send(core::ControlMessage message, core::Instant now);
  void send_copy(const Buffer& batch, core::Instant now);
  void drop();  ///< this end gives the link up
  /// Notices cuts and silence, sends heartbeats. True if the link was lost just now.
  bool tick(core::Instant now);

  /// Takes one message from the link. `on_message` gets control messages but Welcome, Unknown and Heartbeat.
  struct Handlers {
    std::function<void()> up;
    std::function<void()> down;
    std::function<void(const core::ControlMessage&)> message;
    std::function<void(const core::Redelivery&, const Buffer&)> redelivery;
  };
  bool receive(core::Instant now, const Handlers& handlers);

  [[nodiscard]] bool dialled() const noexcept { return link_ != nullptr; }
  [[nodiscard]] bool greeted() const noexcept { return greeted_; }
  [[nodiscard]] const LinkRef& link() const noexcept { return link_; }
  [[nodiscard]] std::uint32_t pid() const noexcept { return pid_; }

 private:
  std::string process_;
  std::uint32_t pid_;
  std::uint64_t dials_ = 0;
  LinkRef link_;
  bool greeted_ = false;
  std::uint64_t out_number_ = 0;
  std::uint64_t in_number_ = 0;
  core::Instant spoke_{};
  core::Instant heard_{};
};

}  // namespace restante::sim

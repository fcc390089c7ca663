#pragma once
/// \file
/// Everything of one node that speaks with one sidecar.

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "patterns/control_link.h"
#include "patterns/link_member.h"
#include "patterns/live_outlet.h"

namespace restante::detail {

/// What a member may do to the outside, in one step.
class LinkPort {
 public:
  LinkPort(ControlLink& control, LiveOutlet& live, core::Instant now) : control_(control), live_(live), now_(now) {}

  void say(core::ControlMessage message) { control_.send(std::move(message), now_); }
  void copy(const core::Buffer& batch) { control_.send_copy(batch, now_); }
  bool live(core::Token target, const std::string& endpoint, const core::Buffer& batch) {
    return live_.send(target, endpoint, batch);
  }
  [[nodiscard]] const std::string& endpoint() const noexcept { return control_.endpoint(); }

 private:
  ControlLink& control_;
  LiveOutlet& live_;
  core::Instant now_;
};

/// One control link, its members (writers and sessions), and which of them a message is for. Of the I/O thread, but for
/// status().
class LinkHub final : private ControlLink::Listener {
 public:
  LinkHub(link::Context& context, link::Poller& poller, NodeContext& node, const std::string& endpoint,
          core::Instant now);

  void add(std::shared_ptr<LinkMember> member, core::Instant now);

  /// Reads what has come. True if there may be more.
  bool read(core::Instant now) { return link_.step(now); }
  /// Lets every member do what is due, and lets go of those that are finished. True if there is more to do.
  bool work(core::Instant now);
  [[nodiscard]] core::Instant next_deadline() const;

  /// A live copy for one of this hub's sessions; false if none of them is its owner.
  bool on_live(const std::shared_ptr<const core::Batch>& batch, core::Instant now);

  void on_stop(core::Instant now);
  /// Says what members still have to say, then Bye. Read until left().
  void leave(core::Instant now);
  [[nodiscard]] bool left() const noexcept { return link_.left(); }
  void on_end(const std::string& why, bool failed);

  [[nodiscard]] bool ready() const;  ///< up, and every member granted or subscribed
  [[nodiscard]] const std::string& endpoint() const noexcept { return link_.endpoint(); }
  [[nodiscard]] ControlLink::Status status() const { return link_.status(); }

 private:
  void on_link_up(const core::Welcome& welcome, core::Instant now) override;
  void on_link_down(core::Instant now) override;
  void on_control(const core::ControlMessage& message, core::Instant now) override;
  void on_redelivery(const core::Redelivery& header, std::shared_ptr<const core::Batch> batch,
                     core::Instant now) override;
  void on_refused(const core::Refused& refused, core::Instant now) override;

  LinkMember* by_id(std::uint64_t id) const;
  LinkMember* by_token(core::Token token) const;
  LinkMember* receiver_of(const core::ControlMessage& message);

  NodeContext& node_;
  LiveOutlet live_;
  ControlLink link_;
  std::map<std::uint64_t, std::shared_ptr<LinkMember>> members_;
  std::unordered_map<core::Token, LinkMember*> tokens_;  // of the present link
  core::Welcome welcome_;                                // of the present link
};

}  // namespace restante::detail

#pragma once
/// \file
/// What lives on a control link.

#include <cstdint>
#include <memory>

#include "core/batch.h"
#include "core/messages.h"
#include "core/time.h"

namespace restante::detail {

class LinkPort;

/// A writer or a session of a reader, as its control link sees it. Every member is called on the I/O thread alone.
class LinkMember {
 public:
  virtual ~LinkMember() = default;
  LinkMember() = default;
  LinkMember(const LinkMember&) = delete;
  LinkMember& operator=(const LinkMember&) = delete;

  [[nodiscard]] virtual std::uint64_t id() const = 0;  ///< of the handle or session; names it in messages

  virtual void on_link_up(const core::Welcome& welcome, core::Instant now) = 0;
  virtual void on_link_down(core::Instant now) = 0;
  virtual void on_message(const core::ControlMessage& message, core::Instant now) = 0;
  virtual void on_redelivery(const core::Redelivery& header, std::shared_ptr<const core::Batch> batch,
                             core::Instant now) = 0;
  virtual void on_live(std::shared_ptr<const core::Batch> batch, core::Instant now) = 0;

  /// Does what is due and says on `port` what there is to say. True if it has more to do at once.
  virtual bool step(LinkPort& port, core::Instant now) = 0;
  [[nodiscard]] virtual core::Instant next_deadline() const = 0;

  [[nodiscard]] virtual bool ready() const = 0;     ///< granted or subscribed
  [[nodiscard]] virtual bool finished() const = 0;  ///< closed, and everything said
  /// The node was asked to stop: all waiting of the application ends.
  virtual void on_stop(core::Instant now) = 0;
  /// The I/O thread ends: nothing will change any more, and waiting has no sense; `why` is for people. `failed`: not
  /// because the node was ended.
  virtual void on_end(const std::string& why, bool failed) = 0;
};

}  // namespace restante::detail

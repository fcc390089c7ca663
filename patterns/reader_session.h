#pragma once
/// \file
/// One reader at one sidecar.

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/intake.h"
#include "patterns/json_text.h"
#include "patterns/link_member.h"
#include "patterns/live_listener.h"

namespace restante::detail {

class ReaderState;

/// A core::Inbox or LiveInbox with its place at a link. Owned by its ReaderState, whose mutex guards the inbox.
class ReaderSession final : public LinkMember {
 public:
  ReaderSession(ReaderState& reader, std::uint64_t session, std::unique_ptr<core::Intake> inbox, std::string upstream,
                std::unique_ptr<LiveListener> listener);

  // ---- I/O thread
  [[nodiscard]] std::uint64_t id() const override { return session_; }
  void on_link_up(const core::Welcome& welcome, core::Instant now) override;
  void on_link_down(core::Instant now) override;
  void on_message(const core::ControlMessage& message, core::Instant now) override;
  void on_redelivery(const core::Redelivery& header, std::shared_ptr<const core::Batch> batch,
                     core::Instant now) override;
  void on_live(std::shared_ptr<const core::Batch> batch, core::Instant now) override;
  bool step(LinkPort& port, core::Instant now) override;
  [[nodiscard]] core::Instant next_deadline() const override { return deadline_; }
  [[nodiscard]] bool ready() const override;
  [[nodiscard]] bool finished() const override { return finished_; }
  void on_stop(core::Instant now) override;
  void on_end(const std::string& why, bool failed) override;

 private:
  friend class ReaderState;

  // With the reader's mutex held:
  void touched();  // a command was given to the inbox: wakes the I/O thread if that is needed
  void fed();      // an input was given to the inbox
  [[nodiscard]] core::Instant speaks_at() const;
  void note_trouble();
  void note_said();
  void collect_events();
  void status(JsonText& json) const;
  bool listen(core::Instant now);

  ReaderState& reader_;
  const std::uint64_t session_;
  const std::string upstream_;

  // Guarded by the reader's mutex.
  const std::unique_ptr<core::Intake> inbox_;
  core::Instant known_deadline_ = core::never;  // what the I/O thread knows or was woken for
  core::Instant spoke_at_{};                    // when it said something last
  const std::string* node_ = nullptr;
  std::string trouble_text_;
  std::uint64_t gaps_ = 0;  // told to the application

  std::atomic<bool> dirty_{true};

  // Of the I/O thread.
  std::unique_ptr<LiveListener> listener_;
  core::Instant deadline_ = core::never;
  bool awaiting_ = false;   // Subscribe was said on this link and not answered
  bool was_there_ = false;  // it was subscribed once
  bool stopped_ = false;
  bool finished_ = false;
};

}  // namespace restante::detail

#pragma once
/// \file
/// An operator's tool at a running sidecar, over a control link of its own.

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include <restante/error.h>
#include <restante/types.h>

#include "core/messages.h"
#include "patterns/link/link.h"

namespace restante::commands {

/// How long a sidecar may take to answer: it serves its streams first, and a busy one still answers in milliseconds.
inline constexpr Duration query_deadline = std::chrono::seconds{2};

/// How long a change may take: it waits for a commit, and that for the disk.
inline constexpr Duration change_deadline = std::chrono::seconds{10};

/// Asks one thing after the other. The link is made with the first question, and anew if it was lost, as it is when the
/// tool waited for a human. One thread; a sidecar that dies takes nothing along but the question that it was asked.
class OperatorLink {
 public:
  explicit OperatorLink(std::string endpoint);
  ~OperatorLink();  ///< says goodbye
  OperatorLink(const OperatorLink&) = delete;
  OperatorLink& operator=(const OperatorLink&) = delete;

  struct Answer {
    core::ControlMessage message;
    core::Buffer batch{};  ///< what came behind it
  };

  /// The answer to a question that may be asked any number of times; its `request` is set here. Throws NobodyThere
  /// after `deadline`, and Error if the sidecar refuses to talk.
  Answer ask(core::ControlMessage question, Duration deadline = query_deadline);

  /// The answer to a wish, with `batch` behind it if that is not empty. It is said once: by a second time the world may
  /// be another. Throws as ask(), and Error(retry_later) if it was asked to `what` and did not answer; "`restante
  /// `" `tells` whether it was done.
  Answer wish(core::ControlMessage wish, const core::Buffer& batch, const std::string& what, const std::string& tells);

 private:
  using Clock = std::chrono::steady_clock;

  /// nullopt: it was asked once, and then the link was lost or the deadline passed.
  std::optional<Answer> run(core::ControlMessage& message, const core::Buffer& batch, Duration deadline, bool again);
  void dial();
  void hang_up();
  void listen(std::uint64_t request, std::optional<Answer>& answer);
  void send(core::ControlMessage message, const core::Buffer& batch = {});

  std::string endpoint_;
  link::Context context_;
  link::Poller poller_;
  std::unique_ptr<link::Dealer> dealer_;  // a lost one is never used again
  std::uint64_t sent_ = 0;
  std::uint64_t requests_ = 0;
  bool greeted_ = false;
  bool lost_ = false;
  Clock::time_point next_beat_{};
};

/// Throws Error(incompatible_version) for any other answer.
template <typename Wanted>
Wanted answer_of(OperatorLink::Answer answer) {
  if (auto* wanted = std::get_if<Wanted>(&answer.message)) return std::move(*wanted);
  throw Error(ErrorCode::incompatible_version,
              "the sidecar's answer is of another kind: see whether `restante --version` says the same on both sides");
}

}  // namespace restante::commands

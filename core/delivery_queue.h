#pragma once
/// \file
/// What a consumer has received and not yet handed to the application.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/batch.h"
#include "core/batch_reader.h"
#include "core/messages.h"

namespace restante::core {

/// Messages in the order of their arrival, as ranges of batches: a batch costs one entry, a message is looked at only
/// when it is taken. Not thread-safe.
class DeliveryQueue {
 public:
  struct Message {
    std::shared_ptr<const Batch> batch;
    MessageView view;
    Sequence sequence = 0;
    std::uint32_t attempt = 1;
  };

  /// Adds the messages of `batch` in `range`, which must lie within it. The batch must not be a skip.
  void push(std::shared_ptr<const Batch> batch, Range range, std::uint32_t attempt);
  /// The oldest message; the queue must not be empty.
  Message pop();
  /// The oldest message of a topic that may go, if there is one.
  using MayGo = std::function<bool(const std::string& topic)>;
  std::optional<Message> pop_of(const MayGo& may_go);
  [[nodiscard]] bool has_one_of(const MayGo& may_go) const;  ///< or a gap

  /// Adds a gap: behind all that is there, before all that comes; or in the place of gaps that it has become of, the
  /// numbers of which it gives. It is no message, and stays where messages go. `at_front`: before all messages.
  std::vector<std::uint64_t> push_gap(const Missed& gap, bool at_front = false);
  [[nodiscard]] bool gap_is_next() const { return !entries_.empty() && entries_.front().batch == nullptr; }
  /// The gap that is next.
  Missed pop_gap();

  void erase(GrantId grant, Range range);
  /// Takes out everything from `first` on, of any grant.
  void erase_from(Sequence first);
  /// Takes out everything up to and with `last`, of any grant.
  void erase_up_to(Sequence last);
  /// Takes out the gaps that reach to `first` or beyond; their numbers.
  std::vector<std::uint64_t> erase_gaps_from(Sequence first);
  void clear() noexcept;  ///< gaps too

  [[nodiscard]] std::vector<GrantRange> ranges() const;  ///< of messages, in the order of the queue
  [[nodiscard]] std::vector<GrantRange> ranges_of(const std::string& topic) const;
  [[nodiscard]] std::set<std::string> topics_up_to(Sequence last) const;  ///< of which something is there
  [[nodiscard]] bool empty() const noexcept { return entries_.empty(); }  ///< neither a message nor a gap
  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }   ///< messages
  [[nodiscard]] std::size_t octets() const noexcept { return octets_; }   ///< of the frames that it keeps alive

 private:
  struct Entry {
    std::shared_ptr<const Batch> batch;  // none: a gap
    Range range;
    std::uint32_t attempt;
    std::optional<BatchReader> reader;
    std::shared_ptr<const Missed> gap{};
  };
  template <typename Matches>
  void erase_where(Range range, Matches matches);
  void append(Entry entry);
  Message pop_from(std::deque<Entry>::iterator at);

  std::deque<Entry> entries_;
  std::uint64_t count_ = 0;
  std::size_t octets_ = 0;
};

}  // namespace restante::core

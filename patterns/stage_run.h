#pragma once
/// \file
/// One run of a Stage.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include <restante/delivery.h>

#include "patterns/change_signal.h"
#include "patterns/stage_output.h"
#include "patterns/stage_state.h"

namespace restante::detail {

/// Workers take inputs, call the function and send what it made. One thread more, the settler, acks the inputs whose
/// outputs are confirmed, and extends the leases of the others: no worker waits for a confirm. All of them wait on one
/// ChangeSignal, that of the stage, which the writers and the reader notify.
///
/// Locks are taken in this order: mutex_, that of a writer or of the reader, that of the signal.
class StageRun {
 public:
  explicit StageRun(StageState& stage);

  /// As Stage::run().
  void run(const std::stop_token& stop);

 private:
  using Lock = std::unique_lock<std::mutex>;
  using Clock = ChangeSignal::Clock;
  using Time = Clock::time_point;

  /// An input whose function has returned. `input` is settled by the settler alone.
  struct Entry {
    Entry(Delivery delivery, Time now) : input(std::move(delivery)), since(now) {}
    Delivery input;
    Time since;               // the function returned
    Time extended{};          // the lease began
    std::size_t pending = 1;  // outputs without a confirm, and the worker while it sends
    bool given_up = false;    // released; what it sent is still in the windows
    std::list<std::shared_ptr<Entry>>::iterator place{};
  };
  using EntryRef = std::shared_ptr<Entry>;

  /// An out, and in the order of its messages what is to be confirmed by it.
  struct Lane {
    struct Sent {
      std::uint64_t ordinal;
      EntryRef entry;
    };
    std::shared_ptr<WriterState> writer;
    std::deque<Sent> line;
  };

  // ---- workers
  void work() noexcept;
  bool await_turn();
  std::optional<Delivery> next();
  bool keeps(Delivery& input);
  void handle(Delivery input, Time taken);
  bool call(Delivery& input, StageOutput& made);
  void send(Delivery input, const StageOutput& made, Time taken);
  bool send_one(const EntryRef& entry, const StageOutput::Item& item);
  bool try_one(const EntryRef& entry, const StageOutput::Item& item);
  void leave(Delivery& input, bool acked);
  void fail(std::exception_ptr why) noexcept;

  // ---- settler
  void settle() noexcept;
  [[nodiscard]] bool settle_once(std::vector<EntryRef>& done, Time& wake);
  void take_confirmed(std::vector<EntryRef>& done);
  void find_refusal();
  void keep_leases(Time now);
  [[nodiscard]] std::string overdue_text() const;

  // With mutex_ held:
  Lane& lane_of(const std::shared_ptr<WriterState>& writer);
  void drop_pending(const EntryRef& entry, std::vector<EntryRef>& done);
  void give_up(EntryRef entry);  // by value: it goes out of the list
  [[nodiscard]] bool is_stopping() const;
  [[nodiscard]] Time stop_deadline(Time now);

  StageState& stage_;
  const std::shared_ptr<ChangeSignal> signal_ = std::make_shared<ChangeSignal>();
  const std::string reader_;  // as StageOutput has it
  const Duration look_;       // how often leases are looked after
  std::stop_source stop_;

  mutable std::mutex mutex_;
  std::deque<Lane> lanes_;  // references stay valid
  std::list<EntryRef> held_;
  std::vector<EntryRef> sent_;  // the worker is done with it, and every output was confirmed already
  std::size_t busy_ = 0;        // inputs in a worker's hand, or held
  std::size_t overdue_ = 0;     // given up, and outputs of it still wait
  std::size_t waiting_ = 0;     // workers that wait for their turn
  Time looked_{};
  std::optional<Time> stop_at_;  // then what is not confirmed is released
  bool workers_ended_ = false;
  std::string warning_;  // of the settler: to be logged
  std::exception_ptr failure_;
};

}  // namespace restante::detail

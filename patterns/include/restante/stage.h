#pragma once
/// \file
/// From stream to stream: work on what one brings, and send what is made of it to others.
///
///   restante::Node node;
///   restante::stage(node.puller("orders"), node.pusher("labels"), [](const auto& order, auto& labels) {
///     labels.send("to: " + address_of(order.payload()));
///   });
///
/// An input is acked when all its outputs are confirmed, and not before; other inputs go on meanwhile. So nothing is
/// lost on the way, whoever is killed. What is made of an input names it in the header `restante-origin`, the same one
/// each time, so that Delivery::effect_id() of an output does not depend on how often the input came.
///
/// What survives
///   the function returned      its outputs are in this process only; if it dies, the input comes again
///   the outputs are confirmed  they are on the disk of this node, or acked; the input may still come again, and then
///                              its outputs are sent again, under new ids and the same effect ids
///   the input is acked         it is never given to the function again

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <restante/limits.h>
#include <restante/pubsub.h>

namespace restante {

namespace detail {
class StageOutput;
class StageRun;
struct StageState;
}  // namespace detail

/// Names a Pusher or Publisher, which goes on belonging to the application: it can send by itself meanwhile, and it
/// must not be closed before the stage has ended. Copies name the same one. Thread-safe.
class Out {
 public:
  Out(const Pusher& pusher);        // NOLINT(google-explicit-constructor): so that either stands where an Out is wanted
  Out(const Publisher& publisher);  // NOLINT(google-explicit-constructor)

  [[nodiscard]] const std::string& stream() const noexcept;

 private:
  friend class Output;
  friend class Stage;
  std::shared_ptr<detail::WriterState> state_;
};

/// What the function makes of one input. Its outputs are gathered here, and sent when the function has returned; if it
/// throws, or has called reject(), none of them is sent. For the thread that the function was called on, and until it
/// returns.
///
/// An output has the content type, correlation id, traceparent, key and headers of its input, but for those that the
/// `attributes` given here have too; the marker, a position in another stream, is not taken over. A Publisher's topic
/// is the input's if none is given.
///
/// What send() refuses (Error bad_argument: size, topic, attributes) would be refused the next time too: if the
/// function lets that exception pass, the input is rejected with its text.
class Output {
 public:
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  /// To the `out` that the stage was made with.
  void send(std::string_view payload, const Attributes& attributes = {});
  void send(std::string_view topic, std::string_view payload, const Attributes& attributes = {});
  /// To any other.
  void send(const Out& to, std::string_view payload, const Attributes& attributes = {});
  void send(const Out& to, std::string_view topic, std::string_view payload, const Attributes& attributes = {});
  /// The input as it is: its octets, its topic and all its attributes but the marker.
  void pass(const Out& to);

  /// The input is not acked but becomes a dead letter with `reason`.
  void reject(std::string_view reason);
  /// Still at work: the input's lease starts anew. False: it had ended.
  bool extend() noexcept;

 private:
  friend class detail::StageRun;
  explicit Output(detail::StageOutput& state) noexcept : state_(&state) {}
  detail::StageOutput* state_;
};

/// Makes of an input none, one or many outputs. What it throws is logged, and the input is nacked: it comes again, by
/// the retry policy of its sidecar, and is a dead letter in the end.
using StageFunction = std::function<void(const Delivery&, Output&)>;

/// Of a Stage.
struct StageOptions {
  /// So many call the function. With one, outputs are in the order of their inputs, and an exclusive subscription stays
  /// in order through the stage. With more the function must be thread-safe.
  unsigned threads = 1;
  /// Inputs in the function or waiting for the confirms of their outputs. The credit of `in` and the windows of the
  /// outs bound them too. If the process dies, so many may come again.
  std::size_t in_flight_max = 1024;
  /// An input whose outputs are not confirmed after this time (no sidecar, a full store) is released, so that somebody
  /// else may do it, and nothing more is taken until they are. Until then its lease is extended. The outputs still wait
  /// in their window; if the input comes here again, so do they, with the same effect ids.
  Duration wait_max = std::chrono::minutes{1};
  /// When stopped: how long to wait for the confirms of what was sent. What is unconfirmed then is released.
  Duration stop_wait = std::chrono::seconds{5};
  /// What one input may send, payloads and attributes together; above it is rejected.
  std::size_t output_octets_max = limits::writer_window;
};

/// Of one Stage since it was made.
struct StageCounts {
  std::uint64_t inputs = 0;    ///< given to the function, each time counted
  std::uint64_t outputs = 0;   ///< accepted by an out
  std::uint64_t acked = 0;     ///< inputs that are done: their outputs are confirmed
  std::uint64_t empty = 0;     ///< of those, without an output
  std::uint64_t rejected = 0;  ///< by the function, by a route, or because an output was refused
  std::uint64_t failed = 0;    ///< the function threw
  std::uint64_t released = 0;  ///< not done when the stage was stopped, or after wait_max
  std::uint64_t in_flight = 0;
};

/// A function between streams. Made with an `in`, which must outlive it, and may be a Subscriber as well. Its members
/// are thread-safe. While an out holds it back (a full window, no sidecar) it takes nothing more, and so its share goes
/// to others who work on that stream; nobody else is held back.
///
/// Several stages, in this process or others, may share the work of a stream. A stream has one writer, so each of them
/// then writes an instance of its own (SenderOptions::instance); the effect ids are the same whoever did the work.
///
/// A live subscription, which has no acks, can be an `in` too: what is in flight when the process dies is lost then.
class Stage {
 public:
  Stage(Puller& in, const Out& out, StageFunction function, const StageOptions& options = {});
  /// Without an out of its own: the function names one with each output.
  Stage(Puller& in, StageFunction function, const StageOptions& options = {});
  ~Stage();
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  /// Until `in` is stopped, or `stop` is requested; then waits up to stop_wait for confirms. On this thread and
  /// `threads` more. One at a time. Throws Error, with everything in hand released: what receive() of `in` throws, and
  /// what send() of an out throws that is for good (fenced, held elsewhere, closed).
  void run(std::stop_token stop = {});

  [[nodiscard]] StageCounts counts() const noexcept;
  /// The same, with the streams it knows, as JSON.
  [[nodiscard]] std::string status_json() const;

 private:
  std::unique_ptr<detail::StageState> state_;
};

/// A Stage for as long as it runs; what it counted.
StageCounts stage(Puller& in, const Out& out, StageFunction function, const StageOptions& options = {},
                  std::stop_token stop = {});
inline StageCounts stage(Puller&& in, const Out& out, StageFunction function, const StageOptions& options = {},
                         std::stop_token stop = {}) {
  return stage(in, out, std::move(function), options, std::move(stop));
}

// ---- routes

/// What goes where.
struct Rule {
  using Predicate = std::function<bool(const Delivery&)>;

  /// Messages whose topic passes `filter` (`alarm/#`). In a pipeline, which has no topics, only `#` is passed.
  Rule(std::string_view filter, const Out& to) : when(std::string(filter)), out(to) {}
  Rule(Predicate predicate, const Out& to) : when(std::move(predicate)), out(to) {}

  std::variant<std::string, Predicate> when;
  Out out;
};

/// Of a route.
struct RouteOptions {
  /// To each rule that matches; false: to the first one.
  bool all_matches = false;
  /// Where a message goes that no rule matches.
  std::optional<Out> otherwise{};
  /// Without `otherwise`: such a message is dropped, and counted as `empty`. False: it is rejected, and its dead letter
  /// says that there was no route.
  bool drop_rest = false;
};

/// The function of a stage that passes each message on by `rules`. Throws Error bad_argument: a filter.
StageFunction routing(std::vector<Rule> rules, const RouteOptions& options = {});

/// Sends each message of `in` on by `rules`, with its octets and attributes as they are; its topic too, where it goes
/// to a Publisher. As a stage in everything else. Routes that lead in a circle end in the dead letters: an origin has
/// at most limits::origin_size_max octets.
StageCounts route(Puller& in, std::vector<Rule> rules, const RouteOptions& options = {}, const StageOptions& how = {},
                  std::stop_token stop = {});
inline StageCounts route(Puller&& in, std::vector<Rule> rules, const RouteOptions& options = {},
                         const StageOptions& how = {}, std::stop_token stop = {}) {
  return route(in, std::move(rules), options, how, std::move(stop));
}

}  // namespace restante

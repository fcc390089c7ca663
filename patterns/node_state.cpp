#include "patterns/node_state.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <utility>

#include <restante/error.h>

#include "core/names.h"
#include "core/start.h"
#include "patterns/json_text.h"
#include "patterns/link/process.h"

namespace restante::detail {

namespace {

constexpr unsigned instance_max = 65535;

core::Hello hello() {
  core::Hello hello;
  hello.process = link::process_name();
  hello.host = link::host_identity();
  hello.pid = link::process_id();
  hello.start_time = link::process_start_time(hello.pid);
  return hello;
}

/// The name of the stream that a sender writes, or an Error.
std::string written_stream(std::string_view stream, unsigned instance) {
  const std::string operation = "open stream \"" + std::string(stream) + "\" for writing: ";
  if (stream.find('@') != std::string_view::npos) {
    throw Error(ErrorCode::bad_argument,
                operation + "the name has an instance; give the name without it and set SenderOptions::instance");
  }
  if (instance > instance_max) {
    throw Error(ErrorCode::bad_argument, operation + "an instance is at most " + std::to_string(instance_max));
  }
  std::string name(stream);
  if (instance != 0) name += "@" + std::to_string(instance);
  if (const auto problem = core::problem_of_stream_name(name)) {
    throw Error(ErrorCode::bad_argument, operation + "the name " + *problem);
  }
  return name;
}

/// What is wrong with the name and the start, for people.
std::optional<std::string> fault_of(const Subscription& subscription) {
  if (subscription.name.empty()) {
    if (subscription.shared) return "a shared subscription needs a name";
    if (subscription.strict) return "a strict subscription needs a name";
    if (subscription.limit != BacklogLimit{}) return "a subscription with a limit needs a name";
    if (subscription.retry != RetryRule{}) return "a subscription that tries again in its own way needs a name";
  }
  const RetryRule& retry = subscription.retry;
  const auto fits = [](std::int64_t value, std::int64_t least, std::int64_t most) {
    return value == -1 || (value >= least && value <= most);
  };
  if (!fits(retry.initial_ms, 0, limits::wait_ms_max) || !fits(retry.max_ms, 0, limits::wait_ms_max)) {
    return "a wait between attempts is 0 ms to 100 years, or -1 for that of the node";
  }
  if (!fits(retry.factor_percent, 100, limits::retry_factor_max) ||
      !fits(retry.attempts_max, 0, limits::attempts_set_max)) {
    return "waits grow by 100 to 10000 percent, up to 1000000000 attempts; -1 is what the node has";
  }
  if (subscription.shared && subscription.strict) return "a shared subscription has no order, so it cannot be strict";
  if (!core::parse_start(subscription.start)) {
    return "the start \"" + subscription.start +
           "\" is neither \"new\" nor \"beginning\", nor a sequence, nor @ and "
           "milliseconds after 1970";
  }
  if (subscription.until != 0 && (!subscription.name.empty() || subscription.start == "new")) {
    return "only a replay has an end: it has no name, and a start that is not \"new\"";
  }
  if (subscription.name.empty()) return std::nullopt;
  if (const auto problem = core::problem_of_subscription_name(subscription.name)) {
    return "the subscription's name \"" + subscription.name + "\" " + *problem;
  }
  if (subscription.name == core::pipeline_subscription) {
    return "\"" + subscription.name + "\" is what a pipeline has; open a puller, or take another name";
  }
  return std::nullopt;
}

std::optional<std::string> fault_of(const std::vector<std::string>& filters, const Subscription& subscription) {
  if (auto fault = fault_of(subscription)) return fault;
  if (filters.empty()) return "give at least one filter; \"#\" is everything";
  if (filters.size() > limits::filters_max) {
    return "it has " + std::to_string(filters.size()) + " filters, and at most " + std::to_string(limits::filters_max) +
           " are allowed";
  }
  for (const std::string& filter : filters) {
    if (const auto problem = core::problem_of_filter(filter)) return "the filter \"" + filter + "\" " + *problem;
  }
  return std::nullopt;
}

}  // namespace

NodeState::NodeState(const NodeOptions& options) {
  if (options.stop_on_signals) signals_.emplace();
  const std::string sidecar = options.sidecar.empty() ? link::default_sidecar_endpoint() : options.sidecar;
  auto io = signals_ ? signals_->io() : std::make_shared<IoSignal>();
  node_.reset(new NodeContext{Logger(options.log), std::move(io), sidecar, options.live, options.insecure, hello()});
  check_endpoint("the sidecar", sidecar);
  if (!options.live.empty() && options.live != "none") check_live(options.live);
  loop_ = std::make_unique<IoLoop>(node_);
  // The application's signals are for its own threads: a handler of its may expect them there.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::make_unique<std::thread>([loop = loop_.get()] { loop->run(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

NodeState::~NodeState() {
  if (node_->fork.forked()) {
    static_cast<void>(thread_.release());
    static_cast<void>(loop_.release());
    return;
  }
  loop_->end();
  thread_->join();
}

std::shared_ptr<WriterState> NodeState::open_writer(std::string_view stream, const SenderOptions& options) {
  check_open("pusher");
  WriterState::Options writer;
  writer.stream = written_stream(stream, options.instance);
  return add_writer(std::move(writer), options);
}

std::shared_ptr<WriterState> NodeState::open_publisher(std::string_view stream, const SenderOptions& options) {
  check_open("publisher");
  WriterState::Options writer;
  writer.stream = written_stream(stream, options.instance);
  writer.pattern = core::StreamPattern::pubsub;
  writer.publish_at = options.publish_at;
  writer.keep_single = options.keep_single;
  if (options.live_only) writer.kind = core::StreamKind::live;
  if (options.live_only && node_->live == "none") {
    throw Error(ErrorCode::misconfigured,
                "open stream " + writer.stream +
                    " for publishing: it is live only, and NodeOptions::live is none, so that "
                    "nobody would hear it; change one of the two");
  }
  if (!options.publish_at.empty()) check_endpoint("publishing " + writer.stream + " at", options.publish_at);
  return add_writer(std::move(writer), options);
}

std::shared_ptr<WriterState> NodeState::add_writer(WriterState::Options writer, const SenderOptions& options) {
  writer.window = options.window;
  const Duration age = options.retain.age;
  if (age < Duration{} || std::chrono::ceil<std::chrono::milliseconds>(age).count() > limits::wait_ms_max) {
    throw Error(ErrorCode::bad_argument,
                "open stream " + writer.stream + " for writing: messages cannot be kept so long");
  }
  if (options.live_only && (age > Duration{} || options.retain.messages + options.retain.octets > 0)) {
    throw Error(ErrorCode::bad_argument,
                "open stream " + writer.stream + " for writing: it is live only, so that nothing of it is kept");
  }
  writer.retention = {std::chrono::ceil<std::chrono::milliseconds>(age).count(), options.retain.messages,
                      options.retain.octets};
  writer.handle = link::random64();
  if (options.window == 0) {
    throw Error(ErrorCode::bad_argument,
                "open stream " + writer.stream + " for writing: a window has at least 1 octet");
  }
  auto state = std::make_shared<WriterState>(writer, node_);
  {
    const std::lock_guard lock(mutex_);
    writers_.push_back(state);
  }
  loop_->add(state);
  return state;
}

std::shared_ptr<ReaderState> NodeState::open_reader(std::string_view stream, const ReceiverOptions& options) {
  check_open("puller");
  ReaderState::Options reader;
  reader.stream = stream;
  return add_reader(std::move(reader), options);
}

std::shared_ptr<ReaderState> NodeState::open_subscriber(std::string_view stream,
                                                        const std::vector<std::string>& filters,
                                                        const Subscription& subscription,
                                                        const ReceiverOptions& options) {
  check_open("subscriber");
  if (const auto fault = fault_of(filters, subscription)) {
    throw Error(ErrorCode::bad_argument, "subscribe to stream \"" + std::string(stream) + "\": " + *fault);
  }
  ReaderState::Options reader;
  reader.stream = stream;
  reader.subscription = subscription.name;
  reader.live = subscription.name.empty() && subscription.start == "new";
  reader.replays = subscription.name.empty() && !reader.live;
  reader.until = subscription.until;
  reader.exclusive = !subscription.shared;
  reader.strict = subscription.strict;
  reader.filters = filters;
  reader.start = subscription.start;
  reader.limit = subscription.limit;
  reader.retry = subscription.retry;
  if (reader.live && node_->live == "none") {
    throw Error(ErrorCode::misconfigured,
                "subscribe to stream \"" + std::string(stream) +
                    "\": without a name it hears only what is published live, and NodeOptions::live is none; give the "
                    "subscription a name, or change that");
  }
  return add_reader(std::move(reader), options);
}

std::shared_ptr<ReaderState> NodeState::add_reader(ReaderState::Options reader, const ReceiverOptions& options) {
  const std::string operation = "open stream \"" + reader.stream + "\" for reading: ";
  if (const auto problem = core::problem_of_stream_name(reader.stream)) {
    throw Error(ErrorCode::bad_argument, operation + "the name " + *problem);
  }
  reader.from = options.from;
  reader.credit = options.credit;
  reader.lease = options.lease;
  reader.handler_max = options.handler_max;
  reader.on_gap = options.on_gap;
  if (reader.from.empty()) reader.from.push_back(node_->sidecar);
  for (auto at = reader.from.begin(); at != reader.from.end(); ++at) {
    check_endpoint(operation + "from", *at);
    if (std::find(reader.from.begin(), at, *at) != at) {
      throw Error(ErrorCode::bad_argument, operation + *at + " is named twice");
    }
  }
  if (options.credit == 0) throw Error(ErrorCode::bad_argument, operation + "a credit has at least 1 octet");
  if (options.lease <= Duration::zero()) {
    throw Error(ErrorCode::bad_argument, operation + "a lease is longer than nothing");
  }
  auto state = std::make_shared<ReaderState>(std::move(reader), node_);
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(readers_, [](const auto& known) { return known.expired(); });
    readers_.push_back(state);
  }
  loop_->add(state);
  return state;
}

bool NodeState::wait_ready(Duration timeout) {
  node_->fork.check("wait_ready");
  return loop_->wait_ready(timeout);
}

std::string NodeState::status_json() const {
  node_->fork.check("status_json");
  JsonText json;
  json.begin_object().member("sidecar", node_->sidecar).member("stopped", node_->io->stop_requested());
  json.key("links");
  loop_->links_status(json);
  const std::lock_guard lock(mutex_);
  json.key("writers").begin_list();
  for (const auto& writer : writers_) writer->status(json);
  json.end_list().key("readers").begin_list();
  for (const auto& known : readers_) {
    if (const auto reader = known.lock()) reader->status(json);
  }
  json.end_list().key("counters").begin_object();
  for (std::size_t i = 0; i < static_cast<std::size_t>(Count::count_); ++i) {
    const auto which = static_cast<Count>(i);
    json.member(Counters::name(which), node_->counters.value(which));
  }
  json.end_object().end_object();
  return json.text();
}

void NodeState::check_open(const char* operation) const {
  node_->fork.check(operation);
  if (node_->io->stop_requested()) {
    throw Error(ErrorCode::bad_state, std::string(operation) + ": the node was stopped");
  }
}

void NodeState::check_live(const std::string& endpoint) const {
  check_endpoint("the live endpoint", endpoint);
  const std::string port = endpoint.substr(endpoint.rfind(':') + 1);
  if (!endpoint.starts_with("tcp://") || port == "*" || port == "0") {
    throw Error(ErrorCode::bad_argument,
                "the live endpoint \"" + endpoint + "\": give tcp://host:port with the port itself, or none");
  }
}

void NodeState::check_endpoint(const std::string& what, const std::string& endpoint) const {
  if (const auto fault = link::endpoint_fault(endpoint)) {
    throw Error(ErrorCode::bad_argument, what + " \"" + endpoint + "\": " + *fault);
  }
  if (!node_->insecure && !link::is_loopback(endpoint)) {
    throw Error(ErrorCode::denied,
                what + " " + endpoint +
                    ": it is not on this machine and the link is not encrypted; use a tunnel, or set "
                    "NodeOptions::insecure if the network between is trusted");
  }
}

}  // namespace restante::detail

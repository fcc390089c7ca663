#include "sidecar/sidecar.h"

#include <unistd.h>

#include <array>
#include <utility>

#include <restante/error.h>

#include "core/names.h"
#include "patterns/link/link.h"
#include "patterns/link/process.h"
#include "sidecar/loop.h"
#include "sidecar/store/sqlite_store.h"

namespace restante::sidecar {

namespace {

/// The host's name made fit: a node needs a name before anyone configures one.
std::string default_node_name() {
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) return "node";
  std::string name;
  for (const char octet : std::string(host.data())) {
    const bool upper = octet >= 'A' && octet <= 'Z';
    const bool plain = (octet >= 'a' && octet <= 'z') || (octet >= '0' && octet <= '9');
    name += upper ? static_cast<char>(octet - 'A' + 'a') : plain || octet == '.' || octet == '-' ? octet : '-';
  }
  if (name.size() > limits::name_size_max) name.resize(limits::name_size_max);
  return core::problem_of_node_name(name) ? "node" : name;
}

void check_endpoint(const std::string& what, const std::string& endpoint, bool insecure) {
  if (const auto fault = link::endpoint_fault(endpoint)) {
    throw Error(ErrorCode::bad_argument, "cannot use " + what + " " + endpoint + ": " + *fault);
  }
  if (link::is_loopback(endpoint) || insecure) return;
  throw Error(ErrorCode::denied, "cannot listen on " + endpoint +
                                     ": it is not loopback, and this version has no encryption, so anyone who reaches "
                                     "it could read and ack messages; listen on tcp://127.0.0.1:PORT, or say "
                                     "--insecure if the network is trusted");
}

std::string endpoint_or(const std::string& endpoint, const std::string& otherwise) {
  return endpoint.empty() ? otherwise : endpoint;
}

}  // namespace

struct Sidecar::State {
  Serving serving;
  std::unique_ptr<Loop> loop;
};

Sidecar::Sidecar(const SidecarOptions& options) : state_(std::make_unique<State>()) {
  Serving& serving = state_->serving;
  serving.ipc = endpoint_or(options.ipc, link::default_sidecar_endpoint());
  check_endpoint("the endpoint for services of this machine", serving.ipc, false);
  if (!serving.ipc.starts_with("ipc://")) {
    throw Error(ErrorCode::bad_argument, "cannot serve this machine's services on " + serving.ipc +
                                             ": it must be an ipc:// endpoint; consumers elsewhere use --listen");
  }
  if (!options.listen.empty()) check_endpoint("the endpoint for consumers elsewhere", options.listen, options.insecure);
  if (!options.node.empty()) {
    if (const auto problem = core::problem_of_node_name(options.node)) {
      throw Error(ErrorCode::bad_argument, "the node name \"" + options.node + "\" " + *problem);
    }
  }
  serving.store = endpoint_or(options.store, link::state_directory());

  StoreOptions store_options;
  store_options.directory = serving.store;
  store_options.node = options.node;
  store_options.default_node = default_node_name();
  store_options.quota = options.quota;
  auto store = std::make_unique<SqliteStore>(store_options);
  serving.store = store->directory();
  serving.node = store->node();
  Loop::Setup setup;
  setup.log = options.log ? options.log : [](int, std::string_view) {};
  for (const std::string& warning : store->warnings()) setup.log(2, warning);
  setup.store = std::move(store);
  setup.ipc = serving.ipc;
  setup.listen = options.listen;
  setup.office.outbox.store_delay = options.store_delay;
  setup.office.outbox.elision = options.elision;
  setup.office.rules = options.rules;
  setup.office.outbox.retry.attempts_max = options.attempts_max;
  setup.office.outbox.retry.initial = options.retry_initial;
  setup.office.host = link::host_identity();
  setup.office.seed = link::random64();
  setup.office.is_alive = [](std::uint32_t pid, std::uint64_t start_time) {
    return link::process_start_time(pid) == start_time;
  };
  setup.office.reachable = [](const std::string& endpoint, const std::string& peer_address, bool same_host) {
    if (link::endpoint_fault(endpoint)) return std::string();
    if (endpoint.starts_with("ipc://")) return same_host ? endpoint : std::string();
    return link::reachable(endpoint, peer_address);
  };
  state_->loop = std::make_unique<Loop>(std::move(setup));
  serving.ipc = state_->loop->ipc();
  serving.listen = state_->loop->listen();
}

Sidecar::~Sidecar() = default;

const Serving& Sidecar::serving() const noexcept { return state_->serving; }

void Sidecar::run() { state_->loop->run(); }

void Sidecar::stop() noexcept { state_->loop->stop(); }

}  // namespace restante::sidecar

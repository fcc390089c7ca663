#include "patterns/live_listener.h"

#include <utility>

#include <restante/error.h>
#include <restante/limits.h>

#include "core/topic_filter.h"

namespace restante::detail {

namespace {

constexpr std::string_view tcp = "tcp://";

/// Of `tcp://host:port`; this machine's otherwise.
std::string host_of(const std::string& endpoint) {
  if (!endpoint.starts_with(tcp)) return "127.0.0.1";
  return endpoint.substr(tcp.size(), endpoint.rfind(':') - tcp.size());
}

}  // namespace

LiveListener::LiveListener(link::Context& context, link::Poller& poller, NodeContext& node,
                           const std::vector<std::string>& filters, std::string upstream)
    : poller_(poller), node_(node), upstream_(std::move(upstream)), subscribe_(context, limits::frame_size_max) {
  for (const std::string& filter : filters) subscribe_.subscribe(core::prefix_of(filter));
  if (filters.empty()) subscribe_.subscribe({});
  poller_.add(subscribe_);
}

LiveListener::~LiveListener() { poller_.remove(subscribe_); }

void LiveListener::hear(const std::string& endpoint) {
  if (endpoint.empty()) {
    node_.log.warning("nothing is heard live at " + upstream_ +
                      ": the publisher can be heard on its own machine only; it has to publish at an endpoint that can "
                      "be reached from here (SenderOptions::publish_at)");
    return;
  }
  const std::string reached = link::reachable(endpoint, host_of(upstream_));
  // Also to the same one, if nothing ever came from there: after an error of the protocol libzmq does not dial again by
  // itself. Else that would only lose what is under way.
  if (reached == endpoint_ && has_heard_) return;
  has_heard_ = false;
  if (!endpoint_.empty()) subscribe_.disconnect(std::exchange(endpoint_, {}));
  if (const auto fault = link::endpoint_fault(reached)) {
    node_.log.warning("nothing is heard live from " + reached + ": " + *fault);
    return;
  }
  if (!node_.insecure && !link::is_loopback(reached)) {
    node_.log.warning("nothing is heard live from " + reached +
                      ": it is not on this machine; set NodeOptions::insecure to listen there without encryption");
    return;
  }
  try {
    subscribe_.connect(reached);
    endpoint_ = reached;
  } catch (const Error& error) {
    node_.log.warning("nothing is heard live from " + reached + ": " + error.what());
  }
}

std::optional<std::shared_ptr<const core::Batch>> LiveListener::receive() {
  auto heard = subscribe_.receive();
  if (!heard) return std::nullopt;
  std::string why;
  if (auto batch = core::Batch::parse(std::move(heard->batch), why)) {
    has_heard_ = true;
    return std::make_shared<const core::Batch>(std::move(*batch));
  }
  node_.counters.add(Count::damaged_batch);
  return nullptr;
}

}  // namespace restante::detail

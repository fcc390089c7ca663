#include "patterns/public_outlet.h"

#include <unistd.h>

#include <restante/error.h>

#include "patterns/link/process.h"

namespace restante::detail {

PublicOutlet::PublicOutlet(link::Context& context, link::Poller& poller, NodeContext& node, const std::string& place)
    : poller_(poller), node_(node), publish_(context) {
  poller_.add(publish_);
  bind_path();  // first: the sidecar tells a reader the first that it can reach
  if (!place.empty()) bind(place);
  if (node_.insecure && (!place.starts_with("tcp://") || link::is_loopback(place))) bind("tcp://0.0.0.0:*");
}

PublicOutlet::~PublicOutlet() {
  poller_.remove(publish_);
  if (!path_.empty()) ::unlink(path_.c_str());
}

void PublicOutlet::bind(const std::string& endpoint) {
  try {
    std::string bound = publish_.bind(endpoint);
    const std::string any = "tcp://0.0.0.0:";
    if (bound.starts_with(any)) bound = "tcp://*:" + bound.substr(any.size());
    endpoints_.push_back(bound);
  } catch (const Error& error) {
    node_.log.warning("nothing is published at " + endpoint + ": " + error.what() +
                      ". Durable subscribers get everything from the sidecar");
  }
}

void PublicOutlet::bind_path() {
  try {
    const std::string path = link::new_socket_path("pub-");
    const std::size_t before = endpoints_.size();
    bind("ipc://" + path);
    if (endpoints_.size() != before) path_ = path;
  } catch (const Error& error) {
    node_.log.warning(std::string("nothing is published on this machine: ") + error.what());
  }
}

}  // namespace restante::detail

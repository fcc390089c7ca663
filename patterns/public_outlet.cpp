#include "patterns/public_outlet.h"

#include <unistd.h>

#include <array>
#include <cstdio>

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
  std::array<char, 48> name{};
  std::snprintf(name.data(), name.size(), "/pub-%u-%08x.sock", static_cast<unsigned>(link::process_id()),
                static_cast<unsigned>(link::random64() & 0xffffffffU));
  try {
    link::remove_dead_sockets(link::runtime_directory(), "pub-");
    const std::string path = link::runtime_directory() + name.data();
    const std::size_t before = endpoints_.size();
    bind("ipc://" + path);
    if (endpoints_.size() != before) path_ = path;
  } catch (const Error& error) {
    node_.log.warning(std::string("nothing is published on this machine: ") + error.what());
  }
}

}  // namespace restante::detail

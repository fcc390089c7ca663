#include "core/live_source.h"

#include <string_view>

namespace restante::core {
namespace {

constexpr std::string_view tcp = "tcp://";
constexpr std::string_view any_host = "tcp://*:";

bool is_loopback(std::string_view address) {
  return address.starts_with("127.") || address.starts_with("[::1]") || address == "::1" ||
         address.starts_with("localhost:");
}

}  // namespace

std::string live_source(const std::vector<std::string>& endpoints, const std::string& peer_address, bool same_host) {
  for (const std::string& endpoint : endpoints) {
    const std::string_view text = endpoint;
    const bool is_near = !text.starts_with(tcp) || is_loopback(text.substr(tcp.size()));
    if (is_near && !same_host) continue;
    if (!text.starts_with(any_host) || peer_address.empty() || is_loopback(peer_address)) return endpoint;
    return std::string(tcp) + peer_address + ":" + endpoint.substr(any_host.size());
  }
  return {};
}

}  // namespace restante::core

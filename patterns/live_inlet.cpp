#include "patterns/live_inlet.h"

#include <unistd.h>

#include <array>
#include <utility>

#include <restante/error.h>
#include <restante/limits.h>

#include "patterns/link/process.h"

namespace restante::detail {

LiveInlet::~LiveInlet() {
  for (Door* door : {&ipc_, &loopback_, &everywhere_, &given_}) {
    if (door->pull) poller_.remove(*door->pull);
    door->pull.reset();
  }
  if (!ipc_path_.empty()) ::unlink(ipc_path_.c_str());
}

std::vector<std::string> LiveInlet::endpoints_for(std::string_view upstream) {
  if (node_.live == "none") return {};
  std::vector<std::string> endpoints;
  open_ipc();
  if (!ipc_.announced.empty()) endpoints.push_back(ipc_.announced);
  if (!upstream.starts_with("tcp:")) return endpoints;
  if (!node_.live.empty()) {
    const bool near = link::is_loopback(node_.live);
    const std::string port = node_.live.substr(node_.live.rfind(':') + 1);
    open_tcp(given_, (near ? "tcp://127.0.0.1:" : "tcp://0.0.0.0:") + port);
    if (given_.pull) endpoints.push_back(node_.live);
    return endpoints;
  }
  const bool near = link::is_loopback(upstream);
  Door& door = near ? loopback_ : everywhere_;
  if (near || node_.insecure) open_tcp(door, near ? "tcp://127.0.0.1:*" : "tcp://0.0.0.0:*");
  if (!door.announced.empty()) endpoints.push_back(door.announced);
  return endpoints;
}

std::optional<std::shared_ptr<const core::Batch>> LiveInlet::receive() {
  const std::array doors{&ipc_, &loopback_, &everywhere_, &given_};
  for (std::size_t tried = 0; tried < doors.size(); ++tried) {
    const Door& door = *doors[next_door_];
    next_door_ = (next_door_ + 1) % doors.size();
    if (!door.pull) continue;
    const auto frame = door.pull->receive();
    if (!frame) continue;
    std::string why;
    if (auto batch = core::Batch::parse(frame->aligned(), why)) {
      return std::make_shared<const core::Batch>(std::move(*batch));
    }
    node_.counters.add(Count::damaged_batch);
    return nullptr;
  }
  return std::nullopt;
}

void LiveInlet::open(Door& door, const std::string& endpoint) {
  try {
    auto pull = std::make_unique<link::Pull>(context_, limits::frame_size_max);
    door.announced = pull->bind(endpoint);
    poller_.add(*pull);
    door.pull = std::move(pull);
  } catch (const Error& error) {
    node_.log.warning(std::string("no live path, everything comes by the sidecar: ") + error.what());
  }
}

void LiveInlet::open_ipc() {
  if (std::exchange(ipc_.tried, true)) return;
  try {
    const std::string path = link::new_socket_path("live-");
    open(ipc_, "ipc://" + path);
    if (ipc_.pull) ipc_path_ = path;
  } catch (const Error& error) {
    node_.log.warning(std::string("no live path on this machine: ") + error.what());
  }
}

void LiveInlet::open_tcp(Door& door, const std::string& address) {
  if (std::exchange(door.tried, true)) return;
  open(door, address);
  // The sidecar puts the address in that it sees this consumer come from.
  const std::string any = "tcp://0.0.0.0:";
  if (door.announced.starts_with(any)) door.announced = "tcp://*:" + door.announced.substr(any.size());
}

}  // namespace restante::detail

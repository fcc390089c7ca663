#include <restante/embedded.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include <restante/error.h>

#include "sidecar/sidecar.h"

namespace restante {

struct EmbeddedSidecar::State {
  std::unique_ptr<sidecar::Sidecar> sidecar;
  std::thread thread;
};

EmbeddedSidecar::EmbeddedSidecar(const EmbeddedOptions& options) : state_(std::make_unique<State>()) {
  if (options.store.empty()) {
    throw Error(ErrorCode::bad_argument, "cannot start an embedded sidecar: EmbeddedOptions::store names no directory");
  }
  sidecar::SidecarOptions plain;
  plain.store = std::filesystem::absolute(options.store).lexically_normal().string();
  plain.ipc = options.ipc.empty() ? "ipc://" + plain.store + "/sidecar.sock" : options.ipc;
  plain.listen = options.listen;
  plain.node = options.node;
  plain.store_delay = options.store_delay;
  plain.quota = options.quota;
  plain.insecure = options.insecure;
  plain.log = [](int level, std::string_view text) {
    if (level >= 2) std::fprintf(stderr, "restante: %.*s\n", static_cast<int>(text.size()), text.data());
  };
  state_->sidecar = std::make_unique<sidecar::Sidecar>(plain);
  state_->thread = std::thread([sidecar = state_->sidecar.get()] {
    try {
      sidecar->run();
    } catch (const Error& error) {
      std::fprintf(stderr, "restante: the embedded sidecar ends this process: %s\n", error.what());
      std::_Exit(75);  // fail-stop: nothing may be confirmed any more, and no destructor may write
    }
  });
}

EmbeddedSidecar::~EmbeddedSidecar() {
  state_->sidecar->stop();
  state_->thread.join();
}

std::string EmbeddedSidecar::endpoint() const { return state_->sidecar->serving().ipc; }
std::string EmbeddedSidecar::listen() const { return state_->sidecar->serving().listen; }

}  // namespace restante

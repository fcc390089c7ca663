#include <restante/stage.h>

#include <utility>

#include <restante/error.h>

#include "patterns/json_text.h"
#include "patterns/stage_run.h"
#include "patterns/stage_state.h"

namespace restante {

namespace {

void check(const detail::StageState& stage) {
  const std::string operation = "stage of " + stage.in->options().stream + ": ";
  if (!stage.function) throw Error(ErrorCode::bad_argument, operation + "it has no function");
  if (stage.options.threads == 0) throw Error(ErrorCode::bad_argument, operation + "it has at least 1 thread");
  if (stage.options.in_flight_max == 0) {
    throw Error(ErrorCode::bad_argument, operation + "at least 1 input has to be in flight");
  }
}

}  // namespace

Out::Out(const Pusher& pusher) : state_(pusher.state_) {}

Out::Out(const Publisher& publisher) : state_(publisher.state_) {}

const std::string& Out::stream() const noexcept { return state_->stream(); }

Stage::Stage(Puller& in, const Out& out, StageFunction function, const StageOptions& options)
    : state_(new detail::StageState{in.state_, out.state_, std::move(function), options}) {
  check(*state_);
}

Stage::Stage(Puller& in, StageFunction function, const StageOptions& options)
    : state_(new detail::StageState{in.state_, nullptr, std::move(function), options}) {
  check(*state_);
}

Stage::~Stage() = default;

void Stage::run(std::stop_token stop) {
  if (state_->running.exchange(true)) {
    throw Error(ErrorCode::bad_state, "stage of " + state_->in->options().stream + ": it is running already");
  }
  struct Ended {
    std::atomic<bool>& running;
    ~Ended() { running = false; }
  };
  const Ended ended{state_->running};
  detail::StageRun(*state_).run(stop);
}

StageCounts Stage::counts() const noexcept {
  const detail::StageTally& tally = state_->tally;
  return {tally.inputs.load(),   tally.outputs.load(), tally.acked.load(),    tally.empty.load(),
          tally.rejected.load(), tally.failed.load(),  tally.released.load(), tally.in_flight.load()};
}

std::string Stage::status_json() const {
  const StageCounts now = counts();
  detail::JsonText json;
  json.begin_object()
      .member("in", state_->in->options().stream)
      .member("out", state_->out ? state_->out->stream() : std::string())
      .member("inputs", now.inputs)
      .member("outputs", now.outputs)
      .member("acked", now.acked)
      .member("empty", now.empty)
      .member("rejected", now.rejected)
      .member("failed", now.failed)
      .member("released", now.released)
      .member("in_flight", now.in_flight)
      .end_object();
  return json.text();
}

StageCounts stage(Puller& in, const Out& out, StageFunction function, const StageOptions& options,
                  std::stop_token stop) {
  Stage made(in, out, std::move(function), options);
  made.run(std::move(stop));
  return made.counts();
}

}  // namespace restante

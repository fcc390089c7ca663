#include "sidecar/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <string>

namespace restante::sidecar {

namespace {

spdlog::level::level_enum spdlog_level(int level) {
  switch (level) {
    case 0: return spdlog::level::debug;
    case 1: return spdlog::level::info;
    case 2: return spdlog::level::warn;
    default: return spdlog::level::err;
  }
}

std::shared_ptr<spdlog::logger> make_logger() {
  auto logger = std::make_shared<spdlog::logger>("restante", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
  // On a terminal an entry may meet a line of progress: wipe that first.
  logger->set_pattern(std::string(::isatty(STDERR_FILENO) == 1 ? "\r\x1b[K" : "") + "%Y-%m-%dT%H:%M:%S.%e %^%l%$ %v");
  logger->flush_on(spdlog::level::debug);
  const char* variable = std::getenv("RESTANTE_LOG");
  const std::string wanted = variable == nullptr ? "" : variable;
  const int level = wanted == "debug" ? 0 : wanted == "info" ? 1 : wanted == "error" ? 3 : 2;
  logger->set_level(spdlog_level(level));
  if (level == 2 && !wanted.empty() && wanted != "warning") {
    logger->warn("RESTANTE_LOG is '{}', none of debug, info, warning, error: taken as warning", wanted);
  }
  return logger;
}

}  // namespace

void log_to_stderr(int level, std::string_view text) {
  // Never destroyed: threads may still log while the process ends.
  static const auto& logger = *new std::shared_ptr<spdlog::logger>(make_logger());
  logger->log(spdlog_level(level), "{}", text);
}

}  // namespace restante::sidecar

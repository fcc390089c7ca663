#pragma once
/// \file
/// The one writer of a stream, as the sidecar sees it.

#include <cstdint>
#include <string>
#include <vector>

#include "core/effects.h"
#include "core/time.h"

namespace restante::core {

/// Who may write (W3): one handle at a time; its place in the chain of copies (W2), and what it was told last.
struct WriterSeat {
  /// A writer on a link, as its Hello described it.
  struct Holder {
    std::uint64_t handle = 0;
    LinkId link = 0;      ///< 0: away
    std::string process;  ///< for people
    std::uint32_t pid = 0;
    std::uint64_t start_time = 0;
    std::string host;
    bool is_gone = false;                       ///< its process is known to have ended
    std::vector<std::string> live_endpoints{};  ///< where it publishes, as it announced them
    std::string peer_address{};                 ///< of its link, for those that leave their host open
  };
  Holder holder;
  Instant since{};          ///< when it took the seat, or went away
  Sequence chain = 0;       ///< last copy accepted in order
  Sequence first = 0;       ///< of its first grant known here
  Sequence granted_to = 0;  ///< last sequence of its newest grant
  bool met = false;         ///< it was on a link of this process: its place in the chain is known
  bool attached = false;    ///< copies are accepted from `holder.link`
  unsigned asked = 0;       ///< requests for the successor of `chain`; one is outstanding at a time
  Sequence refused = 0;     ///< first of the last copy that was not the successor

  // As told last; a difference is told by finish().
  Sequence told_to = 0;
  Sequence told_settled = 0;
  std::uint64_t told_window = 0;
  std::string told_limit;
  bool tell = false;  ///< tell again, whatever was told
};

}  // namespace restante::core

// SPDX-License-Identifier: Apache-2.0
// trial.h: opens and reads one damaged store.
//
// The law: the store shows exactly the original data, or refuses by name, as a whole or for single
// threads and lists. `verify` finds every damage that the server would refuse or show.
//
// A trial writes the store into a folder, verifies it read-only as `lockstep verify` does, opens it
// as the server does, and reads every row of every table. If a row differs, it also reads
// everything that a front can ask for, through the real engine.
#pragma once

#include <string>

#include "tests/damage/base_store.h"

namespace lockstep::damage {

enum class Outcome { exact, refused, quarantined, different };

struct Verdict {
  Outcome outcome = Outcome::exact;
  std::string detail;  // of the first refusal or difference
  bool named = true;   // does every refusal name a file, a thread, or the commits?
  bool verify_found = false;
  std::string verify_detail;     // of its first finding
  bool through_engine = false;   // was it judged by the engine's answers?
  bool opened_to_write = false;  // opened as the server does; the tools open read-only
  bool paths_differ = false;     // of these two openings one was refused, and the other not
};

// `refusal_is_enough`: skips opening to write, the slower one, if opening read-only was refused.
// Both run the same checks.
enum class Look { rows_first, always_through_engine, refusal_is_enough };

// `folder`: not there yet; it is removed.
[[nodiscard]] Verdict try_out(const BaseStore& base, const Image& damaged,
                              const std::string& folder, Look look = Look::rows_first);

// Is this how the law wants it?
[[nodiscard]] bool keeps_the_law(const Verdict& verdict);

// Does an error's detail name the damaged file or thread?
[[nodiscard]] bool names_it(const std::string& detail);

}  // namespace lockstep::damage

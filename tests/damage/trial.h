// SPDX-License-Identifier: Apache-2.0
// trial.h: one damaged store, opened and read.
//
// The law: what is shown is exactly what was, or is refused by name, as a whole or for single
// threads and lists; never anything else. And `verify`, beside it, finds every damage that the
// serving side would refuse or show.
//
// The store is laid out in a folder, verified read-only as `lockstep verify` does it, opened as
// the server opens it, and read: every row of every table first, and if a single one differs, all
// that a front can ask for, through the real engine.
#pragma once

#include <string>

#include "tests/damage/base_store.h"

namespace lockstep::damage {

enum class Outcome { exact, refused, quarantined, different };

struct Verdict {
  Outcome outcome = Outcome::exact;
  std::string detail;  // of the first refusal, or of what is different
  bool named = true;   // does every refusal name a file, a thread, or the commits?
  bool verify_found = false;
  std::string verify_detail;     // of its first finding
  bool through_engine = false;   // was it judged by what the engine shows?
  bool opened_to_write = false;  // as the server does, beside read-only as the tools do
  bool paths_differ = false;     // of these two openings one was refused, and the other not
};

// `refusal_is_enough`: what is refused read-only is not opened to write too, which takes the
// longer time of the two. Both go through the same checks.
enum class Look { rows_first, always_through_engine, refusal_is_enough };

// `folder`: not there yet; it is removed.
[[nodiscard]] Verdict try_out(const BaseStore& base, const Image& damaged,
                              const std::string& folder, Look look = Look::rows_first);

// Is this how the law wants it?
[[nodiscard]] bool keeps_the_law(const Verdict& verdict);

// Does an error's detail say what is damaged?
[[nodiscard]] bool names_it(const std::string& detail);

}  // namespace lockstep::damage

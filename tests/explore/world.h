// SPDX-License-Identifier: Apache-2.0
// world.h: two fronts, a producer and a thread between them, as one value.
//
// A `World` decides all that can come next: the thread's entries as far back as a front may look,
// the earliest time that each front may still show, and the producer's progress. Every tried action
// copies the world, so worlds share the parts that don't change.
//
// A front's own work (taking an entry, applying a diff, freezing its screen) does not change other
// fronts, so it is no action: a front may show every state from its cursor on, and the arrival of
// its request chooses the state that it showed. A request may be delayed, lost and repeated for
// any time. Its answer has arrived at the latest by the front's next press: the cursor is then at
// least where the answer led.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/rules/decide.h"
#include "engine/rules/diff.h"

namespace lockstep::explore {

inline constexpr Epoch epoch{7};
inline constexpr std::size_t fronts = 2;

// How much may happen at all.
struct Bounds {
  std::uint32_t runs = 2;    // of the thread, by either front
  std::uint32_t tokens = 2;  // of a run's message; each is one character, the second of two units
  std::uint32_t stops = 1;   // of each front, besides those that come with a start
  std::uint32_t puts = 1;    // of either front
};

// An entry, the thread's state after it, and the screen of a front that has followed the stream
// up to it.
struct Moment {
  Entry entry;
  ThreadState state;
  Screen screen;
};

// By message: its content.
using Texts = std::map<MessageId, std::string>;

// A front's last request and its answer.
struct Asked {
  std::vector<Change> changes;
  Timestamp seen;
  Texts frozen;  // the texts that its user saw, of every message that the front held
  std::vector<Outcome> outcomes;
};

struct Front {
  Timestamp cursor;  // it shows this or something later
  std::shared_ptr<const Asked> asked;
  std::uint64_t op = 0;
  std::uint32_t stops = 0;
};

enum class Saying : std::uint8_t { opens, token, message_over, completed, failed };

struct Producer {
  std::optional<RunId> run;
  std::vector<Saying> said;  // all of them taken
};

struct World {
  // The first is the earliest that a front may still look back to.
  std::vector<std::shared_ptr<const Moment>> moments;
  Front front[fronts];
  Producer producer;
  Texts settled;  // by an accepted stop or put: it never reads longer again
  std::uint32_t runs = 0;
  std::uint32_t puts = 0;

  [[nodiscard]] const ThreadState& now() const { return moments.back()->state; }
  [[nodiscard]] const Moment& at(Timestamp time) const;
  [[nodiscard]] std::vector<const Entry*> since(Timestamp time) const;
  [[nodiscard]] Past past(Timestamp time) const;
  // Forgets the entries that no front can look back to any more.
  void forget();
};

[[nodiscard]] World first_world();

// The ids of the runs and messages of a world, by number.
[[nodiscard]] RunId run_named(std::uint32_t number);
[[nodiscard]] MessageId reply_of(std::uint32_t run);     // the message that the run writes
[[nodiscard]] MessageId question_of(std::uint32_t run);  // the message that it is given
[[nodiscard]] std::uint32_t number_of(const RunId& run);
[[nodiscard]] DeviceKey device_of(std::size_t front);
// A message's only part: a bar, and its text; empty without a part. (The bar tells an empty part
// from a missing one.)
[[nodiscard]] std::string content_of(const Message& message);
[[nodiscard]] bool is_over(RunStatus status);

}  // namespace lockstep::explore

// SPDX-License-Identifier: Apache-2.0
// world.h: two fronts, a producer and a thread between them, as one value.
//
// Everything that can come next follows from a `World`: the thread's entries as far as somebody may
// still look back to them, the earliest time that each front may still show, and how far the
// producer has come. A world is copied for every action that is tried, so what does not change is
// shared.
//
// What a front does by itself (it takes an entry, applies a diff, freezes its screen) changes
// nothing for anybody else, and so it is not a step of the world: a front may show every state from
// its cursor on, and which one it was is chosen when its request arrives. The request may have been
// on its way, lost and repeated for as long as it likes. Its answer has come by the time of the
// front's next press at the latest: the cursor is then at least where the answer led to.
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
  std::uint32_t stops = 1;   // of each front, beside those that come with a start
  std::uint32_t puts = 1;    // of either front
};

// An entry, what the thread has become by it, and what a front shows that has followed the stream
// so far.
struct Moment {
  Entry entry;
  ThreadState state;
  Screen screen;
};

// By message: its content.
using Texts = std::map<MessageId, std::string>;

// What a front has asked for last, and how it was answered.
struct Asked {
  std::vector<Change> changes;
  Timestamp seen;
  Texts frozen;  // what its user saw: of every message that the front held
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
  // The first is the earliest that anybody may still look back to.
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
  // Forgets the entries that nobody can look back to any more.
  void forget();
};

[[nodiscard]] World first_world();

// The names of what a world is about, by number.
[[nodiscard]] RunId run_named(std::uint32_t number);
[[nodiscard]] MessageId reply_of(std::uint32_t run);     // the message that the run writes
[[nodiscard]] MessageId question_of(std::uint32_t run);  // the message that it is given
[[nodiscard]] std::uint32_t number_of(const RunId& run);
[[nodiscard]] DeviceKey device_of(std::size_t front);
// A message's only part: a bar, and its text; empty without one. (A part that is gone and one whose
// text is gone are two things.)
[[nodiscard]] std::string content_of(const Message& message);
[[nodiscard]] bool is_over(RunStatus status);

}  // namespace lockstep::explore

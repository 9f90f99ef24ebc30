// SPDX-License-Identifier: Apache-2.0
#include "engine/rules/call_results.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>

#include "engine/base/must.h"

namespace lockstep {
namespace {

// The open calls of one id: of each message that has some, the earliest call first.
struct OpenCalls {
  struct OfMessage {
    std::size_t message = 0;
    std::vector<std::size_t> calls;  // indexes into CallResults::calls
    std::size_t taken = 0;           // of them, the first ones
  };
  std::vector<OfMessage> messages;

  void add(std::size_t message, std::size_t call) {
    if (messages.empty() || messages.back().message != message) messages.push_back({message, {}});
    messages.back().calls.push_back(call);
  }

  std::optional<std::size_t> take() {
    if (messages.empty()) return {};
    OfMessage& last = messages.back();
    const std::size_t call = last.calls[last.taken++];
    if (last.taken == last.calls.size()) messages.pop_back();
    return call;
  }
};

// Of one id. A person has denied some, and those have their result: a real one belongs to another.
struct CallsOfId {
  OpenCalls open;
  OpenCalls denied;

  std::optional<std::size_t> take() {
    const std::optional<std::size_t> call = open.take();
    return call ? call : denied.take();
  }
};

bool is_denied(const Message& message, std::size_t part) {
  const CallNote* note = note_of(message, part);
  return note && note->status == CallStatus::denied;
}

class Matching {
 public:
  explicit Matching(std::span<const Message* const> path) : path_(path) {}

  CallResults take() {
    for (std::size_t at = 0; at < path_.size(); ++at) {
      MUST(path_[at] != nullptr);
      for (std::size_t part = 0; part < path_[at]->parts.size(); ++part) read({at, part});
    }
    for (const PartPlace& place : made_) take_made(place);
    return std::move(found_);
  }

 private:
  using Key = std::pair<std::string_view, std::size_t>;  // an id, and a message

  struct KeyHash {
    std::size_t operator()(const Key& key) const {
      return std::hash<std::string_view>{}(key.first) * 31 + key.second;
    }
  };

  void read(PartPlace place) {
    const Message& message = *path_[place.message];
    const Part& part = message.parts[place.part];
    if (const auto* call = std::get_if<ToolCallPart>(&part)) {
      if (message.role != Role::assistant) return;
      CallsOfId& same = open_[call->id];
      (is_denied(message, place.part) ? same.denied : same.open)
          .add(place.message, found_.calls.size());
      calls_[{call->id, place.message}].push_back(found_.calls.size());
      found_.calls.push_back({.call = place});
    } else if (const auto* result = std::get_if<ToolResultPart>(&part)) {
      if (is_made_result(message, *result)) {
        made_.push_back(place);
      } else {
        take_real(result->call, place);
      }
    }
  }

  void take_real(const std::string& id, PartPlace place) {
    const auto open = open_.find(id);
    const auto call = open == open_.end() ? std::nullopt : open->second.take();
    if (call) {
      found_.calls[*call].result = place;
    } else {
      found_.strays.push_back(place);
    }
  }

  // A made result stands in the message of its call, behind it. It was made for a call that had no
  // result, so it belongs to one that still has none, if there is one. One that tells a denial
  // belongs to a call that was denied, and the others to the others.
  void take_made(PartPlace place) {
    const Message& message = *path_[place.message];
    const auto& made = std::get<ToolResultPart>(message.parts[place.part]);
    const auto calls = calls_.find({made.call, place.message});
    if (calls == calls_.end()) return found_.strays.push_back(place);
    const bool denial = made.content.starts_with(denied_result);
    CallResult* best = nullptr;
    int best_rank = -1;
    for (const std::size_t at : calls->second) {
      CallResult& call = found_.calls[at];
      if (call.call.part > place.part || call.made || call.replaced) continue;
      const bool fits = is_denied(message, call.call.part) == denial;
      const int rank = (fits ? 2 : 0) + (call.result ? 0 : 1);
      if (rank <= best_rank) continue;
      best = &call;
      best_rank = rank;
    }
    if (best == nullptr) {
      found_.strays.push_back(place);
    } else if (best->result) {
      best->replaced = place;
    } else {
      best->result = place;
      best->made = true;
    }
  }

  std::span<const Message* const> path_;
  CallResults found_;
  std::unordered_map<std::string, CallsOfId> open_;  // calls without a real result
  std::unordered_map<Key, std::vector<std::size_t>, KeyHash> calls_;
  std::vector<PartPlace> made_;
};

// A result's call, and whether the engine made it.
struct Brought {
  std::string_view call;
  bool made = false;
};

std::vector<Brought> results_on(std::span<const Message* const> path) {
  std::vector<Brought> results;
  for (const Message* message : path) {
    for (const Part& part : message->parts) {
      const auto* result = std::get_if<ToolResultPart>(&part);
      if (result) results.push_back({result->call, is_made_result(*message, *result)});
    }
  }
  return results;
}

std::vector<std::string_view> strays_on(std::span<const Message* const> path) {
  std::vector<std::string_view> strays;
  for (const PartPlace& place : match_results(path).strays) {
    const Part& part = path[place.message]->parts[place.part];
    strays.push_back(std::get<ToolResultPart>(part).call);
  }
  return strays;
}

bool has_call(std::span<const Message* const> path, std::string_view id) {
  return std::ranges::any_of(path, [&](const Message* message) {
    return message->role == Role::assistant &&
           std::ranges::any_of(message->parts, [&](const Part& part) {
             const auto* call = std::get_if<ToolCallPart>(&part);
             return call && call->id == id;
           });
  });
}

}  // namespace

bool is_made_result(const Message& message, const ToolResultPart& part) {
  if (part.made) return true;
  if (message.role != Role::assistant || !message.run) return false;
  return part.content == stopped_result || part.content == interrupted_result ||
         part.content == missing_result;
}

const CallNote* note_of(const Message& message, std::size_t part) {
  const auto note = std::ranges::find(message.calls, part, &CallNote::part);
  return note == message.calls.end() ? nullptr : &*note;
}

CallResults match_results(std::span<const Message* const> path) { return Matching(path).take(); }

std::optional<StrayResult> new_stray(std::span<const Message* const> before,
                                     std::span<const Message* const> after) {
  const std::vector<Brought> present = results_on(after);
  if (present.empty()) return {};
  using Counts = std::unordered_map<std::string_view, std::int64_t>;
  std::array<Counts, 2> fresh;  // more than before, of an id: real ones, and made ones
  Counts strayed;               // the same of those that no call takes
  for (const Brought& result : present) ++fresh[result.made ? 1 : 0][result.call];
  for (const Brought& result : results_on(before)) --fresh[result.made ? 1 : 0][result.call];
  for (const std::string_view call : strays_on(after)) ++strayed[call];
  for (const std::string_view call : strays_on(before)) --strayed[call];
  for (const Brought& result : present) {
    const bool more = fresh[0][result.call] > 0 || fresh[1][result.call] > 0;
    if (!more || strayed[result.call] <= 0) continue;
    return StrayResult{std::string(result.call), has_call(after, result.call)};
  }
  return {};
}

}  // namespace lockstep

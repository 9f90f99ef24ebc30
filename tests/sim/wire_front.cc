// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/wire_front.h"

#include <algorithm>
#include <charconv>
#include <exception>
#include <set>
#include <utility>

#include "tests/sim/wire_front_text.h"

namespace lockstep::sim {
namespace {

using boost::json::array;
using boost::json::object;
using boost::json::value;

constexpr std::size_t changes_max = 64;        // in one request
constexpr std::size_t answered_max = 64;       // that the server remembers, and thus we
constexpr std::size_t frame_depth_max = 1000;  // the library's default is 32: metadata may nest

struct Cursor {
  std::uint64_t ts = 0;
  std::string_view epoch;
};

Cursor parse_cursor(std::string_view text) {
  Cursor cursor;
  const std::size_t split = text.find('@');
  fits(split != std::string_view::npos && split + 1 < text.size(), "a cursor is TS@EPOCH");
  const auto parsed = std::from_chars(text.data(), text.data() + split, cursor.ts);
  fits(parsed.ec == std::errc() && parsed.ptr == text.data() + split, "a cursor is TS@EPOCH");
  cursor.epoch = text.substr(split + 1);
  return cursor;
}

object parse_object(std::string_view text) {
  boost::json::parse_options options;
  options.max_depth = frame_depth_max;
  return object_of(boost::json::parse(text, {}, options));
}

std::string_view name_of(Follow follow) {
  switch (follow) {
    case Follow::none:
      return "none";
    case Follow::run:
      return "run";
    case Follow::live:
      return "live";
  }
  return {};
}

bool is_set(const object& frame, std::string_view name) {
  const value* flag = frame.if_contains(name);
  return flag != nullptr && flag->is_bool() && flag->get_bool();
}

}  // namespace

WireFront::WireFront(std::string thread, std::string device, std::optional<std::uint32_t> window)
    : thread_id_(std::move(thread)),
      device_(std::move(device)),
      window_(window),
      state_(thread_id_, !window) {}

const std::vector<object>& WireFront::messages() const { return state_.messages().items(); }
const std::vector<object>& WireFront::runs() const { return state_.runs().items(); }

std::uint64_t WireFront::change(object change) {
  change["op"] = ++last_op_;
  if (cursor_ && !change.contains("seen")) change["seen"] = *cursor_;
  queue_.push_back({.op = last_op_, .change = std::move(change)});
  return last_op_;
}

std::string WireFront::request(const Ask& ask) {
  ++stream_;
  object body{{"device", device_}, {"follow", name_of(ask.follow)}};
  if (cursor_) body["cursor"] = *cursor_;
  if (ask.if_head) body["if_head"] = *ask.if_head;
  if (window_) body["window"] = *window_;
  if (ask.digest && cursor_ && !window_ && !digest().empty()) body["digest"] = digest();
  if (!in_flight_ && !queue_.empty()) {
    InFlight sent{.stream = stream_, .ops = {}};
    array changes;
    for (const Waiting& each : queue_) {
      if (changes.size() == changes_max) break;
      changes.push_back(each.change);
      sent.ops.push_back(each.op);
    }
    last_op_sent_ = std::max(last_op_sent_, sent.ops.back());
    body["changes"] = std::move(changes);
    in_flight_ = std::move(sent);
  }
  return boost::json::serialize(body);
}

WireFront::Taken WireFront::take(std::string_view frame) { return take(frame, stream_); }

WireFront::Taken WireFront::take(std::string_view frame, std::uint64_t stream) {
  try {
    return take_frame(parse_object(frame), stream);
  } catch (const std::exception& misfit) {
    return {.wrong = misfit.what()};
  }
}

WireFront::Taken WireFront::refused(std::string_view problem) { return refused(problem, stream_); }

WireFront::Taken WireFront::refused(std::string_view problem, std::uint64_t stream) {
  try {
    return fail(parse_object(problem), stream);
  } catch (const std::exception& misfit) {
    return {.wrong = misfit.what()};
  }
}

void WireFront::connection_lost(std::uint64_t stream) {
  gathered_.erase(stream);
  if (in_flight_ && in_flight_->stream == stream) in_flight_.reset();
}

void WireFront::connection_lost() {
  gathered_.clear();
  in_flight_.reset();
}

std::vector<object> WireFront::take_outcomes() { return std::exchange(outcomes_, {}); }

WireFront::Taken WireFront::take_frame(const object& frame, std::uint64_t stream) {
  const std::string_view kind = text_field(frame, "frame");
  if (kind == "diff") return take_diff(frame, stream);
  if (kind == "failure") return fail(frame, stream);
  fits(!gathered_.contains(stream), "a diff was not finished");
  if (kind == "entry") return take_entry(frame);
  if (kind == "live") return take_live(frame);
  fits(kind == "end", "a frame of kind " + std::string(kind));
  return take_end(frame, stream);
}

// --- Diffs

WireFront::Taken WireFront::take_diff(const object& frame, std::uint64_t stream) {
  std::vector<object>& gathered = gathered_[stream];
  fits(window_ || (!is_set(frame, "older") && !frame.contains("edge_digest")),
       "a window nobody asked for");
  for (const std::string_view name : {"cursor", "from"}) {
    fits(gathered.empty() || field(gathered.front(), name) == field(frame, name),
         "the frames of one diff differ in `" + std::string(name) + "`");
  }
  gathered.push_back(frame);
  if (is_set(frame, "more")) {
    const value* early = frame.if_contains("outcomes");
    fits(early == nullptr || (early->is_array() && early->get_array().empty()),
         "outcomes before the last frame of a diff");
    return {};
  }
  const std::vector<object> frames = std::exchange(gathered, {});
  gathered_.erase(stream);
  const object* reset = nullptr;
  for (const object& each : frames) {
    if (const value* found = each.if_contains("reset")) reset = &object_of(*found);
  }
  const bool applied = take_state(frames, reset);
  const Cursor cursor = parse_cursor(text_field(frame, "cursor"));
  for (const value& each : list_field(frame, "outcomes")) {
    const object& outcome = object_of(each);
    const bool dated = outcome.contains("ts");
    fits(!dated || number_field(outcome, "ts") <= cursor.ts, "an outcome later than its diff");
    answer(number_field(outcome, "op"), outcome);
  }
  settle(stream, reset != nullptr);
  return {.sync_anew = !applied};
}

// True if the copy is now as late as the diff, or later.
bool WireFront::take_state(const std::vector<object>& frames, const object* reset) {
  const object& last = frames.back();
  const Cursor cursor = parse_cursor(text_field(last, "cursor"));
  const std::uint64_t from = number_field(last, "from");
  fits(from <= cursor.ts, "a diff from later than its cursor");
  const bool same = cursor_ && parse_cursor(*cursor_).epoch == cursor.epoch;
  if (reset != nullptr && same && cursor.ts < ts_) {
    return true;  // another stream has brought later entries of the new history
  }
  if (reset != nullptr) {
    const bool rewound = text_field(*reset, "reason") == "rewound";
    const bool knows = rewound && reset->contains("kept_until");
    if (rewound) answered_.clear();  // the server may have forgotten them
    if (rewound) lose(knows ? number_field(*reset, "kept_until") : 0);
    replace(frames);
  } else if (!history_is_known_) {
    if (from != 0) return false;
    replace(frames);  // the copy is of another history: no diff applies to it
  } else if (window_ && from != ts_) {
    // The diff leaves out rows that are outside of its window and newer than its `from`.
    return cursor.ts <= ts_;
  } else if (from > ts_) {
    return false;
  } else if (cursor.ts < ts_) {
    return cursor_ && parse_cursor(*cursor_).epoch == cursor.epoch;
  } else {
    const bool nothing_new = cursor.ts == ts_ && cursor_.has_value();
    const std::string before = nothing_new ? state_json() : std::string();
    state_.apply(frames);
    fits(!nothing_new || before == state_json(), "a diff to what is held changed it");
  }
  hold(text_field(last, "cursor"));
  check_sum(last, from);
  return true;
}

void WireFront::check_sum(const object& last, std::uint64_t from) const {
  const value* sum = last.if_contains("digest");
  if (sum == nullptr || sum->is_null()) return;
  std::string mine;
  if (!window_) {
    mine = digest();
  } else if (from == 0) {
    // Only then the whole window has arrived.
    std::optional<std::string_view> edge;
    if (is_set(last, "older")) edge = text_field(last, "edge_digest");
    mine = state_.digest_of_last(*window_, edge);
  } else {
    return;
  }
  fits(text_of(*sum) == mine, "the digest of the head's path differs");
}

void WireFront::replace(const std::vector<object>& frames) {
  state_ = WireState(thread_id_, !window_);
  state_.apply(frames);
  std::erase_if(lost_, [this](const object& message) {
    return state_.messages().find(text_field(message, "id")) != nullptr;
  });
}

void WireFront::hold(std::string_view cursor) {
  // Another history may give other answers.
  if (cursor_ && parse_cursor(*cursor_).epoch != parse_cursor(cursor).epoch) answered_.clear();
  cursor_ = cursor;
  ts_ = parse_cursor(cursor).ts;
  history_is_known_ = true;
}

// --- Entries and ends

WireFront::Taken WireFront::take_entry(const object& entry) {
  const std::uint64_t ts = number_field(entry, "ts");
  const std::uint64_t prev = number_field(entry, "prev");
  fits(prev < ts, "an entry that is not later than the one before it");
  if (!history_is_known_) return {.sync_anew = true};
  if (ts <= ts_) return {};
  if (prev != ts_) return {.sync_anew = true};
  state_.fold(entry);
  ts_ = ts;
  if (cursor_) {
    cursor_ = std::to_string(ts) + "@" + std::string(parse_cursor(*cursor_).epoch);
  }
  take_acks(entry);
  return {};
}

void WireFront::take_acks(const object& entry) {
  const value* acks = entry.if_contains("acks");
  if (acks == nullptr) return;
  for (const value& each : acks->as_array()) {
    const object& ack = object_of(each);
    if (text_field(ack, "device") != device_) continue;
    object outcome{
        {"op", field(ack, "op")}, {"outcome", field(ack, "outcome")}, {"ts", field(entry, "ts")}};
    if (const value* code = ack.if_contains("code")) outcome["code"] = *code;
    answer(number_field(ack, "op"), outcome);
  }
}

WireFront::Taken WireFront::take_live(const object& frame) {
  const std::string_view cursor = text_field(frame, "cursor");
  if (!history_is_known_ || parse_cursor(cursor).ts > ts_) return {.sync_anew = true};
  if (parse_cursor(cursor).ts == ts_) hold(cursor);
  return {};
}

WireFront::Taken WireFront::take_end(const object& frame, std::uint64_t stream) {
  static const std::set<std::string_view> reasons{"done", "deleted", "forbidden", "shutdown"};
  const std::string_view reason = text_field(frame, "reason");
  fits(reasons.contains(reason), "an end for an unknown reason");
  Taken taken = take_live(frame);
  taken.ended = true;
  taken.reason = reason;
  connection_lost(stream);
  return taken;
}

WireFront::Taken WireFront::fail(const object& problem, std::uint64_t stream) {
  // Codes that a repeat of the request would get again: this front must not send such requests.
  static const std::set<std::string_view> ours{"malformed",     "invalid_utf8", "lone_surrogate",
                                               "unknown_field", "invalid",      "id_in_use"};
  Taken taken{.ended = true};
  taken.reason = text_field(problem, "code");
  connection_lost(stream);
  fits(!ours.contains(taken.reason), "a request was refused: " + boost::json::serialize(problem));
  if (taken.reason == "unknown_history") {
    if (history_is_known_) lose(0);
    cursor_.reset();
    history_is_known_ = false;
    taken.sync_anew = true;
  }
  return taken;
}

// --- Answers

void WireFront::answer(std::uint64_t op, const object& outcome) {
  fits(op <= last_op_sent_, "op " + std::to_string(op) + " is answered and was never sent");
  const std::string_view verdict = text_field(outcome, "outcome");
  fits(verdict == "applied" || verdict == "refused", "an outcome is applied or refused");
  fits(verdict == "applied" || outcome.contains("code"), "a refusal without a code");
  const auto waiting = std::ranges::find(queue_, op, &Waiting::op);
  if (waiting == queue_.end()) return check_answered_alike(op, outcome);
  object complete = outcome;
  const value& type = field(waiting->change, "type");
  fits(!outcome.contains("type") || outcome.at("type") == type, "an outcome of another type");
  complete["type"] = type;
  queue_.erase(waiting);
  outcomes_.push_back(complete);
  answered_[op] = std::move(complete);
  if (answered_.size() > answered_max) answered_.erase(answered_.begin());
}

void WireFront::check_answered_alike(std::uint64_t op, const object& outcome) const {
  const auto before = answered_.find(op);
  if (before == answered_.end()) return;
  // A missing thread has no memory: its refusals have no `ts`, and when the request comes again the
  // thread may exist.
  if (!before->second.contains("ts")) return;
  for (const std::string_view name : {"outcome", "code", "ts"}) {
    const value* first = before->second.if_contains(name);
    const value* again = outcome.if_contains(name);
    fits(first == nullptr || again == nullptr || *first == *again,
         "op " + std::to_string(op) + " is answered again, with another `" + std::string(name) +
             "`");
  }
}

// After the diff that answers a request. On a reset its new changes were not tried.
void WireFront::settle(std::uint64_t stream, bool is_reset) {
  if (!in_flight_ || in_flight_->stream != stream) return;
  const InFlight sent = *std::exchange(in_flight_, std::nullopt);
  if (is_reset) return;
  for (const std::uint64_t op : sent.ops) {
    fits(std::ranges::find(queue_, op, &Waiting::op) == queue_.end(),
         "op " + std::to_string(op) + " has no outcome");
  }
}

// --- Lost threads and histories

void WireFront::lose(std::uint64_t kept_until) {
  for (const object& message : messages()) {
    const auto same = [&message](const object& lost) { return lost.at("id") == message.at("id"); };
    if (number_field(message, "created") <= kept_until) continue;
    if (std::ranges::none_of(lost_, same)) lost_.push_back(message);
  }
}

std::size_t WireFront::offer() {
  std::map<std::string_view, const value*> above;  // of each lost message without content
  std::size_t count = 0;
  for (const object& message : lost_) {
    const value* parent = &field(message, "parent");
    while (!parent->is_null() && above.contains(text_of(*parent))) {
      parent = above.at(text_of(*parent));
    }
    if (list_field(message, "parts").empty()) {  // was never shown: those below it move up
      above.emplace(text_field(message, "id"), parent);
      continue;
    }
    object input{
        {"id", message.at("id")}, {"role", message.at("role")}, {"parts", message.at("parts")}};
    for (const std::string_view name : {"author", "metadata"}) {
      if (const value* there = message.if_contains(name)) input[name] = *there;
    }
    change({{"type", "put_message"},
            {"message", std::move(input)},
            {"parent", *parent},
            {"if_absent", true}});
    ++count;
  }
  lost_.clear();
  return count;
}

}  // namespace lockstep::sim

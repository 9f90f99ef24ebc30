// SPDX-License-Identifier: Apache-2.0
#include "server/inference/compose_format1.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "schema/json/json_reader.h"
#include "schema/json/json_text.h"

namespace lockstep {
namespace {

constexpr std::string_view no_result = "no result: the call was not carried out";
constexpr std::size_t name_chars_max = 64;  // the limit of the providers

struct Call {
  std::string id;
  std::string name;
  std::string arguments;
  std::optional<std::string> result;
};

// One message of the request; its calls' results follow it as messages of their own.
struct Turn {
  Role role = Role::user;
  std::string name;
  std::string text;
  std::vector<std::string> images;
  std::vector<std::size_t> calls;

  [[nodiscard]] bool empty() const { return text.empty() && images.empty() && calls.empty(); }
};

bool is_format1_image(const FilePart& file) {
  if (file.uri.starts_with("data:image/")) return true;
  const bool fetchable = file.uri.starts_with("https://") || file.uri.starts_with("http://") ||
                         file.uri.starts_with("data:");
  return fetchable && file.media_type && file.media_type->starts_with("image/");
}

// Leaves out a `data:` URI: the bytes of a file are no text for a model.
std::string format1_note(const FilePart& file) {
  std::string note = "[file";
  if (file.name) note += " " + *file.name;
  if (file.media_type) note += " (" + *file.media_type + ")";
  if (!file.uri.starts_with("data:")) note += ": " + file.uri;
  return note + "]";
}

std::string name_of(std::string_view author) {
  std::string name;
  for (const char c : author.substr(0, name_chars_max)) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '_' || c == '-';
    name += plain ? c : '_';
  }
  return name;
}

// Walks the path once and gathers turns. Calls have a list of their own, so that a later result
// finds its call.
class Gathering {
 public:
  explicit Gathering(bool names) : names_(names) {}

  void add(const Message& message) {
    message_ = &message;
    said_reasoning_ = false;
    const std::size_t turns_before = turns_.size();
    const std::size_t results_before = results_;
    open_turn();
    for (const Part& part : message.parts) {
      std::visit([this](const auto& value) { add_part(value); }, part);
    }
    close_turn();
    if (turns_.size() == turns_before && results_ == results_before) {
      repair("it is empty and left out");
    }
  }

  // Providers refuse a request in which a call has no result.
  void close_calls() {
    for (Call& call : calls_) {
      if (call.result) continue;
      call.result = no_result;
      repairs_.push_back("call " + call.id + ": it has no result, one was made");
    }
  }

  [[nodiscard]] const std::vector<Turn>& turns() const { return turns_; }
  [[nodiscard]] const Call& call(std::size_t index) const { return calls_[index]; }
  [[nodiscard]] std::vector<std::string>& repairs() { return repairs_; }

 private:
  void repair(std::string_view what) {
    repairs_.push_back("message " + message_->id.get() + ": " + std::string(what));
  }

  void open_turn() {
    turn_ = Turn();
    turn_.role = message_->role;
    if (turn_.role == Role::tool) turn_.role = Role::user;  // its results are apart; see add_text
    result_in_turn_ = false;
    if (!names_ || !message_->author || message_->role == Role::tool) return;
    turn_.name = name_of(*message_->author);
  }

  void close_turn() {
    if (turn_.empty()) return;
    if (!turn_.name.empty() && turn_.name != *message_->author) {
      repair("its author is sent as the name " + turn_.name);
    }
    turns_.push_back(std::exchange(turn_, Turn{}));
  }

  // Text of an assistant after a result goes into a turn of its own, behind that result.
  void next_turn_behind_result() {
    if (!result_in_turn_) return;
    close_turn();
    open_turn();
  }

  void add_text(std::string_view text) {
    if (text.empty()) return;
    next_turn_behind_result();
    if (message_->role == Role::tool && turn_.text.empty()) {
      repair("its text belongs to no call and is sent as the user's");
    }
    if (!turn_.text.empty()) turn_.text += "\n\n";
    turn_.text += text;
  }

  void add_part(const TextPart& part) { add_text(part.text); }

  void add_part(const ReasoningPart&) {
    if (!std::exchange(said_reasoning_, true)) repair("its reasoning is not sent");
  }

  void add_part(const ToolCallPart& part) {
    if (message_->role != Role::assistant) {
      repair("the call " + part.id + " is not an assistant's and is left out");
      return;
    }
    // A call without arguments yet is whole only if its message is complete.
    const bool bare = part.arguments.empty() && message_->status == MessageStatus::complete;
    if (!bare && !is_json_object(part.arguments)) {
      repair("the call " + part.id + " is not whole and is left out");
      return;
    }
    next_turn_behind_result();
    turn_.calls.push_back(calls_.size());
    calls_.push_back({part.id, part.name, bare ? "{}" : part.arguments, {}});
  }

  void add_part(const ToolResultPart& part) {
    const auto call = std::find_if(calls_.rbegin(), calls_.rend(), [&part](const Call& open) {
      return open.id == part.call && !open.result;
    });
    if (call == calls_.rend()) {
      repair("the result of " + part.call + " has no open call before it and is left out");
      return;
    }
    call->result = part.content;
    ++results_;
    result_in_turn_ = true;
  }

  void add_part(const FilePart& part) {
    if (message_->role == Role::user && is_format1_image(part)) {
      turn_.images.push_back(part.uri);
      return;
    }
    repair("a file is sent as a line of text that names it");
    add_text(format1_note(part));
  }

  void add_part(const DataPart& part) {
    repair("the data " + part.name + " is sent as text");
    add_text(part.name + ": " + part.value.text);
  }

  bool names_;
  const Message* message_ = nullptr;
  Turn turn_;
  bool result_in_turn_ = false;
  bool said_reasoning_ = false;
  std::size_t results_ = 0;
  std::vector<Turn> turns_;
  std::vector<Call> calls_;
  std::vector<std::string> repairs_;
};

void append_content(std::string& out, const Turn& turn) {
  if (turn.images.empty()) {
    if (turn.text.empty()) {
      out += "null";  // only calls
    } else {
      append_text(out, turn.text);
    }
    return;
  }
  out += '[';
  if (!turn.text.empty()) {
    out += R"({"type":"text","text":)";
    append_text(out, turn.text);
    out += "},";
  }
  for (const std::string& uri : turn.images) {
    out += R"({"type":"image_url","image_url":{"url":)";
    append_text(out, uri);
    out += "}},";
  }
  out.back() = ']';
}

void append_call(std::string& out, const Call& call) {
  out += R"({"id":)";
  append_text(out, call.id);
  out += R"(,"type":"function","function":{"name":)";
  append_text(out, call.name);
  out += R"(,"arguments":)";
  append_text(out, call.arguments);
  out += "}}";
}

void append_turn(std::string& out, const Turn& turn, const Gathering& gathering) {
  out += R"({"role":")";
  out += name_of(turn.role);
  out += '"';
  if (!turn.name.empty()) {
    out += R"(,"name":)";
    append_text(out, turn.name);
  }
  out += R"(,"content":)";
  append_content(out, turn);
  if (!turn.calls.empty()) {
    out += R"(,"tool_calls":[)";
    for (const std::size_t index : turn.calls) {
      if (out.back() != '[') out += ',';
      append_call(out, gathering.call(index));
    }
    out += ']';
  }
  out += "},";
  for (const std::size_t index : turn.calls) {
    const Call& call = gathering.call(index);
    out += R"({"role":"tool","tool_call_id":)";
    append_text(out, call.id);
    out += R"(,"content":)";
    append_text(out, *call.result);
    out += "},";
  }
}

std::string messages_text(const RequestSettings& settings, const Gathering& gathering) {
  std::string out = "[";
  if (!settings.system.empty()) {
    out += R"({"role":"system","content":)";
    append_text(out, settings.system);
    out += "},";
  }
  for (const Turn& turn : gathering.turns()) append_turn(out, turn, gathering);
  if (out.back() == ',') out.pop_back();
  out += ']';
  return out;
}

}  // namespace

Sent compose_format1(const Context& context, const RequestSettings& settings) {
  Gathering gathering(settings.names);
  for (const Message& message : context.path) gathering.add(message);
  gathering.close_calls();

  std::vector<std::string> repairs = std::move(gathering.repairs());
  for (const std::string& name : settings.ignored) {
    repairs.push_back("parameter " + name + ": it is not the caller's to set and is left out");
  }
  std::string body = "{";
  const std::string* model = find_member(settings.request, "model");
  if (model) body += R"("model":)" + *model + ",";
  body += R"("messages":)" + messages_text(settings, gathering);
  for (const JsonMember& member : settings.request) {
    if (member.key == "model" || member.key == "messages") continue;
    append_member(body, member.key, member.value);
  }
  body += '}';
  Sent sent{.body = std::move(body), .repairs = {}};
  for (std::string& repair : repairs) sent.repairs.push_back({.text = std::move(repair)});
  return sent;
}

}  // namespace lockstep

// SPDX-License-Identifier: Apache-2.0
#include "tests/laws/request_law.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cstddef>
#include <optional>
#include <vector>

namespace lockstep::test {
namespace {

namespace json = boost::json;

constexpr std::string_view stopped = "[The answer was stopped before its first word.]";
constexpr std::string_view empty = "[The answer was empty.]";
constexpr std::size_t ids_named_max = 64;

struct Answered {
  std::string id;
  std::string name;
  std::string arguments;
  std::string result;
};

// The request, flattened: what a model reads, in order.
struct Read {
  std::string wrong{};
  std::vector<std::string> contents{};  // texts; an image is "image " and its address
  std::vector<std::string> reasoning{};
  std::vector<Answered> calls{};
};

std::string text_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value && value->is_string() ? std::string(value->as_string()) : std::string();
}

void read_content(const json::object& message, Read& read) {
  const json::value& content = message.at("content");
  if (content.is_string()) {
    if (content.as_string().empty()) read.wrong = "a content is empty";
    read.contents.emplace_back(content.as_string());
  } else if (content.is_array()) {
    for (const json::value& piece : content.as_array()) {
      const json::object& object = piece.as_object();
      read.contents.push_back(text_of(object, "type") == "text"
                                  ? text_of(object, "text")
                                  : "image " + text_of(object.at("image_url").as_object(), "url"));
    }
  } else if (!message.contains("tool_calls")) {
    read.wrong = "a message has neither content nor calls";
  }
}

// Reads a message that is not a result. Its calls wait for their results, in order.
void read_message(const json::object& message, const RequestSettings& settings, Read& read) {
  read_content(message, read);
  const std::string reasoning = text_of(message, settings.reasoning_field);
  if (!reasoning.empty()) read.reasoning.push_back(reasoning);
  const json::value* calls = message.if_contains("tool_calls");
  if (!calls) return;
  if (text_of(message, "role") != "assistant") read.wrong = "a call is not an assistant's";
  if (settings.reasoning != ReasoningBack::never && !message.contains(settings.reasoning_field)) {
    read.wrong = "a turn with calls has no reasoning";
  }
  for (const json::value& call : calls->as_array()) {
    const json::object& function = call.at("function").as_object();
    read.calls.push_back({text_of(call.as_object(), "id"),
                          text_of(function, "name"),
                          text_of(function, "arguments"),
                          {}});
  }
}

Read read_request(const std::string& body, const RequestSettings& settings) {
  Read read;
  const json::value request = json::parse(body);
  std::size_t answered = 0;
  std::string before;
  for (const json::value& each : request.at("messages").as_array()) {
    const json::object& message = each.as_object();
    const std::string role = text_of(message, "role");
    if (role == "tool") {
      if (answered == read.calls.size()) return {.wrong = "a result has no call before it"};
      Answered& call = read.calls[answered++];
      if (call.id != text_of(message, "tool_call_id")) read.wrong = "a result is not its call's";
      call.result = text_of(message, "content");
    } else {
      if (answered != read.calls.size()) read.wrong = "a call has no result behind it";
      if (settings.join && role == before) read.wrong = "two neighbours have the role " + role;
      read_message(message, settings, read);
    }
    before = role;
    if (!read.wrong.empty()) return read;
  }
  if (answered != read.calls.size()) read.wrong = "the last call has no result behind it";
  return read;
}

// The repairs, each to be used up by what it names.
class Excuses {
 public:
  explicit Excuses(const std::vector<Repair>& repairs) : repairs_(repairs) {}

  bool take(std::string_view kind, const std::string& id) {
    for (Repair& repair : repairs_) {
      if (repair.kind != kind || repair.count == 0) continue;
      const auto found = std::ranges::find(repair.ids, id);
      if (found == repair.ids.end()) {
        // Only the first ids are named.
        if (repair.count <= repair.ids.size()) return false;
      } else {
        repair.ids.erase(found);
      }
      --repair.count;
      return true;
    }
    return false;
  }

  [[nodiscard]] bool has(std::string_view kind) const {
    return std::ranges::find(repairs_, kind, &Repair::kind) != repairs_.end();
  }

  [[nodiscard]] std::string wrong_form() const {
    for (const Repair& repair : repairs_) {
      if (repair.kind.empty() || repair.text.empty()) return "a repair has no kind or text";
      if (repair.ids.size() > ids_named_max) return "a repair names too many ids";
      if (repair.count < repair.ids.size()) return "a repair counts less than it names";
    }
    return {};
  }

 private:
  std::vector<Repair> repairs_;
};

// Takes texts from the front of a list of contents. Between two texts of a content stand an empty
// line, and perhaps an author.
class Contents {
 public:
  explicit Contents(std::vector<std::string> contents) : contents_(std::move(contents)) {}

  // Does `text` come next?
  bool take(std::string_view text, const std::string& author) {
    if (take_plain(text)) return true;
    if (author.empty()) return false;
    return take_plain(author + ": " + std::string(text)) ||
           (take_plain(author + ":") && take_plain(text));
  }
  [[nodiscard]] bool done() const { return at_ == contents_.size(); }
  [[nodiscard]] std::string rest() const { return done() ? "" : contents_[at_].substr(from_); }

 private:
  bool take_plain(std::string_view text) {
    if (done()) return false;
    std::string_view rest = std::string_view(contents_[at_]).substr(from_);
    if (from_ != 0) {
      if (!rest.starts_with("\n\n")) return false;
      rest.remove_prefix(2);
    }
    if (!rest.starts_with(text)) return false;
    rest.remove_prefix(text.size());
    if (!rest.empty() && !rest.starts_with("\n\n")) return false;
    from_ = contents_[at_].size() - rest.size();
    if (rest.empty()) {
      ++at_;
      from_ = 0;
    }
    return true;
  }

  std::vector<std::string> contents_;
  std::size_t at_ = 0;
  std::size_t from_ = 0;
};

bool made_by_engine(const Message& message, const std::string& content) {
  return message.role == Role::assistant && message.run &&
         (content == "no result" || content == "interrupted" || content == "stopped by the user");
}

class Comparison {
 public:
  Comparison(const Context& context, const RequestSettings& settings, const Sent& sent)
      : context_(context),
        settings_(settings),
        excuses_(sent.repairs),
        read_(read_request(sent.body, settings)),
        contents_(read_.contents),
        reasoning_(read_.reasoning) {}

  std::string run() {
    if (!read_.wrong.empty()) return read_.wrong;
    if (std::string wrong = excuses_.wrong_form(); !wrong.empty()) return wrong;
    if (!settings_.system.empty() && !contents_.take(settings_.system, "")) {
      return "the system prompt is not first";
    }
    for (const Message& message : context_.path) {
      if (std::string wrong = check(message); !wrong.empty()) {
        return "message " + message.id.get() + ": " + wrong;
      }
    }
    if (!contents_.done()) return "the request says more than the path: " + contents_.rest();
    if (!reasoning_.done()) return "the request has more reasoning: " + reasoning_.rest();
    if (next_call_ != read_.calls.size()) return "the request has more calls than the path";
    return check_results();
  }

 private:
  std::string check(const Message& message) {
    author_ =
        settings_.names && message.author && message.role != Role::tool ? *message.author : "";
    std::string author;
    for (const char c : author_.substr(0, 64)) {
      author += std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-' ? c : '_';
    }
    author_ = author;
    for (const Part& part : message.parts) {
      std::string wrong =
          std::visit([&](const auto& value) { return check(message, value); }, part);
      if (!wrong.empty()) return wrong;
    }
    // A sentence stands for the message, or for the answer that it lacks.
    if (!excuses_.take("placeholder", message.id.get())) return {};
    if (!contents_.take(stopped, author_) && !contents_.take(empty, author_)) {
      return "a repair names a sentence that is not sent";
    }
    return {};
  }

  std::string check(const Message&, const TextPart& part) {
    if (part.text.empty() || contents_.take(part.text, author_)) return {};
    return "the text is not sent: " + part.text + " but " + contents_.rest();
  }

  std::string check(const Message& message, const ReasoningPart& part) {
    if (part.text.empty()) return {};
    // Excuses first: the next reasoning may have the same text.
    if (excuses_.take("reasoning_left_out", message.id.get())) return {};
    if (message.role == Role::assistant && reasoning_.take(part.text, "")) return {};
    return "the reasoning is not sent: " + part.text;
  }

  std::string check(const Message& message, const ToolCallPart& part) {
    if (message.role != Role::assistant) {
      return excuses_.take("call_left_out", part.id) ? "" : "the call is left out: " + part.id;
    }
    if (next_call_ == read_.calls.size()) return "the call is not sent: " + part.id;
    const Answered& sent = read_.calls[next_call_++];
    if (sent.id != part.id || sent.name != part.name) return "another call is sent: " + sent.id;
    if (sent.arguments == part.arguments) return {};
    if (part.arguments.empty() && sent.arguments == "{}") return {};
    const json::value wrapped = json::parse(sent.arguments);
    if (text_of(wrapped.as_object(), "invalid_json") == part.arguments &&
        excuses_.take("arguments_wrapped", part.id)) {
      return {};
    }
    return "the arguments of " + part.id + " are other ones: " + sent.arguments;
  }

  std::string check(const Message&, const ToolResultPart&) { return {}; }  // check_results

  std::string check(const Message& message, const FilePart& part) {
    if (contents_.take("image " + part.uri, "")) return {};
    if (contents_.take("image " + part.uri, author_)) return {};
    if (!excuses_.take("file_as_text", message.id.get())) return "the file is not sent";
    std::string line = "[file";
    if (part.name) line += " " + *part.name;
    if (part.media_type) line += " (" + *part.media_type + ")";
    if (!part.uri.starts_with("data:")) line += ": " + part.uri;
    return contents_.take(line + "]", author_) ? "" : "the file is not named";
  }

  std::string check(const Message& message, const DataPart& part) {
    if (!excuses_.take("data_as_text", message.id.get())) return "the data has no repair";
    return contents_.take(part.name + ": " + part.value.text, author_) ? ""
                                                                       : "the data is not sent";
  }

  // --- Results -----------------------------------------------------------------------------------

  // A call on the path, with the results that it got.
  struct Shown {
    const Message* message;
    std::string id;
    std::optional<std::string> real;
    std::optional<std::string> made;
  };

  // By the rule's words: the first open call with the id in the last message that has one.
  Shown* open_call(const std::string& id, const Message* only, bool (*open)(const Shown&)) {
    const Message* last = nullptr;
    for (const Shown& call : shown_) {
      const bool fits = call.id == id && open(call) && (!only || call.message == only);
      if (fits) last = call.message;
    }
    for (Shown& call : shown_) {
      if (last && call.message == last && call.id == id && open(call)) return &call;
    }
    return nullptr;
  }

  std::string take_result(const Message& message, const ToolResultPart& part) {
    const bool made = made_by_engine(message, part.content);
    Shown* call = made ? open_call(part.call, &message, [](const Shown& it) { return !it.made; })
                       : open_call(part.call, nullptr, [](const Shown& it) { return !it.real; });
    if (!call) {
      return excuses_.take("result_left_out", part.call) ? "" : "a stray result: " + part.call;
    }
    (made ? call->made : call->real) = part.content;
    return {};
  }

  std::string check_results() {
    for (const Message& message : context_.path) {
      for (const Part& part : message.parts) {
        std::string wrong;
        if (const auto* call = std::get_if<ToolCallPart>(&part)) {
          if (message.role == Role::assistant) shown_.push_back({&message, call->id, {}, {}});
        } else if (const auto* result = std::get_if<ToolResultPart>(&part)) {
          wrong = take_result(message, *result);
        }
        if (!wrong.empty()) return wrong;
      }
    }
    for (std::size_t at = 0; at < shown_.size(); ++at) {
      const Shown& call = shown_[at];
      const std::string& sent = read_.calls[at].result;
      if (call.real && call.made && !excuses_.take("made_result_left_out", call.id)) {
        return "the made result of " + call.id + " has no repair";
      }
      if (call.real || call.made) {
        if (sent != call.real.value_or(call.made.value_or(""))) {
          return "the result of " + call.id + " is another one: " + sent;
        }
      } else if (!excuses_.take("no_result", call.id)) {
        return "call " + call.id + " has no result and no repair";
      }
    }
    return {};
  }

  const Context& context_;
  const RequestSettings& settings_;
  Excuses excuses_;
  Read read_;
  Contents contents_;
  Contents reasoning_;
  std::string author_;
  std::size_t next_call_ = 0;
  std::vector<Shown> shown_;
};

}  // namespace

std::string check_request(const Context& context, const RequestSettings& settings,
                          const Sent& sent) {
  return Comparison(context, settings, sent).run();
}

}  // namespace lockstep::test

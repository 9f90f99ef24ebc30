// SPDX-License-Identifier: Apache-2.0
#include "tests/laws/request_law.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "tests/laws/request_read.h"

namespace lockstep::test {
namespace {

constexpr std::string_view stopped = "[The answer was stopped before its first word.]";
constexpr std::string_view empty = "[The answer was empty.]";
constexpr std::string_view go_on =
    "[Continue this answer exactly where it stops, without repeating any of it.]";
constexpr std::string_view summary = "[Summary of the conversation so far]";
constexpr std::string_view summarise =
    "[Summarise the conversation above, so that it can go on from your summary alone: what was "
    "asked and answered, facts, names, numbers, decisions, what is still open, and the user's "
    "wishes for your answers. Write only the summary.]";
constexpr std::size_t ids_named_max = 64;

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

  // How often is the id named, and how many of the kind are not named?
  [[nodiscard]] std::uint64_t named(std::string_view kind, const std::string& id) const {
    const auto found = std::ranges::find(repairs_, kind, &Repair::kind);
    if (found == repairs_.end()) return 0;
    return static_cast<std::uint64_t>(std::ranges::count(found->ids, id));
  }
  [[nodiscard]] std::uint64_t unnamed(std::string_view kind) const {
    const auto found = std::ranges::find(repairs_, kind, &Repair::kind);
    return found == repairs_.end() ? 0 : found->count - found->ids.size();
  }

  [[nodiscard]] std::uint64_t count_of(std::string_view kind) const {
    const auto found = std::ranges::find(repairs_, kind, &Repair::kind);
    return found == repairs_.end() ? 0 : found->count;
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
// line, and perhaps an author. Between two texts of an answer that goes on stands nothing.
class Contents {
 public:
  explicit Contents(std::vector<Content> contents) : contents_(std::move(contents)) {}

  // Does `text` come next?
  bool take(std::string_view text, const std::string& author) {
    if (author.empty()) return take_plain(text);
    // The author first: a text may begin as the author's name does.
    if (take_plain(author + ": " + std::string(text))) return true;
    const bool more = std::exchange(more_, false);
    const Contents before = *this;
    const bool line = take_plain(author + ":");
    more_ = more;
    if (line && take_plain(text)) return true;
    *this = before;
    more_ = more;
    return take_plain(text);
  }
  // Does it come next, right behind the text that was taken last?
  bool take_on(std::string_view text) {
    if (done() || from_ == 0) return false;
    const std::string_view rest = std::string_view(contents_[at_].text).substr(from_);
    return rest.starts_with(text) && taken(from_ + text.size());
  }
  // May the text behind the one that is taken next go on without an empty line?
  void expect_more(bool more) { more_ = more; }
  [[nodiscard]] bool done() const { return at_ == contents_.size(); }
  [[nodiscard]] std::string rest() const { return done() ? "" : contents_[at_].text.substr(from_); }
  // Where the last text was taken.
  [[nodiscard]] const Content& last() const { return contents_.at(last_); }

 private:
  bool take_plain(std::string_view text) {
    if (done()) return false;
    std::string_view rest = std::string_view(contents_[at_].text).substr(from_);
    if (from_ != 0) {
      if (!rest.starts_with("\n\n")) return false;
      rest.remove_prefix(2);
    }
    if (!rest.starts_with(text)) return false;
    return taken(contents_[at_].text.size() - rest.size() + text.size());
  }

  bool taken(std::size_t until) {
    const std::string_view rest = std::string_view(contents_[at_].text).substr(until);
    if (!rest.empty() && !rest.starts_with("\n\n") && !more_) return false;
    last_ = at_;
    from_ = until;
    if (rest.empty()) {
      ++at_;
      from_ = 0;
    }
    return true;
  }

  std::vector<Content> contents_;
  std::size_t at_ = 0;
  std::size_t from_ = 0;
  std::size_t last_ = 0;
  bool more_ = false;
};

bool made_by_engine(const Message& message, const ToolResultPart& part) {
  const bool text = part.content == "no result" || part.content == "interrupted" ||
                    part.content == "stopped by the user";
  return part.made || (text && message.role == Role::assistant && message.run);
}

// A text or a call of the path, or a result, where the request has it.
struct Item {
  enum class Kind { text, call, result };
  Kind kind = Kind::text;
  std::size_t message = 0;  // on the path
  std::size_t part = 0;
  std::size_t at = 0;    // in the request; of a call: its turn's
  std::size_t call = 0;  // of a call and a result: the call's place among all calls
};

class Comparison {
 public:
  Comparison(const Context& context, const RequestSettings& settings, const Sent& sent)
      : context_(context),
        settings_(settings),
        refusal_(sent.refusal),
        excuses_(sent.repairs),
        read_(read_request(sent.body, settings)),
        contents_(read_.contents),
        reasoning_(read_.reasoning) {}

  std::string run() {
    if (!read_.wrong.empty()) return read_.wrong;
    if (std::string wrong = excuses_.wrong_form(); !wrong.empty()) return wrong;
    if (std::string wrong = check_limit(); !wrong.empty()) return wrong;
    if (!settings_.system.empty() && !contents_.take(settings_.system, "")) {
      return "the system prompt is not first";
    }
    for (at_ = 0; at_ < context_.path.size(); ++at_) {
      const Message& message = context_.path[at_];
      if (dropped_.contains(&message)) continue;
      if (std::string wrong = check(message); !wrong.empty()) {
        return "message " + message.id.get() + ": " + wrong;
      }
    }
    if (std::string wrong = check_asked(); !wrong.empty()) return wrong;
    if (!contents_.done()) return "the request says more than the path: " + contents_.rest();
    if (!reasoning_.done()) return "the request has more reasoning: " + reasoning_.rest();
    if (next_call_ != read_.calls.size()) return "the request has more calls than the path";
    std::string wrong = check_results();
    return wrong.empty() ? check_order() : wrong;
  }

 private:
  // --- The limit ---------------------------------------------------------------------------------

  // The oldest messages may be left out. What remains begins with a user's.
  std::string check_limit() {
    if (refusal_ && !settings_.context_tokens) return "refused without a limit";
    const bool by_summary = excuses_.has("summarised");
    const std::string kind = by_summary ? "summarised" : "dropped";
    const std::uint64_t count = excuses_.count_of(kind);
    const bool summarises = settings_.when_too_long == WhenTooLong::summarise;
    const bool drops = settings_.context_tokens && settings_.when_too_long != WhenTooLong::refuse;
    if (by_summary && !summarises) return "the settings ask for no summaries";
    if (!by_summary && count > 0 && summarises && !settings_.summarise) {
      return "turns are left out without a summary";
    }
    if (drops && !refusal_ && bytes_read() / 4 > *settings_.context_tokens) return "it is too long";
    if (count == 0) return {};
    if (!drops) return "the settings do not let messages be left out";
    for (const Message& message : context_.path) {
      if (message.role == Role::system) continue;
      if (dropped_.size() == count) {
        if (by_summary) return is_summary(message) ? "" : "what remains begins with no summary";
        return message.role == Role::assistant ? "what remains begins with an answer" : "";
      }
      if (!excuses_.take(kind, message.id.get())) return "not the oldest are left out";
      dropped_.insert(&message);
    }
    return "all is left out";
  }

  // An answer whose first part says that it is one, and that calls nothing.
  static bool is_summary(const Message& message) {
    const auto* data =
        message.parts.empty() ? nullptr : std::get_if<DataPart>(&message.parts.front());
    const bool says = std::ranges::any_of(message.parts, [](const Part& part) {
      const auto* text = std::get_if<TextPart>(&part);
      return text && text->text.find_first_not_of(" \t\r\n") != std::string::npos;
    });
    if (message.status != MessageStatus::complete || message.finish.reason == "length" || !says) {
      return false;
    }
    return message.role == Role::assistant && data && data->name == "summary" &&
           std::ranges::none_of(message.parts, [](const Part& part) {
             return std::holds_alternative<ToolCallPart>(part);
           });
  }

  [[nodiscard]] std::size_t bytes_read() const {
    std::size_t bytes = 0;
    for (const Content& content : read_.contents) {
      if (!content.text.starts_with("image ")) bytes += content.text.size();
    }
    for (const Answered& call : read_.calls) bytes += call.arguments.size() + call.result.size();
    return bytes;
  }

  // --- Parts -------------------------------------------------------------------------------------

  std::string check(const Message& message) {
    const bool goes_on = at_ > 0 && message.continues == context_.path[at_ - 1].id;
    if (!goes_on) answer_ = at_;
    const bool gone_on = at_ + 1 < context_.path.size()
                             ? context_.path[at_ + 1].continues == message.id
                             : context_.continues == message.id;
    contents_.expect_more(gone_on && at_ + 1 < context_.path.size());
    const std::size_t items = items_.size();
    author_ =
        settings_.names && message.author && message.role != Role::tool ? *message.author : "";
    std::string author;
    for (const char c : author_.substr(0, 64)) {
      author += std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-' ? c : '_';
    }
    author_ = author;
    if (std::string wrong = check_reasoning(message); !wrong.empty()) return wrong;
    for (part_ = 0; part_ < message.parts.size(); ++part_) {
      std::string wrong = std::visit([&](const auto& value) { return check(message, value); },
                                     message.parts[part_]);
      if (!wrong.empty()) return wrong;
    }
    const bool silent = items_.size() == items && !brings_result(message);
    const bool of_answer = goes_on && !items_.empty() && items_.back().message >= answer_;
    if (silent && (message.role != Role::assistant || gone_on || of_answer)) {
      if (!excuses_.take("empty_left_out", message.id.get())) return "nothing says it is left out";
    } else if (silent && !take_sentence(message)) {
      return "no sentence stands for it";
    }
    // Another stands for the answer that it lacks.
    const bool both = excuses_.take("placeholder", message.id.get());
    if (both && !contents_.take(stopped, author_) && !contents_.take(empty, author_)) {
      return "a repair names a sentence that is not sent";
    }
    return {};
  }

  static bool brings_result(const Message& message) {
    return std::ranges::any_of(message.parts, [](const Part& part) {
      return std::holds_alternative<ToolResultPart>(part);
    });
  }

  bool take_sentence(const Message& message) {
    return excuses_.take("placeholder", message.id.get()) &&
           (contents_.take(stopped, author_) || contents_.take(empty, author_));
  }

  // Is this the first of a message that goes on in the turn of what came before it?
  [[nodiscard]] bool goes_on_in_turn() const {
    if (items_.empty() || answer_ == at_) return false;
    const Item& before = items_.back();
    return before.message >= answer_ && before.message != at_ && before.kind == Item::Kind::text &&
           !calls_behind(before.at);
  }

  // Has the path so far calls that are in this turn? Their results stand behind it.
  [[nodiscard]] bool calls_behind(std::size_t turn) const {
    return next_call_ > 0 && read_.calls[next_call_ - 1].at == turn;
  }

  bool take_text(std::string_view text, const std::string& author) {
    const bool found = goes_on_in_turn() ? contents_.take_on(text) : contents_.take(text, author);
    if (found) items_.push_back({Item::Kind::text, at_, part_, contents_.last().at, 0});
    return found;
  }

  // The sentence that asks for the rest of an answer: only if the model does not go on by itself.
  std::string check_asked() {
    if (settings_.summarise) {
      return excuses_.take("summary_asked", context_.path.back().id.get()) &&
                     contents_.take(summarise, "")
                 ? ""
                 : "no summary is asked for";
    }
    if (!context_.continues) return {};
    const bool text_last = !items_.empty() && items_.back().message >= answer_ &&
                           items_.back().kind == Item::Kind::text &&
                           !calls_behind(items_.back().at);
    const bool asked = excuses_.take("continue_asked", context_.continues->get());
    if (asked && !contents_.take(go_on, "")) return "a repair names a question that is not sent";
    if (asked != (text_last && !settings_.prefill)) {
      return asked ? "the model is asked to go on, and needs no question"
                   : "the model is not asked to go on with its answer";
    }
    return {};
  }

  std::string check(const Message&, const TextPart& part) {
    if (part.text.empty() || take_text(part.text, author_)) return {};
    return "the text is not sent: " + part.text + " but " + contents_.rest();
  }

  std::string check(const Message&, const ReasoningPart&) { return {}; }  // check_reasoning

  // A message may have some reasoning that is sent and some that is left out, with equal texts.
  std::string check_reasoning(const Message& message) {
    std::vector<std::string> texts;
    for (const Part& part : message.parts) {
      const auto* reasoning = std::get_if<ReasoningPart>(&part);
      if (reasoning && !reasoning->text.empty()) texts.push_back(reasoning->text);
    }
    const std::string kind = "reasoning_left_out";
    const std::string& id = message.id.get();
    const std::uint64_t named = excuses_.named(kind, id);
    for (std::uint64_t out = named; out <= texts.size() && out <= named + excuses_.unnamed(kind);
         ++out) {
      if (message.role != Role::assistant && out != texts.size()) continue;
      if (!take_reasoning(texts, out)) continue;
      for (std::uint64_t each = 0; each < out; ++each) excuses_.take(kind, id);
      return {};
    }
    return texts.empty() ? "a repair names reasoning that is not there"
                         : "the reasoning is not sent: " + texts.front();
  }

  // Do all but `out` of the texts come next, in order?
  bool take_reasoning(std::span<const std::string> texts, std::uint64_t out) {
    if (texts.empty()) return out == 0;
    const Contents before = reasoning_;
    if (reasoning_.take(texts.front(), "") && take_reasoning(texts.subspan(1), out)) return true;
    reasoning_ = before;
    return out > 0 && take_reasoning(texts.subspan(1), out - 1);
  }

  std::string check(const Message& message, const ToolCallPart& part) {
    if (message.role != Role::assistant) {
      return excuses_.take("call_left_out", part.id) ? "" : "the call is left out: " + part.id;
    }
    if (next_call_ == read_.calls.size()) return "the call is not sent: " + part.id;
    const Answered& sent = read_.calls[next_call_];
    if (goes_on_in_turn() && sent.at != items_.back().at)
      return "a call is not in its answer's turn";
    items_.push_back({Item::Kind::call, at_, part_, sent.at, next_call_++});
    if (sent.id != part.id || sent.name != part.name) return "another call is sent: " + sent.id;
    if (sent.arguments == part.arguments) return {};
    if (part.arguments.empty() && sent.arguments == "{}") return {};
    const boost::json::value wrapped = boost::json::parse(sent.arguments);
    if (text_of(wrapped.as_object(), "invalid_json") == part.arguments &&
        excuses_.take("arguments_wrapped", part.id)) {
      return {};
    }
    return "the arguments of " + part.id + " are other ones: " + sent.arguments;
  }

  std::string check(const Message&, const ToolResultPart&) { return {}; }  // check_results

  std::string check(const Message& message, const FilePart& part) {
    if (take_text("image " + part.uri, "")) return {};
    if (take_text("image " + part.uri, author_)) return {};
    if (!excuses_.take("file_as_text", message.id.get())) return "the file is not sent";
    std::string line = "[file";
    if (part.name) line += " " + *part.name;
    if (part.media_type) line += " (" + *part.media_type + ")";
    if (!part.uri.starts_with("data:")) line += ": " + part.uri;
    return take_text(line + "]", author_) ? "" : "the file is not named";
  }

  std::string check(const Message& message, const DataPart& part) {
    if (!excuses_.take("data_as_text", message.id.get())) return "the data has no repair";
    if (part_ == 0 && is_summary(message)) {
      return take_text(summary, author_) ? "" : "the summary is not named";
    }
    return take_text(part.name + ": " + part.value.text, author_) ? "" : "the data is not sent";
  }

  // --- Results -----------------------------------------------------------------------------------

  // A call on the path, with the results that it got.
  struct Shown {
    const Message* message;
    std::string id;
    std::size_t sent = 0;  // its place among the request's calls; of a dropped one: no place
    std::optional<std::string> real{};
    std::optional<std::string> made{};
    const Message* real_in = nullptr;
    std::size_t part = 0;
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

  // A call of the message, before the present part: one without a real result first.
  Shown* call_without_made(const std::string& id, const Message& message) {
    Shown* found = nullptr;
    for (Shown& call : shown_) {
      if (call.message != &message || call.id != id || call.made || call.part > part_) continue;
      if (!found || (found->real && !call.real)) found = &call;
    }
    return found;
  }

  std::string take_result(const Message& message, const ToolResultPart& part) {
    const bool made = made_by_engine(message, part);
    Shown* call = made ? call_without_made(part.call, message)
                       : open_call(part.call, nullptr, [](const Shown& it) { return !it.real; });
    if (!call) {
      if (dropped_.contains(&message)) return {};
      return excuses_.take("result_left_out", part.call) ? "" : "a stray result: " + part.call;
    }
    (made ? call->made : call->real) = part.content;
    if (!made) call->real_in = &message;
    if (dropped_.contains(call->message)) return {};
    const std::size_t place = call->sent;
    items_.push_back({Item::Kind::result, at_, part_, read_.calls[place].result_at, place});
    return {};
  }

  std::string check_results() {
    if (std::string wrong = take_results(false); !wrong.empty()) return wrong;
    if (std::string wrong = take_results(true); !wrong.empty()) return wrong;
    return compare_results();
  }

  // The real results first: a made one belongs to a call that has none.
  std::string take_results(bool made) {
    std::size_t sent_calls = 0;
    for (at_ = 0; at_ < context_.path.size(); ++at_) {
      const Message& message = context_.path[at_];
      for (part_ = 0; part_ < message.parts.size(); ++part_) {
        std::string wrong;
        if (const auto* call = std::get_if<ToolCallPart>(&message.parts[part_])) {
          if (made || message.role != Role::assistant) continue;
          const std::size_t sent = dropped_.contains(&message) ? 0 : sent_calls++;
          shown_.push_back({&message, call->id, sent, {}, {}, nullptr, part_});
        } else if (const auto* result = std::get_if<ToolResultPart>(&message.parts[part_])) {
          if (made_by_engine(message, *result) == made) wrong = take_result(message, *result);
        }
        if (!wrong.empty()) return wrong;
      }
    }
    return {};
  }

  std::string compare_results() {
    for (const Shown& call : shown_) {
      if (dropped_.contains(call.message)) {
        const bool late = call.real_in && !dropped_.contains(call.real_in);
        if (!late || excuses_.take("result_left_out", call.id)) continue;
        return "the result of " + call.id + " is left out with its call, and has no repair";
      }
      const std::string& sent = read_.calls[call.sent].result;
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

  // --- The order ---------------------------------------------------------------------------------

  // A text or a call stays before or behind each result of its message, and behind the results of
  // the messages before it.
  std::string check_order() {
    std::vector<const Item*> calls(read_.calls.size());
    for (const Item& item : items_) {
      if (item.kind == Item::Kind::call) calls[item.call] = &item;
    }
    for (const Item& result : items_) {
      if (result.kind != Item::Kind::result) continue;
      for (const Item& item : items_) {
        if (item.kind == Item::Kind::result) continue;
        const Item& call = *calls[result.call];
        const bool behind = item.message > call.message ||
                            (result.message == call.message && item.message == call.message &&
                             item.part > result.part);
        const bool before = item.message < call.message ||
                            (item.message == call.message && item.part < call.part) ||
                            (result.message == call.message && item.message == call.message &&
                             item.part < result.part);
        if (behind && item.at < result.at) return moved(item, "before");
        if (before && item.at > result.at && !between_results(item, result, calls)) {
          return moved(item, "behind");
        }
      }
    }
    return {};
  }

  // The results of a turn's calls stand together, so what is between two of them goes behind both.
  [[nodiscard]] bool between_results(const Item& item, const Item& result,
                                     const std::vector<const Item*>& calls) const {
    return std::ranges::any_of(items_, [&](const Item& other) {
      return other.kind == Item::Kind::result && other.message == item.message &&
             other.part < item.part && calls[other.call]->at == calls[result.call]->at;
    });
  }

  [[nodiscard]] std::string moved(const Item& item, const std::string& where) const {
    return "message " + context_.path[item.message].id.get() + ": part " +
           std::to_string(item.part) + " is sent " + where + " a result, unlike on the path";
  }

  const Context& context_;
  const RequestSettings& settings_;
  const std::optional<RunError>& refusal_;
  Excuses excuses_;
  Read read_;
  Contents contents_;
  Contents reasoning_;
  std::string author_;
  std::size_t next_call_ = 0;
  std::vector<Shown> shown_;
  std::set<const Message*> dropped_;
  // Of the walk over the path:
  std::size_t at_ = 0;
  std::size_t part_ = 0;
  std::size_t answer_ = 0;  // where the answer begins that this message is of
  std::vector<Item> items_;
};

}  // namespace

std::string check_request(const Context& context, const RequestSettings& settings,
                          const Sent& sent) {
  return Comparison(context, settings, sent).run();
}

}  // namespace lockstep::test
